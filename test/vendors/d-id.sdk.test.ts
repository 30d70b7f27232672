import assert from "node:assert/strict";
import { after, test } from "node:test";
import { readClientEvent } from "../../src/presentation/d-id/client-events.ts";
import { commandMessage } from "../../src/presentation/d-id/commands.ts";
import { dIdHarness } from "../../src/presentation/d-id/harness.fixture.ts";
import { BRIEFING, bindingFor } from "../../src/testing/adapter/samples.ts";
import { loadSdk, type Message, pretendBrowser, startNotifications } from "./d-id.browser.fixture.ts";

/*
 * D-ID's own browser SDK against our simulator, as far as it goes without a browser: media and LiveKit's signalling
 * do not. So V1 runs whole but for its pictures, and V2 up to the room.
 */
const browser = pretendBrowser("https://app.test");
after(() => browser.restore());
// It looks for the browser's peer connection while it loads.
const sdk = await loadSdk();

async function world(config: Parameters<typeof dIdHarness>[0]) {
  const harness = await dIdHarness({ allowed_domains: ["https://app.test"], ...config });
  const notifications = await startNotifications();
  const opened = await harness.adapter.open(BRIEFING, harness.persona, bindingFor("d-id"));
  const agentId = opened.resources.find(({ kind }) => kind === "agent")!.id;
  const clientKey =
    opened.join.kind === "livekit" ? await clientKeyOf(harness.simulator) : opened.join.token!;
  return {
    ...harness,
    opened,
    notifications,
    manage: (callbacks: { onNewMessage?(messages: Message[]): void } = {}) =>
      sdk.createAgentManager(agentId, {
        auth: { type: "key", clientKey },
        baseURL: harness.simulator.url,
        wsURL: notifications.url,
        enableAnalytics: false,
        callbacks: { onSrcObjectReady() {}, ...callbacks },
      }),
    async [Symbol.asyncDispose]() {
      notifications.close();
      await harness.destroy();
    },
  };
}

async function clientKeyOf({ url, apiKey }: { url: string; apiKey: string }): Promise<string> {
  const answer = await fetch(`${url}/agents/client-key`, {
    method: "POST",
    headers: { authorization: `Basic ${apiKey}`, "content-type": "application/json" },
    body: JSON.stringify({ allowed_domains: ["https://app.test"] }),
  });
  return ((await answer.json()) as { client_key: string }).client_key;
}

test("a page with D-ID's SDK reads no more of an agent than it may, and asks for a V2 session as we do", async () => {
  await using all = await world({});
  const { simulator, manage } = all;
  const manager = await manage();
  assert.deepEqual(manager.agent.greetings, ["Hello Anna."]);
  assert.equal(manager.agent.avatar.type, "expressive");
  assert.ok(!JSON.stringify(manager.agent).includes(BRIEFING.text));

  const ours = simulator.requests.find(({ path }) => path.endsWith("/sessions"))!.body as Record<
    string,
    unknown
  >;
  simulator.faults.refuse = { request: /sessions$/, status: 402, kind: "InsufficientCreditsError" };
  await assert.rejects(manager.connect());
  const theirs = simulator.requests.findLast(({ path }) => path.endsWith("/sessions"))!;
  assert.equal(theirs.status, 402);
  assert.match(String(theirs.headers["authorization"]), /^Client-Key ck_\w+\.\w+_\w+$/);
  assert.deepEqual({ ...(theirs.body as object), verbose: undefined }, { ...ours, verbose: undefined });
});

test("the SDK works a V1 stream of the simulator: offer, answer, candidate, chat, end", async () => {
  await using all = await world({ mode: "v1" });
  const { simulator, manage } = all;
  let told: string[] = [];
  const manager = await manage({
    onNewMessage: (messages) => {
      told = messages.map(({ role, content }) => `${role}: ${content}`);
    },
  });
  await manager.connect();
  const id = simulator.open().at(-1)!;
  const stream = simulator.stream(id);
  assert.deepEqual(browser.peers.at(-1)!.remote, {
    type: "offer",
    sdp: "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\n",
  });
  assert.equal(stream.answered, true);
  const answer = await manager.chat("I ran.");
  assert.equal(answer.result, "I see.");
  assert.deepEqual(told, ["user: I ran.", "assistant: I see."]);
  await manager.speak({ type: "text", input: "Good evening." });
  assert.deepEqual(stream.spoken, ["I see.", "Good evening."]);
  assert.equal(stream.candidates.length, 1);
  await manager.disconnect();
  assert.equal(stream.open, false);
});

test("the SDK reads the simulator's errors by their kind", async () => {
  await using all = await world({ mode: "v1" });
  const { simulator, manage } = all;
  simulator.faults.refuse = { request: /runtime$/, status: 404, kind: "NotFoundError" };
  await assert.rejects(manage(), (error) => {
    const { kind, status } = error as { kind?: string; status?: number };
    assert.deepEqual([sdk.isDIDError(error), kind, status], [true, "NotFoundError", 404]);
    return true;
  });
});

test("limits, subjects and reasons of the SDK are ours", async () => {
  await using all = await world({ mode: "v1" });
  const manager = await all.manage();
  await manager.connect();
  await assert.rejects(manager.chat("a".repeat(2_000)), /more than 2000/);
  await manager.disconnect();
  assert.throws(() => commandMessage({ kind: "respond", text: "a".repeat(2_001) }), /2000/);

  for (const reason of Object.values(sdk.StreamEndReason)) {
    const [event] = readClientEvent({ topic: sdk.StreamEvents.StreamDone, payload: { reason } });
    assert.ok(event?.type === "ended", reason);
    assert.equal(event.reason === "ended_at_vendor", reason === "ok", `${reason} has a name of ours`);
  }
  const turns = [sdk.StreamEvents.ChatAnswer, sdk.StreamEvents.ChatAudioTranscribed].flatMap((topic) =>
    readClientEvent({ topic, payload: { content: "Hi." } }),
  );
  assert.deepEqual(
    turns.map((event) => event.type === "turn" && event.turn.role),
    ["agent", "user"],
  );
});
