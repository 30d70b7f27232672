import { z } from "zod";
import { bankId, principal, record, tags, time } from "./common.ts";

const part = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("text"), text: z.string() }),
  z.strictObject({
    type: z.literal("image_url"),
    url: z.url(),
    detail: z.enum(["auto", "low", "high"]).optional(),
  }),
  z.strictObject({ type: z.literal("image_base64"), mime_type: z.string(), base64_data: z.base64() }),
  z.strictObject({ type: z.literal("audio_url"), url: z.url() }),
  z.strictObject({ type: z.literal("audio_base64"), mime_type: z.string(), base64_data: z.base64() }),
  z.strictObject({ type: z.literal("document_url"), url: z.url() }),
]);

const turn = z.strictObject({
  speaker: z.string(),
  text: z.string(),
  occurred_at: time.optional(),
  id: z.string().optional(),
});

export const retainBody = z.strictObject({
  content: z.union([z.string().min(1), z.array(turn).min(1), z.array(part).min(1)]),
  bank_id: bankId,
  metadata: record.optional(),
  tags: tags.optional(),
  content_type: z.enum(["text", "conversation", "transcript", "document"]).optional(),
  occurred_at: time.optional(),
  expires_at: time.optional(),
  source: z.string().max(128).optional(),
  session_id: z.string().max(128).optional(),
  speaker: z.string().max(128).optional(),
  fact_type: z.string().max(64).optional(),
  idempotency_key: z.string().min(1).max(256).optional(),
  multimodal: z.enum(["caption_then_embed", "multimodal_embed", "text_only"]).optional(),
});

export const retainAnswer = z.object({
  stored: z.boolean(),
  memory_id: z.string().nullable(),
  deduplicated: z.boolean(),
  error: z.string().nullable(),
  retention_action: z.enum(["stored", "merged", "refused"]),
  curated: z.boolean(),
  memory_layer: z.null(),
  redactions: z.array(z.object({ kind: z.string(), count: z.int() })),
  chunks: z.array(
    z.object({
      memory_id: z.string(),
      action: z.enum(["stored", "merged"]),
      supersedes: z.string().nullable(),
      flags: z.array(z.string()),
    }),
  ),
});

const external = z.strictObject({
  text: z.string().min(1),
  memory_id: z.string().optional(),
  score: z.number().min(0).max(1).optional(),
  source: z.string().optional(),
  occurred_at: time.optional(),
  metadata: record.optional(),
  tags: tags.optional(),
});

const reading = {
  query: z.string().min(1).max(8_192),
  bank_id: bankId.optional(),
  banks: z.array(bankId).min(1).max(32).optional(),
  strategy: z.enum(["cascade", "parallel", "first_match"]).optional(),
  max_results: z.int().min(1).max(200).default(10),
  max_tokens: z.int().positive().optional(),
  tags: tags.optional(),
  time_range: z.strictObject({ from: time.optional(), to: time.optional() }).optional(),
  session_id: z.string().optional(),
  as_of: time.optional(),
  external_context: z.array(external).max(100).optional(),
  deadline_ms: z.int().positive().max(60_000).optional(),
  mode: z.enum(["best-effort", "required"]).optional(),
};

const oneBank = ({ bank_id, banks }: { bank_id?: string | undefined; banks?: string[] | undefined }) =>
  (bank_id === undefined) !== (banks === undefined);
const ONE_BANK = "give either bank_id or banks";

export const recallBody = z
  .strictObject({ ...reading, detail_level: z.enum(["titles", "full"]).optional() })
  .refine(oneBank, ONE_BANK);

export const reflectBody = z
  .strictObject({ ...reading, include_sources: z.boolean().default(true) })
  .refine(oneBank, ONE_BANK);

export const historyBody = z.strictObject({
  query: reading.query,
  bank_id: bankId,
  as_of: time,
  max_results: reading.max_results,
  max_tokens: reading.max_tokens,
  tags: reading.tags,
});

