import assert from "node:assert/strict";
import { test } from "node:test";
import { createScriptedLLM } from "../src/testing/scripted-llm.ts";
import { BOXES, type BoxName } from "./end-to-end/boxes.ts";
import { type Call, sampleWithEveryVendor } from "./end-to-end/sample.ts";
import { type Storm, startStorm } from "./end-to-end/storm.ts";

const VENDORS = Object.keys(BOXES) as BoxName[];
const SAID = ["My dog Rufus loves the beach", "I run on Tuesdays with Miriam", "I fly to Lisbon for a race"];

/** Each answer is one of its own, so that none of them can be taken for a repetition. */
const llm = createScriptedLLM({
  reply: (messages) =>
    `Noted in the book: ${String(messages.at(-1)!.content).split("</memory>").at(-1)!.trim()}`,
});

type World = Awaited<ReturnType<typeof sampleWithEveryVendor>>;

/** What became of a call: its turns, and what is in memory of it with how often it came. */
async function talk(
  all: World,
  vendor: BoxName,
): Promise<{ turns: string[]; memories: string[]; call: Call }> {
  const call = await all.calls(vendor, "support");
  await call.person.greeting();
  for (const words of SAID) await call.person.say(`${words}, at ${vendor}.`);
  await all.ends(call);
  return { call, ...(await outcome(all, call)) };
}

async function outcome(all: World, { id }: Call): Promise<{ turns: string[]; memories: string[] }> {
  const { json } = await all.call(`/v1/sessions/${id}/transcript`);
  const turns = json["turns"] as Array<{ role: string; text: string }>;
  const body = { bank_id: "person:anna" };
  const rows = (await all.call("/v1/export", { body })).text.trim().split("\n").slice(1);
  const memories = rows
    .map(
      (row) =>
        JSON.parse(row) as Record<"text" | "session_id" | "fact_type", string> & { seen_count: number },
    )
    .filter(({ session_id, fact_type }) => session_id === id && fact_type !== "summary");
  return {
    turns: turns.map(({ role, text }) => `${role}: ${text}`),
    memories: memories.map(({ text, seen_count }) => `${seen_count}× ${text}`).sort(),
  };
}

/** All vendors at once, in this weather; then everything that was ever told, once more. */
async function calls(rages: boolean): Promise<{ found: object; storm: Storm }> {
  const storm = await startStorm();
  storm.rages = rages;
  try {
    await using all = await sampleWithEveryVendor(llm, storm);
    const talks = await Promise.all(VENDORS.map((vendor) => talk(all, vendor)));
    await storm.replay();
    await all.gateway.composer.runDue();
    const found: Record<string, object> = {};
    for (const [i, { call, turns, memories }] of talks.entries()) {
      assert.deepEqual(await outcome(all, call), { turns, memories }, `${call.vendor}: what came afterwards`);
      found[VENDORS[i]!] = { turns, memories };
    }
    return { found, storm };
  } finally {
    await storm.close();
  }
}

test("callbacks and pages' reports late, doubled, at once, forged, unanswered: at every vendor the end is the same", {
  timeout: 120_000,
}, async () => {
  const calm = await calls(false);
  for (const [vendor, { turns, memories }] of Object.entries(
    calm.found as Record<string, Awaited<ReturnType<typeof outcome>>>,
  )) {
    const users = turns.filter((turn) => turn.startsWith("user"));
    assert.deepEqual(
      users,
      SAID.map((words) => `user: ${words}, at ${vendor}.`),
    );
    for (const words of SAID) assert.ok(memories.includes(`1× ${words}, at ${vendor}.`), memories.join("\n"));
  }
  const stormy = await calls(true);
  assert.deepEqual(stormy.found, calm.found);
  assert.ok(stormy.storm.forged.length > VENDORS.length);
  // 400: an unsigned callback at the right address that is no JSON.
  assert.deepEqual([...new Set(stormy.storm.forged)].sort(), [400, 401]);
});
