import assert from "node:assert/strict";
import { test } from "node:test";
import { createScriptedLLM } from "../src/testing/scripted-llm.ts";
import { BOXES, type BoxName } from "./end-to-end/boxes.ts";
import { sampleWithEveryVendor } from "./end-to-end/sample.ts";

const FACT = "Anna has a cat called Filipa.";
const VENDORS = ["local", ...(Object.keys(BOXES) as BoxName[])] as const;

/** Answers, and uses the sample's tools however they reach it. */
const llm = createScriptedLLM({
  reply(messages, { tools = [] }) {
    const last = messages.at(-1)!;
    const said = String(last.content);
    // Vendors put a version behind the name.
    const tool = tools.find(({ name }) => name.split("__")[0] === "remember")?.name;
    if (last.role === "tool") return `It is noted: ${said}`;
    if (!said.endsWith("Please remember my cat.")) return "That is good to hear.";
    if (tool === undefined) return "I have no tools.";
    return {
      text: "I will note it.",
      toolCalls: [{ id: `call_${messages.length}`, name: tool, arguments: JSON.stringify({ fact: FACT }) }],
    };
  },
});

test("the sample's personas run at every vendor as they are: greeting, brain, tool, memory, and nothing is left", {
  timeout: 120_000,
  concurrency: true,
}, async (t) => {
  await using all = await sampleWithEveryVendor(llm);
  await Promise.all(VENDORS.map((vendor) => t.test(vendor, () => talkAt(all, vendor))));
  assert.ok(
    Object.values(all.left()).every((count) => count === 0),
    JSON.stringify(all.left()),
  );
  const { sessions } = (await all.call("/v1/sessions?limit=100")).json as {
    sessions: Array<{ vendor: string; state: string; settled: boolean }>;
  };
  assert.equal(sessions.length, 2 * VENDORS.length);
  assert.ok(sessions.every(({ state, settled }) => state === "ended" && settled));
});

type World = Awaited<ReturnType<typeof sampleWithEveryVendor>>;

async function talkAt(all: World, vendor: (typeof VENDORS)[number]): Promise<void> {
  for (const persona of Object.keys(all.sample.personas)) await talk(all, vendor, persona);
}

async function talk(all: World, vendor: (typeof VENDORS)[number], persona: string): Promise<void> {
  const place = `${persona} at ${vendor}`;
  const call = await all.calls(vendor, persona);
  const { greeting } = all.sample.personas[persona]!;
  assert.equal(await call.person.greeting(), String(greeting).replace("{{preferred_name}}", "Anna"), place);
  const before = llm.calls.length;
  const said = `I swim with ${persona} by ${vendor}.`;
  assert.equal(await call.person.say(said), "That is good to hear.", place);
  const told = JSON.stringify(llm.calls.slice(before));
  assert.ok(told.includes("Plan: pro") && told.includes(said), `${place}: ${told}`);
  assert.match(await call.person.say("Please remember my cat."), /^I will note it\./, place);
  await all.ends(call);
  const { json } = await all.call(`/v1/sessions/${call.id}/transcript`);
  const users = (json["turns"] as Array<{ role: string; text: string }>).filter(
    ({ role }) => role === "user",
  );
  assert.deepEqual(
    users.map(({ text }) => text),
    [said, "Please remember my cat."],
    place,
  );
  const body = { bank_id: "person:anna" };
  const rows = (await all.call("/v1/export", { body })).text.trim().split("\n").slice(1);
  const memories = rows.map((row) => JSON.parse(row) as { text: string; session_id: string | null });
  assert.equal(memories.filter(({ text }) => text === said).length, 1, place);
  assert.ok(
    memories.some(({ text }) => text === FACT),
    place,
  );
}
