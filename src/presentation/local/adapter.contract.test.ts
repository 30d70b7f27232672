import { test } from "node:test";
import { type AdapterHarness, adapterContract } from "../../testing/adapter-contract.ts";
import { makeRooms } from "./room.fixture.ts";

const PERSONA = { id: "coach", prompt: "Help.", language: "en", tools: [], vendor: {} };

async function localHarness(): Promise<AdapterHarness> {
  const { adapter, destroy, clock } = await makeRooms();
  let sessions = 0;
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
    briefing: { text: "Anna runs on Tuesdays." },
    secrets: [],
    forPage: ({ socketUrl }) => [socketUrl],
    binding(onResource) {
      const id = `ses_${++sessions}`;
      return {
        sessionId: id,
        marker: `astrocyte:${id}`,
        brain: {
          baseUrl: "http://127.0.0.1:9",
          apiKey: `brain-${id}`,
          contextToken: `context-${id}`,
          model: "m",
        },
        callbackUrl: `http://127.0.0.1:9/webhooks/secret-${id}`,
        tools: { url: "http://127.0.0.1:9/tools", secret: `tool-${id}` },
        socketUrl: `ws://127.0.0.1:9/sockets/socket-${id}`,
        limits: { maxDurationMs: 600_000, absentTimeoutMs: 60_000, leftTimeoutMs: 20_000 },
        onResource,
      };
    },
    vendor: {
      running: () => adapter.sessions().length,
      billed: () => opened,
      left: () => 0,
      endSession: () => clock.advance(60_000),
    },
    destroy,
  };
}

for (const { name, run } of adapterContract(localHarness)) test(`local: ${name}`, run);
