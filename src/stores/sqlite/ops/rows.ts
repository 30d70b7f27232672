import type { MemoryRow } from "../../../memory/store.ts";

/** Between a memory and its record in the table; JSON columns are parsed here and nowhere else. */
type Plain = string | number | null;

/** Port field to column, in the table's order. */
const FIELDS = {
  id: "id",
  text: "text",
  contentType: "content_type",
  factType: "fact_type",
  metadata: "metadata",
  tags: "tags",
  source: "source",
  sessionId: "session_id",
  position: "position",
  speaker: "speaker",
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
} as const satisfies Record<Exclude<keyof MemoryRow, "bankId">, string>;

type Field = keyof typeof FIELDS;
const NAMES = Object.keys(FIELDS) as Field[];
const JSON_FIELDS: ReadonlySet<Field> = new Set(["metadata", "tags", "flags"]);

export const MEMORY_COLUMNS = NAMES.map((name) => `memories.${FIELDS[name]} AS ${name}`).join(", ");

export const INSERT_MEMORY = `INSERT INTO memories (key, bank, ${Object.values(FIELDS).join(", ")})
  VALUES (?, ?, ${NAMES.map(() => "?").join(", ")})`;

export function toValues(row: MemoryRow): Plain[] {
  return NAMES.map((name) => (JSON_FIELDS.has(name) ? JSON.stringify(row[name]) : (row[name] as Plain)));
}

export function toMemoryRow(record: Record<string, unknown>, bankId: string): MemoryRow {
  const row: Record<string, unknown> = { bankId };
  for (const name of NAMES) {
    row[name] = JSON_FIELDS.has(name) ? JSON.parse(record[name] as string) : record[name];
  }
  return row as MemoryRow;
}
