import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { openGateway } from "../../src/open-gateway.ts";
import { createTwilioSimulator, type PhoneCall } from "../../src/presentation/twilio/simulator.ts";
import { FakeClock } from "../../src/testing/fake-clock.ts";
import { createScriptedLLM } from "../../src/testing/scripted-llm.ts";
import { APP_KEY, caller, SECRET } from "../gateway.fixture.ts";

const OURS = "+14155550100";
const ANNA = "+351912345678";
const MEMORY = "Remember that my sister is called Miriam.";
const CUSTOMERS = [{ id: "anna", phone: "+351 912 345 678", city: "Lisbon" }];

/** Twilio, the person's telephone and the whole gateway over a file, real HTTP and WebSockets. */
async function world(inbound: object = {}) {
  const folder = await mkdtemp(join(tmpdir(), "astrocyte-twilio-"));
  await writeFile(join(folder, "customers.json"), JSON.stringify(CUSTOMERS));
  const clock = new FakeClock();
  const simulator = await createTwilioSimulator({ clock, switches: { wordsPerSecond: 50 } });
  const llm = createScriptedLLM({
    clock,
    reply(messages, { tools = [] }) {
      const last = String(messages.at(-1)!.content);
      const call = (name: string, args: object, text = "") => ({
        text,
        toolCalls: [{ id: `call_${name}_${messages.length}`, name, arguments: JSON.stringify(args) }],
      });
      if (tools.length === 0) return "They talked.";
      if (last.includes(MEMORY)) return call("remember", { fact: "Anna's sister is called Miriam." });
      if (last.includes("Bye")) return call("end_call", {}, "Goodbye, Anna.");
      if (last.includes("everything")) return "Well, there is a very long story that I could tell you now.";
      return "Good to hear.";
    },
  });
  const file = join(folder, "customers.json");
  const customers = {
    ...{ kind: "file", path: file, key: "id" },
    fields: { city: { label: "City" }, phone: { sensitivity: "private" } },
  };
  const config = {
    store: { path: join(folder, "memory.db"), readers: 1 },
    banks: {
      "person:*": {
        access: [{ principal: "service:app", permissions: ["read", "write", "forget", "admin"] }],
      },
    },
    access_control: { default_policy: "owner_only" },
    sources: { customers },
    personas: {
      support: {
        ...{ name: "Mara", prompt: "The prompt of Mara.", greeting: "Hello from {{city}}." },
        ...{ sources: ["customers"], tools: ["remember", "recall", "end_call"] },
        phone: { source: "customers", field: "phone" },
        // Twilio then waits for us to come back.
        vendors: { twilio: { attributes: { applicationReconnect: true } } },
      },
    },
    presentation: {
      twilio: {
        ...{ account_sid: simulator.accountSid, auth_token: simulator.authToken },
        ...{ base_url: simulator.url, from_number: OURS },
      },
    },
    inbound: {
      twilio: {
        ...{ persona: "support", as: "service:app", consent: "memory" },
        ...{ caller: { source: "customers", field: "phone" }, unknown: "decline", ...inbound },
      },
    },
    server: { secret: SECRET, keys: [{ name: "app", key: APP_KEY, principal: "service:app" }] },
  };
  const start = (more: object = {}) =>
    openGateway({ ...config, ...more }, { clock, llm, embedder: createScriptedLLM() });
  let gateway = await start();
  const url = await gateway.listen({ port: 0 });
  const until = async (holds: () => boolean | Promise<boolean>, stepMs = 1) => {
    while (!(await holds())) await clock.advance(stepMs);
  };
  return {
    ...{ simulator, clock, llm, url, until, call: caller(url) },
    get gateway() {
      return gateway;
    },
    /** The gateway, which was closed, comes back at the same address, over the same file. */
    async restart() {
      gateway = await start({ public_url: url });
      await gateway.listen({ port: Number(new URL(url).port) });
    },
    number: {
      number: OURS,
      voiceUrl: `${url}/v1/inbound/twilio`,
      statusCallback: `${url}/v1/webhooks/twilio`,
    },
    async [Symbol.asyncDispose]() {
      await simulator.close();
      await gateway.close();
      await rm(folder, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

type World = Awaited<ReturnType<typeof world>>;

/** What the person hears next. */
async function hears({ until }: World, call: PhoneCall, text: string, cut = false): Promise<void> {
  await until(() => call.heard.some((heard) => heard.text === text && heard.cut === cut));
}

async function sessions({ gateway }: World) {
  return gateway.composer.list({ limit: 10 });
}

async function settled(all: World): Promise<void> {
  await all.until(async () => (await sessions(all)).every((row) => row.settled), 500);
}

async function ring(all: World, from = ANNA): Promise<PhoneCall> {
  let call: PhoneCall | undefined;
  void all.simulator.ring(all.number, from).then((connected) => {
    call = connected;
  });
  await all.until(() => call !== undefined, 0);
  return call!;
}

test("one call that comes in, end to end: caller, briefing, brain, tool, barge-in, transcript, memory", async () => {
  await using all = await world();
  const { simulator, llm } = all;
  const call = await ring(all);
  await hears(all, call, "Hello from Lisbon.");
  const [row] = await sessions(all);
  assert.deepEqual(
    [row!.subject, row!.vendor, row!.vendorSessionId],
    ["user:anna", "twilio", call.facts.sid],
  );
  const shown = await all.call(`/v1/sessions/${row!.id}`, { key: APP_KEY });
  assert.deepEqual((shown.json["join"] as { url: string }).url, `tel:${OURS}`);
  assert.doesNotMatch(shown.text, /sockets|webhooks|auth-token/);

  call.say(MEMORY);
  await hears(all, call, "Good to hear.");
  assert.match(JSON.stringify(llm.calls.at(-1)), /Lisbon/);
  call.say("Tell me everything");
  await all.until(() => call.relays[0]!.voice.playedWords >= 4);
  call.say("Stop, please");
  await all.until(() => call.heard.filter(({ text }) => text === "Good to hear.").length === 2);
  const cut = call.heard.find((heard) => heard.cut)!;
  await call.hangUp();
  await settled(all);

  const { json } = await all.call(`/v1/sessions/${row!.id}/transcript`, { key: APP_KEY });
  const turns = json["turns"] as Array<{
    role: string;
    text: string;
    heard: string | null;
    interrupted: boolean;
  }>;
  assert.deepEqual(
    turns.map(({ role, text, heard, interrupted }) => [role, interrupted ? heard : text]),
    [
      ["agent", "Hello from Lisbon."],
      ["user", MEMORY],
      ["agent", "Good to hear."],
      ["user", "Tell me everything"],
      ["agent", cut.text],
      ["user", "Stop, please"],
      ["agent", "Good to hear."],
    ],
  );
  const after = (await sessions(all))[0]!;
  assert.deepEqual([after.state, after.endReason], ["ended", "call_completed"]);
  const { hits } = await all.gateway.memory.recall("sister", {
    bankId: after.bankId,
    context: { principal: "service:app" },
  });
  assert.ok(hits.some(({ text }) => text.includes("Miriam")));
  assert.ok(
    !hits.some(({ text }) => text.includes("long story that I could")),
    "what nobody heard is not remembered",
  );
  assert.deepEqual(simulator.errors, []);
  assert.ok(simulator.callbacks.every(({ status }) => status < 300));
});

test("a call of ours: dialled by the number on record, ended by the agent, who is heard out", async () => {
  await using all = await world();
  const { simulator } = all;
  const body = { persona: "support", subject: "user:anna", vendor: "twilio", consent: "memory" };
  const { status, json } = await all.call("/v1/sessions", { key: APP_KEY, body });
  assert.equal(status, 201);
  assert.doesNotMatch(JSON.stringify(json), /351912345678/);
  const call = await simulator.ringing();
  assert.deepEqual([call.facts.to, call.facts.from], [ANNA, OURS]);
  let open = false;
  void simulator.pickUp(call).then(() => {
    open = true;
  });
  await all.until(() => open, 0);
  await hears(all, call, "Hello from Lisbon.");
  call.say("Bye!");
  await hears(all, call, "Goodbye, Anna.");
  await settled(all);
  const [row] = await sessions(all);
  assert.deepEqual([row!.endReason, call.status, simulator.calls.length], ["agent_ended", "completed", 1]);
});

test("a person whose number nobody knows is not dialled; one that we do not know is not answered", async () => {
  await using all = await world();
  const body = { persona: "support", subject: "user:ben", vendor: "twilio", consent: "memory" };
  const { status, json } = await all.call("/v1/sessions", { key: APP_KEY, body });
  assert.deepEqual([status, json["code"]], [400, "invalid_input"]);
  const call = await ring(all, "+4915112345678");
  assert.match(call.announced[0]!, /do not know this number/);
  assert.deepEqual([all.simulator.calls.length, call.isOver], [1, true]);
});

test("a gateway that restarts in the middle of a call goes on where it was", async () => {
  await using all = await world();
  const { llm } = all;
  const call = await ring(all);
  await hears(all, call, "Hello from Lisbon.");
  call.say("I moved to Porto.");
  await hears(all, call, "Good to hear.");
  await all.gateway.close();
  await all.until(() => !call.relays[0]!.connected, 0);
  call.say("And I run.");
  await all.restart();
  await all.until(() => call.heard.filter(({ text }) => text === "Good to hear.").length === 2);
  const asked = JSON.stringify(llm.calls.at(-1));
  assert.ok(asked.includes("I moved to Porto.") && asked.includes("And I run."));
  assert.equal(call.heard.filter(({ text }) => text === "Hello from Lisbon.").length, 1);
  await call.hangUp();
  await settled(all);
  const [row] = await sessions(all);
  const { json } = await all.call(`/v1/sessions/${row!.id}/transcript`, { key: APP_KEY });
  assert.equal((json["turns"] as unknown[]).length, 5);
});

test("the example has its calls", async () => {
  const main = join(import.meta.dirname, "../../examples/twilio/main.ts");
  const { stdout } = await promisify(execFile)(process.execPath, [main]);
  assert.match(stdout, /^- My sister Miriam lives in Porto\.$/m);
  assert.match(stdout, /Where does my sister live\?\nMara: .*My sister Miriam lives in Porto/);
  assert.match(stdout, /run at Twilio: 0; errors in its debugger: 0/);
});
