import { AstrocyteError } from "../../core/errors.ts";
import { newId } from "../../core/ids.ts";
import { sha256 } from "../../core/secrets.ts";
import type { Engine } from "../engine.ts";
import type { MemoryRow } from "../store.ts";
import { toMs } from "../time.ts";
import type { AstrocyteContext, ContentType, RetainContent, RetainOptions, RetainResult } from "../types.ts";
import { recogniseFacts } from "../updates/facts.ts";
import type { Stated } from "../updates/settle.ts";
import { firstPerson, isMachine } from "../updates/subject.ts";
import { type Barrier, createBarrier } from "./barrier.ts";
import { type Chunk, chunkContent } from "./chunking.ts";
import { isParts, readContent } from "./content.ts";
import { memoryHash } from "./restatement.ts";

export type RetainItem = { content: RetainContent; options: RetainOptions; context: AstrocyteContext };

/** One content, through the barrier, as the rows that it will become. */
export type Draft = {
  bankId: string;
  context: AstrocyteContext;
  idempotencyKey?: string;
  rows: DraftRow[];
  result: Pick<RetainResult, "redactions">;
};

export type DraftRow = Stated & {
  vector?: Float32Array;
  /** The memory that says the same already. */
  twin?: string;
};

/** Validates, splits and screens. One refused chunk refuses the whole: the answer is then the result. */
export async function prepare(engine: Engine, item: RetainItem): Promise<Draft | RetainResult> {
  const { content, options, context } = item;
  const { bankId, metadata = {}, tags = [] } = options;
  checkNames(options);
  engine.policy.validate({ bankId, bytes: byteLength(content), tags, metadata });
  const now = engine.clock.now();
  const start = options.occurredAt === undefined ? now : toMs(options.occurredAt, "occurredAt");
  const read = await readContent(engine, content, options.multimodal);
  const { contentType, chunks } = chunkContent(read.content, options, start);
  if (options.occurredAt === undefined && typeof read.content === "string") endAt(chunks, now);
  const barrier = createBarrier(engine.policy, bankId);
  const clean = barrier.metadata(metadata);
  const screened = chunks.map((chunk) => barrier.chunk(chunk));
  if (barrier.reason !== undefined) return refusal(barrier);
  const sessionId = options.sessionId ?? sessionOf(contentType, chunks, options);
  const shared = { contentType, sessionId, now, start, metadata: clean.metadata, metadataFlags: clean.flags };
  const repeats = occurrences(chunks);
  const rows = screened.map(({ chunk, flags }, i) =>
    draftRow(engine, item, { ...shared, flags, occurrence: repeats[i]! }, chunk),
  );
  if (read.vector && rows.length === 1) rows[0]!.vector = read.vector;
  const { idempotencyKey } = options;
  return {
    bankId,
    context,
    rows,
    result: { redactions: barrier.redactions() },
    ...(idempotencyKey !== undefined && { idempotencyKey }),
  };
}

type Shared = {
  contentType: ContentType;
  sessionId: string | null;
  now: number;
  start: number;
  metadata: Record<string, unknown>;
  metadataFlags: string[];
  flags: string[];
  occurrence: number;
};

function draftRow(
  { policy, clock }: Engine,
  { options, context }: RetainItem,
  shared: Shared,
  chunk: Chunk,
): DraftRow {
  const { bankId, factType = "fact" } = options;
  const tags = [...new Set(options.tags ?? [])];
  const occurredAt = chunk.occurredAt ?? shared.start;
  const expiresAt =
    options.expiresAt === undefined
      ? policy.expiry(bankId, { tags, factType, occurredAt, retainedAt: shared.now })
      : toMs(options.expiresAt, "expiresAt");
  const self = shared.contentType === "document" ? undefined : firstPerson(bankId, context, chunk.speaker);
  const flags = [...new Set([...shared.flags, ...shared.metadataFlags])];
  const silent = flags.includes("injection") || (chunk.speaker !== undefined && isMachine(chunk.speaker));
  const facts = silent ? [] : recogniseFacts(chunk.text, self);
  const row: MemoryRow = {
    id: newId("mem", clock),
    bankId,
    text: chunk.text,
    contentType: shared.contentType,
    factType,
    metadata: chunk.heading === undefined ? shared.metadata : { ...shared.metadata, heading: chunk.heading },
    tags,
    source: options.source ?? null,
    sessionId: shared.sessionId,
    position: 0,
    speaker: chunk.speaker ?? null,
    turnId: chunk.turnId ?? null,
    occurredAt,
    retainedAt: shared.now,
    expiresAt: expiresAt ?? null,
    hash: memoryHash(chunk.text, hashScope(shared, chunk, self ?? "", tags)),
    flags,
    // A memory that says more than one thing is not replaced by news of one of them.
    slot: facts.length === 1 ? facts[0]!.slot : null,
    supersededBy: null,
    supersededAt: null,
    seenCount: 1,
    lastSeenAt: occurredAt,
    deletedAt: null,
    principal: context.principal,
  };
  return { row, facts };
}

