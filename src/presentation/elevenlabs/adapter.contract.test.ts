import { test } from "node:test";
import { adapterContract } from "../../testing/adapter-contract.ts";
import { elevenLabsHarness, INBOUND_SECRET } from "./harness.fixture.ts";

const SETTINGS: Record<string, Parameters<typeof elevenLabsHarness>[0]> = {
  "an agent a session": {},
  "an agent of one's own": { strategy: "shared_agent" },
  "an agent of one's own, both ways in, telephone": {
    strategy: "shared_agent",
    connection: "both",
    inbound_secret: INBOUND_SECRET,
  },
  "monitoring, no webhook": { monitoring: true, webhook_secret: undefined },
};

for (const [named, config] of Object.entries(SETTINGS)) {
  for (const { name, run } of adapterContract(() => elevenLabsHarness(config))) {
    test(`elevenlabs, ${named}: ${name}`, run);
  }
}
