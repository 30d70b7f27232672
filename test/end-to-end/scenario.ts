import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { sealKey } from "../../src/core/secrets.ts";
import { type OpenedSession, SECRET } from "../gateway.fixture.ts";
import { type Api, apiOf, type Memory } from "./api.ts";
import type { Running } from "./gateways.ts";
import { toldTo } from "./model.ts";
import { Page } from "./page.ts";
import type { Surroundings } from "./surroundings.ts";
import type { VendorView } from "./vendors.ts";

const ANNA = "user:anna";
const DOG = "My dog is called Rufus and he loves the beach.";
const PLAN = "I am on the free plan.";
const FACT = "I am allergic to penicillin.";

export type Scene = { surroundings: Surroundings; gateway: Running; vendor: VendorView };

/** The eight steps of one call, then a second call that knows of the first, then calls that may not be kept. */
export async function walkThrough({ surroundings, gateway, vendor }: Scene): Promise<void> {
  const api = apiOf(gateway.url);
  const scene = { surroundings, gateway, vendor, api };
  const first = await firstCall(scene);
  await afterTheEnd(scene, first);
  await learnt(api, first);
  const second = await secondCall(scene, first);
  await learnt(api, first);
  const others = [await withConsent(scene, "transcript"), await withConsent(scene, "none")];
  await vendor.idle();
  assert.equal(await vendor.left([first, second, ...others]), 0);
  assert.equal(await api.metric("astrocyte_sessions_leaked"), 0);
  assert.equal(await api.metric("astrocyte_sessions_open"), 0);
  const states = (await api.sessions()).map(({ state, settled }) => `${state} ${settled}`);
  assert.deepEqual([...new Set(states)], ["ended true"]);
}

type Acted = Scene & { api: Api };

async function firstCall({ surroundings, vendor, api }: Acted): Promise<OpenedSession> {
  const { office, model } = surroundings;
  const opened = await api.open(vendor.name, ANNA);
  assert.deepEqual(office.asked, ["anna"]);
  const briefing = await api.briefing(opened.session_id);
  assert.ok(
    briefing.lines.some(
      ({ text, source }) =>
        text.includes("Plan: pro") && source?.source === "crm" && source.field === "plan_tier",
    ),
    JSON.stringify(briefing.lines),
  );
  assert.deepEqual(
    briefing.lines.filter(({ memory }) => memory),
    [],
  );

  const page = await Page.join(api.url, opened);
  assert.equal(await page.greeting(), "Hello Anna in Lisbon.");
  assert.equal(await page.say(DOG), "I see, thank you.");
  assert.ok(
    model.requests.every(
      (request) => toldTo(request).includes(briefing.text) && request.body["stream"] === true,
    ),
    "the model was not told the briefing",
  );
  await page.say(PLAN);
  await vendor.idle();
  await streams({ surroundings, api }, opened);

  assert.equal(await page.say(`Please remember that ${FACT}`), "I will remember that.");
  await page.until(() => page.tools.find(({ name, status }) => name === "remember" && status === "success"));
  assert.match(await page.say("Please book Tuesday."), /^Done: .*Tuesday/);
  assert.deepEqual(office.bookings, [{ day: "Tuesday", subject: ANNA, session: opened.session_id }]);
  await vendor.idle();

  await page.end();
  await api.settled(opened.session_id);
  await vendor.idle();
  assert.deepEqual(page.errors, []);
  const received = page.received.join("\n") + JSON.stringify(opened);
  for (const [name, key] of Object.entries(surroundings.keys))
    assert.ok(!received.includes(key), `the page got ${name}`);
  assert.doesNotMatch(received, /private-note|You are Theo|person:anna/);
  return opened;
}

/** The brain's first words come while the model still writes. */
async function streams({ surroundings, api }: Pick<Acted, "surroundings" | "api">, opened: OpenedSession) {
  surroundings.model.fail({ kind: "stall", afterChunks: 3 });
  const stop = new AbortController();
  const answer = await fetch(`${api.url}/brain/v1/chat/completions`, {
    method: "POST",
    headers: { authorization: `Bearer ${brainKey(opened)}`, "content-type": "application/json" },
    body: JSON.stringify({ stream: true, messages: [{ role: "user", content: "Hello." }] }),
    signal: stop.signal,
  });
  assert.equal(answer.status, 200);
  const reader = answer.body!.pipeThrough(new TextDecoderStream()).getReader();
  let heard = "";
  while (!heard.includes(" see,")) heard += (await reader.read()).value ?? assert.fail(heard);
  stop.abort();
}

