import { test } from "node:test";
import { adapterContract } from "../../testing/adapter-contract.ts";
import type { DIdConfigInput } from "./config.ts";
import { dIdHarness } from "./harness.fixture.ts";

const CONFIGURATIONS: Record<string, Partial<DIdConfigInput>> = {
  "an agent a session": {},
  "our model, whose brain runs the tools": { custom_llm: true, tools: "brain", transcript_export: false },
  "a shared agent, rewritten": { strategy: "shared_agent", shared_binding: "patch" },
  "a shared agent as it is": { strategy: "shared_agent" },
  "V1 streams": { mode: "v1" },
  "V1 streams of a shared agent": { mode: "v1", strategy: "shared_agent" },
};

for (const [name, config] of Object.entries(CONFIGURATIONS)) {
  for (const each of adapterContract(() => dIdHarness(config))) test(`d-id, ${name}: ${each.name}`, each.run);
}
