import { AstrocyteError, toAstrocyteError } from "../core/errors.ts";
import { ensureBank } from "./banks.ts";
import { embeddingText } from "./embedding-text.ts";
import type { Engine } from "./engine.ts";
import { type ExportHeader, headerLine, memoryLine, readHeader, readMemory } from "./export-format.ts";
import type { Policy } from "./policy/policy.ts";
import { createBarrier } from "./retain/barrier.ts";
import { memoryHash } from "./retain/restatement.ts";
import type { MemoryRow } from "./store.ts";
import type { AstrocyteContext } from "./types.ts";
import { repairSlots } from "./updates/repair.ts";

const PAGE = 200;

/** What to export. Needs `admin`. */
export type ExportOptions = {
  bankId: string;
  context?: AstrocyteContext;
  /** Without vectors an import embeds anew. True when absent. */
  vectors?: boolean;
};

/**
 * All memories of a bank as JSON lines: also replaced and softly deleted ones, each with its line end.
 * Grants and holds stay here. */
export async function* exportBank(
  { store, clock, policy }: Engine,
  { bankId, vectors = true }: ExportOptions,
  context: AstrocyteContext,
): AsyncGenerator<string> {
  const bank = await store.banks.get(bankId);
  if (!bank) throw new AstrocyteError("not_found", "[export] there is no such bank. Check its id.");
  yield `${headerLine(bank, clock.now())}\n`;
  let count = 0;
  let after: string | undefined;
  for (;;) {
    const page = await store.memories.scan(bankId, after, PAGE);
    if (page.length === 0) break;
    for (const memory of page) yield `${memoryLine(memory, vectors)}\n`;
    after = page.at(-1)!.row.id;
    count += page.length;
  }
  await store.audit.append([policy.auditEntry(context, "export", bankId, "exported", { count })]);
}

/** Where to import to, and how. Needs `admin`. */
export type ImportOptions = {
  bankId: string;
  context?: AstrocyteContext;
  /** What to do with an id that the bank has already; `skip` when absent. */
  onConflict?: "skip" | "overwrite";
  /**
   * Leaves out the barrier: for a file that this engine wrote, when its PII rules were looser than today's.
   * Importing needs `admin` either way.
   */
  trusted?: boolean;
  onProgress?: (progress: { done: number }) => void;
  signal?: AbortSignal;
};

/** What became of the lines, in memories. */
export type ImportResult = {
  imported: number;
  skipped: number;
  overwritten: number;
  /** Said already by a memory of the bank under another id. */
  merged: number;
  reembedded: number;
  /** Lines that the barrier refused, with the kind of reason. */
  refused: Array<{ line: number; reason: string }>;
};

type Line = { number: number; row: MemoryRow; vector: Float32Array | undefined };

/**
 * Reads an export into a bank, which is made when it does not exist: same ids, times, replacements, flags.
 * Every page is one transaction, and the file can be imported again after a failure. The pieces of `source` need not be whole lines.
 * Errors: `invalid_input` naming the line; `legal_hold` when it would overwrite under a hold.
 */
export async function importBank(
  engine: Engine,
  source: AsyncIterable<string | Uint8Array> | Iterable<string>,
  options: ImportOptions,
  context: AstrocyteContext,
): Promise<ImportResult> {
  const { bankId, signal } = options;
  if (options.onConflict === "overwrite") await engine.policy.assertNoHold(bankId);
  const result: ImportResult = {
    imported: 0,
    skipped: 0,
    overwritten: 0,
    merged: 0,
    reembedded: 0,
    refused: [],
  };
  const slots = new Set<string>();
  let header: ExportHeader | undefined;
  let page: Line[] = [];
  let number = 0;
  const flush = async () => {
    await importPage(engine, page, header!, options, context, result, slots);
    page = [];
    options.onProgress?.({ done: number - 1 });
  };
  for await (const line of linesOf(source)) {
    number++;
    if (signal?.aborted)
      throw new AstrocyteError("cancelled", "[import] it was cancelled. Import the file again.");
    if (!header) {
      header = readHeader(line);
      await ensureBank(engine, bankId, context);
    } else page.push({ number, ...readMemory(line, number, bankId) });
    if (page.length >= PAGE) await flush();
  }
  if (!header) throw new AstrocyteError("invalid_input", "[import] the file is empty. Give an export.");
  await flush();
  await repairSlots(engine, bankId, slots);
  return result;
}