async function afterTheEnd({ vendor, api }: Acted, opened: OpenedSession): Promise<void> {
  const { session_id: id, session_token: token } = opened;
  const transcript = await api.transcript(id);
  assert.deepEqual(
    transcript.filter(({ role }) => role === "user").map(({ text }) => text),
    [DOG, PLAN, `Please remember that ${FACT}`, "Please book Tuesday."],
  );
  assert.equal(transcript.find(({ role }) => role === "agent")?.text, "Hello Anna in Lisbon.");
  assert.equal(await vendor.left([opened]), 0);
  const body = { messages: [{ role: "user", content: "Are you there?" }] };
  const brain = await api.call("/brain/v1/chat/completions", { key: brainKey(opened), body });
  assert.equal(brain.status, 410, brain.text);
  assert.equal((await api.call(`/v1/sessions/${id}`, { key: token })).status, 410);
  const tool = { tool_call_id: "late", name: "remember", arguments: { fact: "Too late." } };
  assert.equal((await api.call(`/v1/sessions/${id}/tools`, { key: token, body: tool })).status, 410);
}

/** What the person said is there once, with the call that it comes from; so is what a tool stored. */
async function learnt(api: Api, { session_id: id }: OpenedSession): Promise<void> {
  const memories = await api.memories("anna");
  const once = (text: string) => {
    const found = memories.filter((memory) => memory.text === text && memory.fact_type !== "summary");
    assert.equal(found.length, 1, `${text}: ${JSON.stringify(memories.map((memory) => memory.text))}`);
    return found[0]!;
  };
  for (const said of [DOG, PLAN]) {
    const { session_id, speaker, seen_count } = once(said);
    assert.deepEqual([session_id, speaker, seen_count], [id, "anna", 1]);
  }
  assert.deepEqual(once(FACT).tags, ["remembered"]);
  assert.ok(memories.every(({ turn_id }) => !turn_id?.startsWith("tool")));
  // What the agent only says from its briefing is no news.
  assert.deepEqual(
    memories.filter(({ text }) => text.startsWith("Hello Anna") || text.startsWith("Your dog")),
    [],
  );
  const summaries = memories.filter((memory: Memory) => memory.tags.includes("summary"));
  assert.ok(summaries.some(({ text }) => text.includes("Rufus")));
}

async function secondCall(
  { surroundings, vendor, api }: Acted,
  first: OpenedSession,
): Promise<OpenedSession> {
  const { model } = surroundings;
  const before = model.requests.length;
  const opened = await api.open(vendor.name, ANNA);
  const { lines, overridden, text } = await api.briefing(opened.session_id);
  const known = lines.find((line) => line.text.includes(DOG));
  assert.equal(known?.memory?.session_id, first.session_id);
  assert.ok(overridden.some((lost) => lost.text.includes(PLAN) && lost.by.field === "plan_tier"));
  assert.match(text, /Plan: pro/);
  assert.ok(text.includes(DOG) && text.includes("penicillin") && !text.includes(PLAN), text);

  const page = await Page.join(api.url, opened);
  await page.greeting();
  assert.equal(await page.say("What is my dog called?"), "Your dog is called Rufus.");
  assert.equal(await page.say("Which plan am I on?"), "You have the pro tariff.");
  const told = model.requests.slice(before).map(toldTo);
  assert.ok(told.every((all) => all.includes(text) && !all.includes(PLAN)));
  const asked = told.filter((all) => all.includes("What is my dog called?"));
  assert.match(asked.at(-1)!, /<memory>.*Rufus.*<\/memory>/s);
  await page.end();
  await api.settled(opened.session_id);
  return opened;
}

/** What the person does not want kept is not kept: not in memory, and with `none` nowhere in the file. */
async function withConsent({ surroundings, vendor, api }: Acted, consent: "transcript" | "none") {
  const secret = { transcript: "zanzibar", none: "samarkand" }[consent];
  const opened = await api.open(vendor.name, "user:ben", consent);
  const page = await Page.join(api.url, opened);
  await page.greeting();
  await page.say(`I am flying to ${secret} in May.`);
  await page.say(`Please remember that I love ${secret}.`);
  await page.until(() => page.tools.at(-1));
  await vendor.idle();
  await page.end();
  await api.settled(opened.session_id);
  await vendor.idle();
  assert.deepEqual(await api.memories("ben"), []);
  const said = (await api.transcript(opened.session_id)).map(({ text }) => text).join("\n");
  assert.equal(said.includes(secret), consent === "transcript");
  if (consent === "none") assert.deepEqual(await filesWith(surroundings.folder, secret), []);
  return opened;
}

async function filesWith(folder: string, words: string): Promise<string[]> {
  const names = await readdir(folder);
  const texts = await Promise.all(names.map((name) => readFile(join(folder, name), "latin1")));
  return names.filter((_name, i) => texts[i]!.includes(words));
}

function brainKey({ session_id }: OpenedSession): string {
  return sealKey(SECRET, "brain", session_id);
}
