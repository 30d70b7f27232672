import type { Operation } from "../memory/policy/policy.ts";
import type { AstrocyteContext, Grant, Permission, Principal } from "../memory/types.ts";

/** One question to access control and its only right answer. */
export type AccessCase = {
  /** The case in words, for a failing test. */
  name: string;
  defaultPolicy: "owner_only" | "open" | "deny";
  /** Absent: the bank does not exist. */
  owner?: Principal;
  configGrants: Grant[];
  storeGrants: Grant[];
  context: AstrocyteContext;
  operation: Operation;
  permission: Permission;
  expected: "allowed" | "denied";
};

const POLICIES = ["owner_only", "open", "deny"] as const;
const OWNERS = [undefined, "user:anna", "agent:bot", "team:sales"];
const PRINCIPALS = ["user:anna", "user:bob", "agent:bot", "service:crm", "*", "user:", "anna"];
const TEAMS = [[], ["team:sales"], ["user:anna"]];
const ON_BEHALF = [undefined, "user:anna", "user:bob", "user:*"];
const CALLS: ReadonlyArray<[Operation, Permission]> = [
  ["retain", "write"],
  ["recall", "read"],
  ["reflect", "read"],
  ["history", "read"],
  ["forget", "forget"],
  ["forget", "admin"],
  ["export", "admin"],
  ["import", "admin"],
  ["holds", "admin"],
];
const GRANTS: ReadonlyArray<{ configGrants: Grant[]; storeGrants: Grant[] }> = [
  { configGrants: [], storeGrants: [] },
  { configGrants: [{ principal: "*", permissions: ["read"] }], storeGrants: [] },
  { configGrants: [{ principal: "agent:bot", permissions: ["read", "write"] }], storeGrants: [] },
  { configGrants: [], storeGrants: [{ principal: "user:bob", permissions: ["write"] }] },
  { configGrants: [], storeGrants: [{ principal: "team:sales", permissions: ["read", "forget"] }] },
  {
    configGrants: [{ principal: "agent:bot", permissions: ["read", "forget"] }],
    storeGrants: [
      { principal: "user:bob", permissions: ["read"] },
      { principal: "agent:bot", permissions: ["admin"] },
    ],
  },
  { configGrants: [{ principal: "*", permissions: ["read", "write", "forget", "admin"] }], storeGrants: [] },
];

/**
 * Every principal, with and without teams, for itself and for somebody else, on banks of every kind of owner,
 * under every default policy and several sets of grants, with every kind of call: some 60,000 cases.
 */
export function* accessMatrix(): Generator<AccessCase> {
  for (const defaultPolicy of POLICIES) {
    for (const owner of OWNERS) {
      for (const grants of GRANTS) yield* contexts({ defaultPolicy, ...(owner ? { owner } : {}), ...grants });
    }
  }
}

type Bank = Pick<AccessCase, "defaultPolicy" | "owner" | "configGrants" | "storeGrants">;

function* contexts(bank: Bank): Generator<AccessCase> {
  for (const principal of PRINCIPALS) {
    for (const teams of TEAMS) {
      for (const other of ON_BEHALF) {
        const context: AstrocyteContext = { principal, teams };
        if (other) context.onBehalfOf = { type: "user", id: other.slice("user:".length) };
        for (const [operation, permission] of CALLS) {
          const question = { ...bank, context, operation, permission };
          yield { ...question, name: describe(question), expected: mayCall(question) ? "allowed" : "denied" };
        }
      }
    }
  }
}

type Question = Omit<AccessCase, "name" | "expected">;

/** The rules once more, as plainly as they can be said; shares no code with the policy that it judges. */
function mayCall(question: Question): boolean {
  const { context, defaultPolicy } = question;
  const other = context.onBehalfOf ? `user:${context.onBehalfOf.id}` : undefined;
  const known = ["user:anna", "user:bob", "agent:bot", "service:crm"];
  if (!known.includes(context.principal)) return false;
  if (other !== undefined && !known.includes(other)) return false;
  if (context.teams?.includes("user:anna")) return false;
  if (defaultPolicy === "open") return true;
  const teams = context.teams ?? [];
  if (other === undefined || other === context.principal) {
    return partyMay(question, context.principal, teams, context.principal);
  }
  return partyMay(question, context.principal, teams, other) && partyMay(question, other, [], other);
}

function partyMay(question: Question, party: Principal, teams: Principal[], newOwner: Principal): boolean {
  const { owner, operation, permission } = question;
  if (owner !== undefined && (owner === party || teams.includes(owner))) return true;
  for (const grant of [...question.configGrants, ...question.storeGrants]) {
    const isMeant = grant.principal === "*" || grant.principal === party || teams.includes(grant.principal);
    if (isMeant && grant.permissions.includes(permission)) return true;
  }
  if (owner !== undefined || question.defaultPolicy !== "owner_only" || party !== newOwner) return false;
  return permission === "write" || operation === "import";
}

function describe({ context, defaultPolicy, owner, operation, permission, ...grants }: Question): string {
  const bank = owner ? `a bank of ${owner}` : "an absent bank";
  const teams = context.teams?.length ? ` in ${context.teams.join(", ")}` : "";
  const other = context.onBehalfOf ? ` for user:${context.onBehalfOf.id}` : "";
  const call = `${operation} (${permission}) on ${bank}`;
  return `${context.principal}${teams}${other}: ${call} under ${defaultPolicy} with ${JSON.stringify(grants)}`;
}
