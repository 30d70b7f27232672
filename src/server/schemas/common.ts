import { z } from "zod";

/** UTC ISO 8601. */
export const time = z.iso.datetime({ offset: true });
export const bankId = z.string().min(1).max(128);
export const bankParams = z.strictObject({ bank_id: bankId });
export const record = z.record(z.string(), z.unknown());
export const tags = z.array(z.string()).max(64);
export const ok = z.object({ ok: z.literal(true) });
export const principal = z.string().min(3).max(300);
