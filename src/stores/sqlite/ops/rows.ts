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

/** Starts of queries for whole memories; `toMemoryRow` reads its records. */
const COLUMNS = NAMES.map((name) => `memories.${FIELDS[name]} AS ${name}`).join(", ");
export const SELECT_MEMORIES = `SELECT ${COLUMNS}, texts.body AS body
  FROM memories JOIN texts ON texts.key = memories.key`;
export const SELECT_MEMORIES_WITH_VECTORS = `SELECT ${COLUMNS}, texts.body AS body, vectors.data AS data
  FROM memories JOIN texts ON texts.key = memories.key LEFT JOIN vectors ON vectors.key = memories.key`;

export const INSERT_MEMORY = `INSERT INTO memories (key, bank, ${Object.values(FIELDS).join(", ")})
  VALUES (?, ?, ${NAMES.map(() => "?").join(", ")})`;

export function toValues(row: MemoryRow): Plain[] {
  return NAMES.map((name) => (JSON_FIELDS.has(name) ? JSON.stringify(row[name]) : (row[name] as Plain)));
}

export function toBody({ text, speaker, metadata }: MemoryRow): Uint8Array {
  return sealBody({ text, speaker, metadata: JSON.stringify(metadata) });
}

export function toMemoryRow(record: Record<string, unknown>, bankId: string): MemoryRow {
  const { text, speaker, metadata } = openBody(record["body"] as Uint8Array);
  const row: Record<string, unknown> = { bankId, text, speaker, metadata: JSON.parse(metadata) };
  for (const name of NAMES) {
    row[name] = JSON_FIELDS.has(name) ? JSON.parse(record[name] as string) : record[name];
  }
  return row as MemoryRow;
}
