import { toIso } from "../../core/clock.ts";
import { AccessDenied, AstrocyteError } from "../../core/errors.ts";
import type { BankInfo, Hold } from "../../memory/types.ts";
import type { GatewayParts } from "../parts.ts";
import { contextOf, type Route, route } from "../route.ts";
import * as schema from "../schemas/admin.ts";
import { bankParams } from "../schemas/common.ts";

const tag = "admin";
const access = "principal";
const BANK = "/v1/admin/banks/{bank_id}";

/** Banks and who may do what with them. What a caller may see or change is for the engine's grants to say. */
export function adminRoutes({ memory }: GatewayParts): Route[] {
  const banks = route({
    ...{ method: "GET", tag, access, path: "/v1/admin/banks", operation: "listBanks" },
    summary: "The banks on which the caller has any permission.",
    answer: schema.banksAnswer,
    handler: async ({ caller }) => ({
      banks: (await memory.banks({ context: contextOf(caller) })).map(bankJson),
    }),
  });

  const health = route({
    ...{
      method: "GET",
      tag,
      access,
      path: `${BANK}/health`,
      operation: "bankHealth",
      summary: "State of a bank.",
    },
    params: bankParams,
    answer: schema.healthAnswer,
    async handler({ params: { bank_id: bankId }, caller }) {
      const context = contextOf(caller);
      const bank = (await memory.banks({ context })).find((each) => each.bankId === bankId);
      if (!bank) throw new AccessDenied("[access] No grant allows this principal to see the bank.");
      const held = await memory.holds({ bankId, context }).then(
        (holds) => holds.length > 0,
        (error) => {
          if (AstrocyteError.is(error, "access_denied")) return null;
          throw error;
        },
      );
      return { ...bankJson(bank), status: "healthy", held };
    },
  });

  const drop = route({
    ...{ method: "DELETE", tag, access, path: BANK, operation: "dropBank" },
    summary: "Remove a bank with everything in it.",
    params: bankParams,
    answer: schema.droppedAnswer,
    async handler({ params: { bank_id }, caller }) {
      await memory.dropBank(bank_id, { context: contextOf(caller) });
      return { dropped: true, bank_id };
    },
  });

  const grants = route({
    ...{
      method: "GET",
      tag,
      access,
      path: `${BANK}/grants`,
      operation: "listGrants",
      summary: "Who may do what.",
    },
    params: bankParams,
    answer: schema.grantsAnswer,
    async handler({ params: { bank_id }, caller }) {
      return { bank_id, grants: await memory.grants({ bankId: bank_id, context: contextOf(caller) }) };
    },
  });

  const grant = route({
    ...{ method: "POST", tag, access, path: `${BANK}/grants`, operation: "grant" },
    summary: "Replace what a principal may do.",
    params: bankParams,
    body: schema.grantBody,
    answer: schema.grantsAnswer,
    async handler({ params: { bank_id }, body: { principal, permissions }, caller }) {
      const call = { bankId: bank_id, context: contextOf(caller) };
      await memory.grant({ ...call, principal, permissions });
      return { bank_id, grants: await memory.grants(call) };
    },
  });

  const revoke = route({
    ...{ method: "DELETE", tag, access, path: `${BANK}/grants/{principal}`, operation: "revokeGrant" },
    summary: "Take a principal's grant away.",
    params: schema.grantParams,
    answer: schema.grantsAnswer,
    async handler({ params: { bank_id, principal }, caller }) {
      const call = { bankId: bank_id, context: contextOf(caller) };
      await memory.revoke({ ...call, principal });
      return { bank_id, grants: await memory.grants(call) };
    },
  });

  const hold = route({
    ...{ method: "POST", tag, access, path: `${BANK}/hold`, operation: "setHold" },
    summary: "Set a legal hold: nothing in the bank can be forgotten.",
    params: bankParams,
    body: schema.holdBody,
    status: 201,
    answer: schema.holdAnswer,
    async handler({ params: { bank_id }, body: { hold_id, reason }, caller }) {
      const call = { bankId: bank_id, reason, context: contextOf(caller) };
      return holdJson(await memory.hold({ ...call, ...(hold_id !== undefined && { holdId: hold_id }) }));
    },
  });

  const holds = route({
    ...{
      method: "GET",
      tag,
      access,
      path: `${BANK}/hold`,
      operation: "listHolds",
      summary: "Holds of a bank.",
    },
    params: bankParams,
    answer: schema.holdsAnswer,
    async handler({ params: { bank_id }, caller }) {
      const found = await memory.holds({ bankId: bank_id, context: contextOf(caller) });
      return { bank_id, under_hold: found.length > 0, holds: found.map(holdJson) };
    },
  });

  const release = route({
    ...{ method: "DELETE", tag, access, path: `${BANK}/hold/{hold_id}`, operation: "releaseHold" },
    summary: "Release a hold.",
    params: schema.holdParams,
    answer: schema.releasedAnswer,
    async handler({ params: { bank_id, hold_id }, caller }) {
      const call = { bankId: bank_id, holdId: hold_id, context: contextOf(caller) };
      return { released: await memory.release(call), hold_id };
    },
  });

  const audit = route({
    ...{ method: "GET", tag, access, path: `${BANK}/audit`, operation: "readAudit" },
    summary: "Who did what in a bank, oldest first; no content.",
    params: bankParams,
    query: schema.auditQuery,
    answer: schema.auditAnswer,
    async handler({ params: { bank_id }, query, caller }) {
      const rows = await memory.audit({ bankId: bank_id, ...query, context: contextOf(caller) });
      return {
        entries: rows.map(({ seq, at, principal, operation, bankId, outcome, facts, hash }) => ({
          ...{ seq, at: toIso(at), principal, operation, bank_id: bankId, outcome, facts, hash },
        })),
      };
    },
  });

  const lifecycle = route({
    ...{ method: "POST", tag, access: "operator", path: "/v1/admin/lifecycle", operation: "runLifecycle" },
    summary: "Remove what has expired or was deleted long enough ago, in all banks.",
    answer: schema.lifecycleAnswer,
    handler: () => memory.maintain(),
  });

  return [banks, health, drop, grants, grant, revoke, hold, holds, release, audit, lifecycle];
}

function bankJson({ bankId, owner, memories, createdAt, embeddingModel }: BankInfo) {
  return {
    bank_id: bankId,
    owner,
    memories,
    created_at: toIso(createdAt),
    embedding_model: embeddingModel,
  };
}

function holdJson({ holdId, bankId, reason, setBy, setAt }: Hold) {
  return { hold_id: holdId, bank_id: bankId, reason, set_by: setBy, set_at: toIso(setAt) };
}