/**
 * What keeps equal texts apart. A plain fact is the same fact in every session, when the same person says it
 * under the same tags. A turn belongs to its session and its moment: "ok" twice is two turns, unless the same
 * turn is delivered twice.
 */
function hashScope(
  { contentType, sessionId, occurrence }: Shared,
  chunk: Chunk,
  self: string,
  tags: string[],
): string[] {
  const scope = [chunk.speaker?.toLowerCase() ?? "", JSON.stringify([...tags].sort())];
  if (contentType === "text") return ["text", self, ...scope];
  if (contentType === "document") return ["document", sessionId ?? "", ...scope];
  return ["turn", sessionId ?? "", chunk.moment ?? "", String(occurrence), ...scope];
}

/** A transcript without a date has just ended: its times of day are counted back from now. */
function endAt(chunks: Chunk[], now: number): void {
  const late = chunks.reduce((latest, { occurredAt = now }) => Math.max(latest, occurredAt), now) - now;
  if (late <= 0) return;
  for (const chunk of chunks) if (chunk.occurredAt !== undefined) chunk.occurredAt -= late;
}

/** For each chunk how often the same was said before in this content. */
function occurrences(chunks: Chunk[]): number[] {
  const counts = new Map<string, number>();
  return chunks.map(({ text, speaker, moment }) => {
    const key = JSON.stringify([text, speaker, moment]);
    const count = counts.get(key) ?? 0;
    counts.set(key, count + 1);
    return count;
  });
}

/** Parts of one content are neighbours. Made of the content, so that the same content again is known. */
function sessionOf(contentType: ContentType, chunks: Chunk[], options: RetainOptions): string | null {
  if (chunks.length === 1 && contentType === "text") return null;
  const { source = "", tags = [], occurredAt } = options;
  const when = occurredAt === undefined ? "" : toMs(occurredAt, "occurredAt");
  const parts = chunks.map(({ text, speaker = "" }) => [speaker, text]);
  const prefix = contentType === "document" || contentType === "text" ? "doc" : "ses";
  return `${prefix}_${sha256(JSON.stringify([source, [...tags].sort(), when, parts])).slice(0, 26)}`;
}

function refusal(barrier: Barrier): RetainResult {
  return {
    stored: false,
    deduplicated: false,
    action: "refused",
    reason: barrier.reason!,
    redactions: [],
    chunks: [],
  };
}

function byteLength(content: RetainContent): number {
  if (typeof content === "string") return Buffer.byteLength(content);
  if (!Array.isArray(content)) return 0;
  if (isParts(content)) return Buffer.byteLength(JSON.stringify(content));
  return content.reduce((sum, turn) => sum + Buffer.byteLength(String(turn?.text ?? "")), 0);
}

const LONGEST_NAME = 512;

function checkNames(options: RetainOptions): void {
  for (const field of ["source", "sessionId", "speaker", "idempotencyKey", "factType"] as const) {
    const value: unknown = options[field];
    if (value === undefined) continue;
    if (typeof value === "string" && value.trim() !== "" && value.length <= LONGEST_NAME) continue;
    throw new AstrocyteError(
      "invalid_input",
      `[retain] ${field} must be a text of 1 to ${LONGEST_NAME} characters.`,
    );
  }
}
