import type { Astrocyte } from "../../memory/brain.ts";
import type { AstrocyteContext } from "../../memory/types.ts";
import type { Check } from "../commands/doctor.ts";
import { count } from "../output/ui.ts";

type Found = Omit<Check, "name">;

export async function bankHealth(memory: Astrocyte, context: { context?: AstrocyteContext }): Promise<Found> {
  const banks = await memory.banks(context);
  const memories = banks.reduce((sum, bank) => sum + bank.memories, 0);
  const models = [...new Set(banks.map(({ embeddingModel }) => embeddingModel))];
  const found = `${count(banks.length, "bank")} that you may use, ${count(memories, "memory", "memories")}.`;
  if (models.length < 2) return { state: "ok", found };
  const fix = "Run `astrocyte reindex` on the banks of the former model: `astrocyte banks` shows which.";
  return { state: "warning", found: `${found} Their vectors are of ${models.join(" and ")}.`, fix };
}

export async function auditChain(memory: Astrocyte): Promise<Found> {
  const { ok, entries, brokenAt } = await memory.verifyAudit();
  if (ok) return { state: "ok", found: `${count(entries, "entry", "entries")}, unbroken.` };
  const fix = "Compare with a backup, and find out who can write to the file.";
  const found = `Broken at entry ${brokenAt}: it was changed, or what stood before it was removed.`;
  return { state: "failed", found, fix };
}
