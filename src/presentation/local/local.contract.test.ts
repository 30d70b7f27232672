import { test } from "node:test";
import { type AdapterHarness, adapterContract } from "../../testing/adapter-contract.ts";
import type { Binding, VendorPersona } from "../adapter.ts";
import { makeRooms, ROOM_SECRET } from "./room.fixture.ts";

const PERSONA: VendorPersona = { id: "guide", prompt: "You help.", language: "en", tools: [], vendor: {} };

let sessions = 0;

async function localHarness(): Promise<AdapterHarness> {
  const { adapter, clock, bind, destroy } = await makeRooms();
  let opened = 0;
  const counted = {
    ...adapter,
    open: (...given: Parameters<typeof adapter.open>) => {
      opened++;
      return adapter.open(...given);
    },
  };
  return {
    adapter: counted,
    persona: PERSONA,
    unfit: [{ ...PERSONA, vendor: { face_id: "none" } }],
    briefing: { text: "You help. Anna runs on Tuesdays.", greeting: "Hello Anna." },
    secrets: [ROOM_SECRET],
    binding: (onResource: Binding["onResource"]) => ({ ...bind(`ses_${++sessions}`), onResource }),
    vendor: {
      running: () => adapter.sessions().length,
      billed: () => opened,
      left: () => 0,
      // Nobody comes, so the room ends of itself.
      endSession: () => clock.advance(60_000),
    },
    destroy,
  };
}

for (const { name, run } of adapterContract(localHarness)) test(`local: ${name}`, run);
