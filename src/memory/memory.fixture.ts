import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import type { OpenOptions } from "../open.ts";
import { FakeClock } from "../testing/fake-clock.ts";
import { createScriptedLLM, type ScriptedLLM } from "../testing/scripted-llm.ts";
import { Astrocyte } from "./brain.ts";

export type TestMemory = { brain: Astrocyte; clock: FakeClock; embedder: ScriptedLLM };

/** A real memory over a SQLite file that goes with the test; vectors of words and a clock that stands. */
export async function openTestMemory(t: TestContext, options: OpenOptions = {}): Promise<TestMemory> {
  const clock = (options.clock as FakeClock | undefined) ?? new FakeClock();
  const embedder = (options.embedder as ScriptedLLM | undefined) ?? createScriptedLLM({ clock });
  const brain = await Astrocyte.open({
    path: ":memory:",
    store: { readers: 2 },
    clock,
    embedder,
    ...options,
  });
  t.after(() => brain.close());
  return { brain, clock, embedder };
}

/** A folder that goes with the test. */
export async function testFolder(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "astrocyte-test-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** All texts of a bank with a field or two, in the order in which they were stored. */
export async function storedRows(brain: Astrocyte, bankId: string): Promise<Array<Record<string, unknown>>> {
  const rows: Array<Record<string, unknown>> = [];
  for await (const line of brain.export({ bankId, vectors: false })) rows.push(JSON.parse(line));
  return rows.slice(1);
}
