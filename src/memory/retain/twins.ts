import { sha256 } from "../../core/secrets.ts";
import type { Engine } from "../engine.ts";
import type { MemoryRow } from "../store.ts";
import type { DraftRow } from "./prepare.ts";

/** More changes of mind about one fact than anybody has. */
const MOST_RETURNS = 50;

/**
 * Marks the rows whose very text the bank knows already, so that they are not embedded. A fact that was
 * replaced and now holds again ("I'm vegetarian" for the second time) is news: it gets a hash of its own.
 */
export async function findTwins(engine: Engine, bankId: string, drafts: DraftRow[]): Promise<void> {
  let open = drafts;
  for (let round = 0; open.length > 0 && round < MOST_RETURNS; round++) {
    const known = await knownByHash(engine, bankId, open);
    open = open.filter((draft) => {
      const twin = known.get(draft.row.hash);
      if (!twin) return false;
      if (!holdsAgain(draft.row, twin)) {
        draft.twin = twin.id;
        return false;
      }
      draft.row.hash = sha256(`${draft.row.hash}\n${twin.id}`);
      return true;
    });
  }
}

async function knownByHash(
  { store }: Engine,
  bankId: string,
  drafts: DraftRow[],
): Promise<Map<string, MemoryRow>> {
  const found = await store.memories.byHash(bankId, [...new Set(drafts.map(({ row }) => row.hash))]);
  if (found.length === 0) return new Map();
  const rows = await store.memories.get(
    bankId,
    found.map(({ id }) => id),
  );
  return new Map(rows.map((row) => [row.hash, row]));
}

function holdsAgain(row: MemoryRow, twin: MemoryRow): boolean {
  return twin.supersededBy !== null && row.occurredAt > (twin.supersededAt ?? 0);
}
