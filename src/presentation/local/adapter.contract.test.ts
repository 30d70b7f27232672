import { test } from "node:test";
import { BRIEFING, bindingFor, personaFor } from "../../testing/adapter/samples.ts";
import { type AdapterHarness, adapterContract } from "../../testing/adapter-contract.ts";
import { makeRooms } from "./room.fixture.ts";

const PERSONA = personaFor({ tools: [] });

async function localHarness(): Promise<AdapterHarness> {
  const { adapter, destroy, clock } = await makeRooms();
  let opened = 0;
  return {
    adapter: {
      ...adapter,
      async open(...args) {
        const session = await adapter.open(...args);
        opened++;
        return session;
      },
    },
    persona: PERSONA,
    unfit: [{ ...PERSONA, vendor: { voice: "anna" } }],
    briefing: BRIEFING,
    secrets: [],
    forPage: ({ socketUrl }) => [socketUrl],
    binding: (onResource) => bindingFor("local", { onResource }),
    vendor: {
      running: () => adapter.sessions().length,
      billed: () => opened,
      left: () => 0,
      endSession: () => clock.advance(120_000),
    },
    destroy,
  };
}

for (const { name, run } of adapterContract(localHarness)) test(`local: ${name}`, run);