export const hit = z.object({
  text: z.string(),
  score: z.number(),
  fact_type: z.string(),
  metadata: record,
  tags: z.array(z.string()),
  occurred_at: time,
  retained_at: time,
  source: z.string().nullable(),
  memory_id: z.string(),
  bank_id: z.string(),
  memory_layer: z.null(),
  chunk_id: z.null(),
  session_id: z.string().nullable(),
  speaker: z.string().nullable(),
  origin: z.enum(["memory", "external"]),
  superseded_by: z.string().nullable(),
  flags: z.array(z.string()),
});

const trace = z.object({
  strategies_used: z.array(z.string()),
  total_candidates: z.int(),
  fusion_method: z.string(),
  latency_ms: z.number(),
  strategy_timings_ms: z.record(z.string(), z.number()),
  strategy_candidate_counts: z.record(z.string(), z.number()),
  late: z.array(z.string()),
  failed: z.record(z.string(), z.string()),
  cut: z.int(),
  cache_hit: z.boolean(),
});

export const recallAnswer = z.object({
  hits: z.array(hit),
  total_available: z.int(),
  truncated: z.boolean(),
  nothing_fits: z.boolean(),
  degraded: z.boolean(),
  trace,
  authority_context: z.null(),
});

export const historyAnswer = recallAnswer.extend({ as_of: time, bank_id: z.string() });
export const debugAnswer = z.object({ trace, result_count: z.int() });

export const reflectAnswer = z.object({
  answer: z.string(),
  confidence: z.number(),
  method: z.enum(["llm", "extractive", "unknown"]),
  citations: z.array(z.string()),
  sources: z.array(hit),
  observations: z.array(z.never()),
  authority_context: z.null(),
});

export const forgetBody = z.strictObject({
  bank_id: bankId,
  memory_ids: z.array(z.string()).min(1).max(1_000).optional(),
  tags: tags.optional(),
  before_date: time.optional(),
  source: z.string().optional(),
  session_id: z.string().optional(),
  scope: z.literal("all").optional(),
  /** `hard` is gone at once; `soft` can be restored. */
  mode: z.enum(["soft", "hard"]).optional(),
  /** As `mode: hard`. */
  compliance: z.boolean().optional(),
  dry_run: z.boolean().optional(),
});

export const forgetAnswer = z.object({
  deleted_count: z.int(),
  memory_ids: z.array(z.string()),
  dry_run: z.boolean(),
  mode: z.enum(["soft", "hard"]),
});

export const idsBody = z.strictObject({ bank_id: bankId, memory_ids: z.array(z.string()).min(1).max(1_000) });
export const restoreAnswer = z.object({ restored_count: z.int() });
export const purgeAnswer = z.object({ purged_count: z.int() });

const fileName = z.string().regex(/^[\w-][\w.-]{0,127}$/, "is a plain file name in server.exchange_dir");
export const exportBody = z.strictObject({
  bank_id: bankId,
  /** A file of `server.exchange_dir`; without it the lines are the answer. */
  path: fileName.optional(),
  vectors: z.boolean().default(true),
});
export const exportAnswer = z.object({ bank_id: z.string(), path: z.string(), exported: z.int() });
export const importBody = z.strictObject({
  bank_id: bankId,
  path: fileName,
  on_conflict: z.enum(["skip", "overwrite"]).default("skip"),
});
export const importAnswer = z.object({
  imported: z.int(),
  skipped: z.int(),
  overwritten: z.int(),
  merged: z.int(),
  reembedded: z.int(),
  refused: z.array(z.object({ line: z.int(), reason: z.string() })),
});

export const dsarBody = z.strictObject({ tenant_id: z.string().nullable().optional(), principal });
export const dsarAnswer = z.object({
  principal: z.string(),
  deleted_count: z.int(),
  sessions: z.int(),
  banks: z.array(z.object({ bank_id: z.string(), deleted_count: z.int(), error: z.string().nullable() })),
});
