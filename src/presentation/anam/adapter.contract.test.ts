import { test } from "node:test";
import { adapterContract } from "../../testing/adapter-contract.ts";
import type { AnamConfigInput } from "./config.ts";
import { anamHarness } from "./harness.fixture.ts";

const WAYS: Record<string, Partial<AnamConfigInput>> = {
  "our model": {},
  "our model by its base": { llm_url: "base", newest_first: false, check_concurrency: false },
  "our model, which runs the tools and adds the briefing": { tools: "brain", briefing: "brain" },
  "its own model": { custom_llm: false },
};

for (const [way, config] of Object.entries(WAYS)) {
  for (const { name, run } of adapterContract(() => anamHarness(config))) test(`anam, ${way}: ${name}`, run);
}
