import { AstrocyteError } from "../../core/errors.ts";
import type { MemoryReads, SearchFilter } from "../../memory/store.ts";

export type Task = { bankId: string; text: string; filter: SearchFilter; fail?: boolean };

/** What the contract's case runs beside the data. */
export default async function run({ banks, memories, search }: MemoryReads, task: Task) {
  if (task.fail) throw new AstrocyteError("not_found", "[task] nothing here.");
  const [bank, { ids }] = await Promise.all([
    banks.get(task.bankId),
    search.lexical(task.bankId, task.text, task.filter, 10),
  ]);
  return { owner: bank?.owner, rows: await memories.get(task.bankId, ids) };
}
