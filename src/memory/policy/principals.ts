import type { AstrocyteContext, Party, Principal } from "../types.ts";

/**
 * A party that can act: a type, a colon and an id of 1 to 256 letters, digits and `. _ @ + | : / = -` that
 * does not begin with punctuation. Compared byte for byte.
 */
const ACTING = /^(?:user|agent|service|team):[\p{L}\p{N}+_][\p{L}\p{N}._@+|:/=-]{0,255}$/u;

/** Owner of a bank whose creation gave nobody any rights. Not a valid acting principal, so nobody can be it. */
export const NOBODY: Principal = "service:-";

export function isActingPrincipal(value: string): boolean {
  return ACTING.test(value);
}

export function isTeam(value: string): boolean {
  return value.startsWith("team:") && isActingPrincipal(value);
}

/** What a grant may name: a party, or `*` for every one of them. */
export function isGrantPrincipal(value: string): boolean {
  return value === "*" || isActingPrincipal(value);
}

export function partyPrincipal(party: Party): Principal {
  return `${party.type}:${party.id}`;
}

/** One of the identities whose rights are intersected, with the teams that were proved for it. */
export type Identity = { principal: Principal; teams: readonly Principal[] };

/**
 * Everyone whose rights must allow a call: the principal, the actor when it is somebody else, and the one
 * it acts for. The proven teams are the principal's alone. Undefined when any of them is malformed.
 */
export function identities(context: AstrocyteContext): Identity[] | undefined {
  const teams = context.teams ?? [];
  const others = [context.actor, context.onBehalfOf]
    .filter((party) => party !== undefined)
    .map(partyPrincipal)
    .filter((principal) => principal !== context.principal);
  const all = [
    { principal: context.principal, teams },
    ...[...new Set(others)].map((principal) => ({ principal, teams: [] })),
  ];
  return all.every(({ principal }) => isActingPrincipal(principal)) && teams.every(isTeam) ? all : undefined;
}

/** Who owns a bank that this context creates: the person it acts for, else the principal. */
export function prospectiveOwner(context: AstrocyteContext): Principal {
  return context.onBehalfOf ? partyPrincipal(context.onBehalfOf) : context.principal;
}
