import { bankCases } from "./memory-store/banks.ts";
import type { Opened } from "./memory-store/fixtures.ts";
import { auditCases, governanceCases } from "./memory-store/governance.ts";
import { rowCases } from "./memory-store/rows.ts";
import { searchCases } from "./memory-store/search.ts";
import { writeCases } from "./memory-store/writes.ts";

/**
 * What every `MemoryStore` must do. For any runner: each case opens a store of its own through `make`, which
 * must be empty, and destroys it. A case that fails throws an assertion.
 */
export function memoryStoreContract(
  make: () => Promise<Opened>,
): Array<{ name: string; run(): Promise<void> }> {
  const cases = [...bankCases, ...writeCases, ...rowCases, ...searchCases, ...governanceCases, ...auditCases];
  return cases.map(({ name, run }) => ({
    name,
    async run() {
      const opened = await make();
      try {
        await run(opened);
      } finally {
        await opened.destroy();
      }
    },
  }));
}