async function importPage(
  engine: Engine,
  page: Line[],
  header: ExportHeader,
  options: ImportOptions,
  context: AstrocyteContext,
  result: ImportResult,
  slots: Set<string>,
): Promise<void> {
  const { bankId } = options;
  const { store, policy, embedder } = engine;
  const wanted = await withoutConflicts(engine, page, options, context, result);
  const lines = options.trusted ? wanted : wanted.filter((line) => passes(engine, line, result));
  if (lines.length === 0) return;
  const sameModel = header.embeddingModel === embedder.embeddingModel;
  const unembedded = lines.filter(({ vector }) => !sameModel || vector === undefined);
  const vectors =
    unembedded.length > 0 ? await embedder.embed(unembedded.map(({ row }) => embeddingText(row))) : [];
  unembedded.forEach((line, i) => {
    line.vector = vectors[i]!;
  });
  const { duplicates } = await store.memories.write({
    bankId,
    memories: lines.map(({ row, vector }) => ({ row, vector: vector! })),
    merges: [],
    supersedes: [],
    audit: [policy.auditEntry(context, "import", bankId, "imported", { count: lines.length })],
  });
  const merged = Object.keys(duplicates).length;
  result.imported += lines.length - merged;
  result.merged += merged;
  result.reembedded += unembedded.length;
  for (const { row } of lines) if (row.slot !== null) slots.add(row.slot);
}

async function withoutConflicts(
  { store, policy }: Engine,
  page: Line[],
  { bankId, onConflict = "skip" }: ImportOptions,
  context: AstrocyteContext,
  result: ImportResult,
): Promise<Line[]> {
  const known = await store.memories.get(
    bankId,
    page.map(({ row }) => row.id),
  );
  if (known.length === 0) return page;
  if (onConflict === "overwrite") {
    const entry = policy.auditEntry(context, "import", bankId, "overwritten", { count: known.length });
    await store.memories.purge(
      bankId,
      known.map(({ id }) => id),
      entry,
    );
    result.overwritten += known.length;
    return page;
  }
  result.skipped += known.length;
  const ids = new Set(known.map(({ id }) => id));
  return page.filter(({ row }) => !ids.has(row.id));
}

/** What is imported is stored like anything else: through the barrier. */
function passes({ policy }: Engine, line: Line, result: ImportResult): boolean {
  const { row } = line;
  const barrier = createBarrier(policy, row.bankId);
  const { chunk, flags } = barrier.chunk({
    text: row.text,
    ...(row.speaker !== null && { speaker: row.speaker }),
  });
  const { metadata } = barrier.metadata(row.metadata);
  if (barrier.reason !== undefined) {
    result.refused.push({ line: line.number, reason: barrier.reason });
    return false;
  }
  validate(policy, line);
  row.metadata = metadata;
  row.speaker = chunk.speaker ?? null;
  row.flags = [...new Set([...row.flags, ...flags])];
  if (chunk.text !== row.text) {
    row.text = chunk.text;
    row.hash = memoryHash(chunk.text, ["import", row.hash]);
    line.vector = undefined;
  }
  return true;
}

function validate(policy: Policy, { row, number }: Line): void {
  const { bankId, tags, metadata } = row;
  try {
    policy.validate({ bankId, bytes: Buffer.byteLength(row.text), tags, metadata });
  } catch (error) {
    const { code, message } = toAstrocyteError(error);
    throw new AstrocyteError(code, `[import] line ${number}: ${message}`, { details: { line: number } });
  }
}

/** A stream may break anywhere, also inside a character. */
async function* linesOf(
  source: AsyncIterable<string | Uint8Array> | Iterable<string>,
): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const piece of source) {
    rest += typeof piece === "string" ? piece : decoder.decode(piece, { stream: true });
    const lines = rest.split("\n");
    rest = lines.pop()!;
    for (const line of lines) if (line.trim() !== "") yield line;
  }
  if (rest.trim() !== "") yield rest;
}
