import { z } from "zod";
import { bankId, principal, record, time } from "./common.ts";

export const bank = z.object({
  bank_id: z.string(),
  owner: z.string(),
  memories: z.int(),
  created_at: time,
  embedding_model: z.string(),
});
export const banksAnswer = z.object({ banks: z.array(bank) });
export const healthAnswer = bank.extend({ status: z.literal("healthy"), held: z.boolean().nullable() });
export const droppedAnswer = z.object({ dropped: z.literal(true), bank_id: z.string() });

export const grantBody = z.strictObject({
  principal,
  permissions: z.array(z.enum(["read", "write", "forget", "admin"])).min(1),
});
export const grantsAnswer = z.object({
  bank_id: z.string(),
  grants: z.array(z.object({ principal: z.string(), permissions: z.array(z.string()) })),
});
export const grantParams = z.strictObject({ bank_id: bankId, principal });

export const holdBody = z.strictObject({
  hold_id: z.string().min(1).max(128).optional(),
  reason: z.string().min(1).max(1_000),
  /** Taken from older clients and not used: who sets a hold is who calls. */
  set_by: z.string().optional(),
});
export const holdParams = z.strictObject({ bank_id: bankId, hold_id: z.string().min(1).max(128) });
const hold = z.object({
  hold_id: z.string(),
  bank_id: z.string(),
  reason: z.string(),
  set_by: z.string(),
  set_at: time,
});
export const holdAnswer = hold;
export const holdsAnswer = z.object({ bank_id: z.string(), under_hold: z.boolean(), holds: z.array(hold) });
export const releasedAnswer = z.object({ released: z.boolean(), hold_id: z.string() });

export const auditQuery = z.strictObject({
  after: z.coerce.number().int().nonnegative().default(0),
  limit: z.coerce.number().int().min(1).max(1_000).default(100),
});
export const auditAnswer = z.object({
  entries: z.array(
    z.object({
      seq: z.int(),
      at: time,
      principal: z.string(),
      operation: z.string(),
      bank_id: z.string(),
      outcome: z.string(),
      facts: record,
      hash: z.string(),
    }),
  ),
});

export const lifecycleAnswer = z.object({
  banks: z.int(),
  expired: z.int(),
  purged: z.int(),
  held: z.array(z.string()),
});
