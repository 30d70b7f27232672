import { test } from "node:test";
import { adapterContract } from "../../testing/adapter-contract.ts";
import type { LiveAvatarConfigInput } from "./config.ts";
import { liveavatarHarness } from "./harness.fixture.ts";

const WAYS: Record<string, Partial<LiveAvatarConfigInput>> = {
  "a context a session": {},
  "its own model": { custom_llm: false },
  "a context of yours": { strategy: "shared_context" },
  "a context of yours with its own model": { strategy: "shared_context", custom_llm: false },
  "a voice agent": { strategy: "voice_agent", custom_llm: false },
  "started by the page": { start: "page" },
};

for (const [way, config] of Object.entries(WAYS)) {
  for (const { name, run } of adapterContract(() => liveavatarHarness(config))) {
    test(`liveavatar, ${way}: ${name}`, run);
  }
}
