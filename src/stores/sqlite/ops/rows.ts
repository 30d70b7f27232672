import type { MemoryRow } from "../../../memory/store.ts";
import { openBody, sealBody } from "./sealed.ts";

/** Between a memory and its records in the tables: `memories` and, for what may quote someone, `texts`. */
type Plain = string | number | null;

/** Port field to column, in the table's order. */
const FIELDS = {
  id: "id",
  contentType: "content_type",
  factType: "fact_type",
  tags: "tags",
  source: "source",
  sessionId: "session_id",
  position: "position",
  turnId: "turn_id",
  occurredAt: "occurred_at",
  retainedAt: "retained_at",
  expiresAt: "expires_at",
  hash: "hash",
  flags: "flags",
  slot: "slot",
  supersededBy: "superseded_by",
  supersededAt: "superseded_at",
  seenCount: "seen_count",
  lastSeenAt: "last_seen_at",
  deletedAt: "deleted_at",
  principal: "principal",
} as const satisfies Record<Exclude<keyof MemoryRow, "bankId" | "text" | "speaker" | "metadata">, string>;

type Field = keyof typeof FIELDS;
const NAMES = Object.keys(FIELDS) as Field[];
const JSON_FIELDS: ReadonlySet<Field> = new Set(["tags", "flags"]);
const IS_LIST = NAMES.map((name) => JSON_FIELDS.has(name));

/** Columns of a whole memory, for queries of records that `toMemoryRow` reads; further ones may follow. */
export const MEMORY_COLUMNS = `${NAMES.map((name) => `memories.${FIELDS[name]}`).join(", ")}, texts.body`;
export const MEMORY_CELLS = NAMES.length + 1;

export const INSERT_MEMORY = `INSERT INTO memories (key, bank, ${Object.values(FIELDS).join(", ")})
  VALUES (?, ?, ${NAMES.map(() => "?").join(", ")})`;

export function toValues(row: MemoryRow): Plain[] {
  return NAMES.map((name) => (JSON_FIELDS.has(name) ? JSON.stringify(row[name]) : (row[name] as Plain)));
}

export function toBody({ text, speaker, metadata }: MemoryRow): Uint8Array {
  return sealBody({ text, speaker, metadata: JSON.stringify(metadata) });
}

export function toMemoryRow(cells: unknown[], bankId: string): MemoryRow {
  const { text, speaker, metadata } = openBody(cells[NAMES.length] as Uint8Array);
  const row: Record<string, unknown> = {
    bankId,
    text,
    speaker,
    metadata: metadata === "{}" ? {} : JSON.parse(metadata),
  };
  for (let i = 0; i < NAMES.length; i++) row[NAMES[i]!] = IS_LIST[i] ? listOf(cells[i] as string) : cells[i];
  return row as MemoryRow;
}

function listOf(json: string): unknown[] {
  return json === "[]" ? [] : JSON.parse(json);
}
