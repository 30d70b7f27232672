import { z } from "zod";
import { toIso } from "../core/clock.ts";
import { AstrocyteError } from "../core/errors.ts";
import type { BankRow, MemoryRow, NewMemory } from "./store.ts";

/*
 * An export is JSON lines: a header, then one memory a line, in the order in which they were stored.
 * Vectors are base64 of little-endian float32.
 */

export const EXPORT_VERSION = 1;

const time = z.iso.datetime().transform((text) => Date.parse(text));
const text = z.string();

const headerSchema = z.object({
  astrocyte_export: z.literal(EXPORT_VERSION, {
    error: (issue) => `version ${String(issue.input)} is not known to this release`,
  }),
  bank_id: text,
  embedding_model: text,
  exported_at: time,
});

const memorySchema = z.strictObject({
  id: text.regex(/^[\w.:-]{1,128}$/),
  text: text.min(1),
  content_type: z.enum(["text", "conversation", "transcript", "document"]),
  fact_type: text,
  metadata: z.record(z.string(), z.unknown()),
  tags: z.array(text),
  source: text.nullable(),
  session_id: text.nullable(),
  position: z.int(),
  speaker: text.nullable(),
  turn_id: text.nullable(),
  occurred_at: time,
  retained_at: time,
  expires_at: time.nullable(),
  hash: text.regex(/^[0-9a-f]{64}$/),
  flags: z.array(text),
  slot: text.nullable(),
  superseded_by: text.nullable(),
  superseded_at: time.nullable(),
  seen_count: z.int().positive(),
  last_seen_at: time,
  deleted_at: time.nullable(),
  principal: text,
  vector: z.base64().optional(),
});

export type ExportHeader = { bankId: string; embeddingModel: string };

export function headerLine(bank: BankRow, now: number): string {
  return JSON.stringify({
    astrocyte_export: EXPORT_VERSION,
    bank_id: bank.id,
    embedding_model: bank.embeddingModel,
    exported_at: toIso(now),
  });
}

export function memoryLine({ row, vector }: NewMemory, vectors: boolean): string {
  const time = (ms: number | null) => (ms === null ? null : toIso(ms));
  return JSON.stringify({
    id: row.id,
    text: row.text,
    content_type: row.contentType,
    fact_type: row.factType,
    metadata: row.metadata,
    tags: row.tags,
    source: row.source,
    session_id: row.sessionId,
    position: row.position,
    speaker: row.speaker,
    turn_id: row.turnId,
    occurred_at: time(row.occurredAt),
    retained_at: time(row.retainedAt),
    expires_at: time(row.expiresAt),
    hash: row.hash,
    flags: row.flags,
    slot: row.slot,
    superseded_by: row.supersededBy,
    superseded_at: time(row.supersededAt),
    seen_count: row.seenCount,
    last_seen_at: time(row.lastSeenAt),
    deleted_at: time(row.deletedAt),
    principal: row.principal,
    ...(vectors && { vector: encodeVector(vector) }),
  });
}

export function readHeader(line: string): ExportHeader {
  const header = check(headerSchema, line, 1);
  return { bankId: header.bank_id, embeddingModel: header.embedding_model };
}

/** @param number The line's number, which an error names. */
export function readMemory(
  line: string,
  number: number,
  bankId: string,
): { row: MemoryRow; vector: Float32Array | undefined } {
  const memory = check(memorySchema, line, number);
  const row: MemoryRow = {
    id: memory.id,
    bankId,
    text: memory.text,
    contentType: memory.content_type,
    factType: memory.fact_type,
    metadata: memory.metadata,
    tags: memory.tags,
    source: memory.source,
    sessionId: memory.session_id,
    position: memory.position,
    speaker: memory.speaker,
    turnId: memory.turn_id,
    occurredAt: memory.occurred_at,
    retainedAt: memory.retained_at,
    expiresAt: memory.expires_at,
    hash: memory.hash,
    flags: memory.flags,
    slot: memory.slot,
    supersededBy: memory.superseded_by,
    supersededAt: memory.superseded_at,
    seenCount: memory.seen_count,
    lastSeenAt: memory.last_seen_at,
    deletedAt: memory.deleted_at,
    principal: memory.principal,
  };
  return { row, vector: memory.vector === undefined ? undefined : decodeVector(memory.vector, number) };
}

function check<T>(schema: z.ZodType<T>, line: string, number: number): T {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    throw broken(number, "is not JSON");
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0]!;
  const problem = issue.code === "unrecognized_keys" ? `unknown field ${issue.keys[0]}` : issue.message;
  throw broken(number, [issue.path.join("."), problem].filter(Boolean).join(": "));
}

function broken(number: number, problem: string): AstrocyteError {
  return new AstrocyteError(
    "invalid_input",
    `[import] line ${number}: ${problem}. Mend the line or leave it out.`,
    {
      details: { line: number },
    },
  );
}

function encodeVector(vector: Float32Array): string {
  return Buffer.from(vector.buffer, vector.byteOffset, vector.byteLength).toString("base64");
}

function decodeVector(base64: string, number: number): Float32Array {
  const bytes = Buffer.from(base64, "base64");
  if (bytes.length % 4 !== 0) throw broken(number, "vector: is not whole float32 numbers");
  return new Float32Array(new Uint8Array(bytes).buffer);
}
