import type { Clock } from "../../core/clock.ts";
import { AccessDenied, AstrocyteError } from "../../core/errors.ts";
import type { AuditLog, BankStore, GovernanceStore } from "../store.ts";
import type { AstrocyteContext, Grant, Permission, Principal } from "../types.ts";
import { auditEntry } from "./audit.ts";
import type { Operation, Policy } from "./policy.ts";
import { type Identity, identities, NOBODY, prospectiveOwner } from "./principals.ts";
import { assertBankId } from "./validation.ts";

export type DefaultPolicy = "owner_only" | "open" | "deny";

/** What is known of a bank when a decision is made; without `owner` it does not exist. */
export type BankFacts = { owner?: Principal; grants: readonly Grant[] };

const ALL: readonly Permission[] = ["read", "write", "forget", "admin"];

/**
 * The permissions of a context on a bank: for each party the union of the grants that name it, its teams or
 * everyone, with all of them for the owner; over the parties the intersection.
 */
export function effectivePermissions(
  context: AstrocyteContext,
  bank: BankFacts,
  defaultPolicy: DefaultPolicy,
  operation?: Operation,
): Set<Permission> {
  const parties = identities(context);
  if (!parties) return new Set();
  if (defaultPolicy === "open") return new Set(ALL);
  const creator =
    bank.owner === undefined && defaultPolicy === "owner_only" ? prospectiveOwner(context) : undefined;
  const unions = parties.map((party) => union(party, bank, party.principal === creator, operation));
  return unions.reduce((all, next) => all.intersection(next));
}

function union(party: Identity, bank: BankFacts, creates: boolean, operation?: Operation): Set<Permission> {
  const names = [party.principal, ...party.teams];
  if (bank.owner !== undefined && names.includes(bank.owner)) return new Set(ALL);
  const granted = bank.grants.filter(({ principal }) => principal === "*" || names.includes(principal));
  const all = new Set(granted.flatMap(({ permissions }) => permissions));
  if (creates) all.add("write");
  // An import into a bank that is not there makes the importer its owner, as a first retain would.
  if (creates && operation === "import") all.add("admin");
  return all;
}

export type AccessSettings = {
  enabled: boolean;
  defaultPolicy: DefaultPolicy;
  configGrants: (bankId: string) => readonly Grant[];
};

export type AccessStore = {
  banks: Pick<BankStore, "get">;
  governance: Pick<GovernanceStore, "grants">;
  audit: Pick<AuditLog, "append">;
};

export type Access = Pick<Policy, "authorize" | "permissions" | "ownerFor">;

/** Reads owner and grants from the store on every call, so that a revoked grant is gone at once, everywhere. */
export function createAccess(settings: AccessSettings, store: AccessStore, clock: Clock): Access {
  async function permissions(context: AstrocyteContext, bankId: string, operation?: Operation) {
    if (!settings.enabled) return new Set(ALL);
    // Both are read whether the bank exists or not: neither the answer nor its time tells.
    const [bank, stored] = await Promise.all([store.banks.get(bankId), store.governance.grants(bankId)]);
    const grants = [...settings.configGrants(bankId), ...stored];
    const facts = bank ? { owner: bank.owner, grants } : { grants };
    return effectivePermissions(context, facts, settings.defaultPolicy, operation);
  }

  return {
    permissions,

    async authorize(context, operation, permission, bankIds) {
      if (bankIds.length === 0) {
        throw new AstrocyteError("invalid_input", "[access] The call names no bank. Name at least one.");
      }
      bankIds.forEach(assertBankId);
      const distinct = [...new Set(bankIds)];
      const allowed = await Promise.all(distinct.map((bankId) => permissions(context, bankId, operation)));
      const denied = distinct.filter((_, i) => !allowed[i]!.has(permission));
      if (denied.length === 0) return;
      const entries = denied.map((bankId) =>
        auditEntry({ at: clock.now(), context, operation, bankId, outcome: "denied", facts: { permission } }),
      );
      await store.audit.append(entries);
      throw new AccessDenied(
        `[access] No grant allows this principal to ${permission} the bank. Ask its owner for one.`,
        { details: { operation, permission, bankIds: denied } },
      );
    },

    ownerFor: (context) =>
      settings.defaultPolicy === "deny" && settings.enabled ? NOBODY : prospectiveOwner(context),
  };
}
