import { callingCases } from "./adapter/calling.ts";
import type { AdapterHarness } from "./adapter/harness.ts";
import { openingCases } from "./adapter/opening.ts";
import { talkingCases } from "./adapter/talking.ts";

export type { AdapterHarness, SimulatedVendor } from "./adapter/harness.ts";

type Case = { name: string; run(): Promise<void> };

/**
 * What every presentation adapter must do, for any test runner. What it declares is exercised; what it does
 * not declare must be absent, or refused before anything is billed.
 */
export function adapterContract(make: () => Promise<AdapterHarness>): Case[] {
  return Object.entries({ ...openingCases, ...talkingCases, ...callingCases }).map(([name, body]) => ({
    name,
    async run() {
      const harness = await make();
      try {
        await body(harness);
      } finally {
        await harness.destroy();
      }
    },
  }));
}
