import assert from "node:assert/strict";
import { test } from "node:test";
import { BRIEFING, bindingFor } from "../../testing/adapter/samples.ts";
import { FakeClock } from "../../testing/fake-clock.ts";
import type { OpenedSession, SessionHandle } from "../adapter.ts";
import { FakeLiveKitRoom } from "../simulator-livekit-room.ts";
import type { DIdConfigInput } from "./config.ts";
import { type DIdHarness, dIdHarness } from "./harness.fixture.ts";

async function world(config: Partial<DIdConfigInput> = {}) {
  const clock = new FakeClock();
  return Object.assign(await dIdHarness(config, { clock }), { clock });
}

type World = Awaited<ReturnType<typeof world>>;

/** A call in which a person says something, reported by the page or not. */
async function call(harness: DIdHarness, words: string, reports = true) {
  const opened = await harness.adapter.open(BRIEFING, harness.persona, bindingFor("d-id"));
  const session = handle(opened);
  const room = new FakeLiveKitRoom();
  await room.connect(opened.join.url, opened.join.token!);
  const answered = new Promise<void>((resolve) =>
    room.on("dataReceived", (bytes: Uint8Array, _from, _kind, topic) => {
      const payload = new TextDecoder().decode(bytes);
      if (reports) harness.adapter.parseClientEvent!({ topic, payload }, session);
      if (topic === "chat/answer") resolve();
    }),
  );
  room.speak(words);
  await answered;
  await room.disconnect();
  await harness.simulator.idle();
  return session;
}

const handle = (opened: OpenedSession): SessionHandle => ({ sessionId: "ses_1", ...opened });
const jobs = ({ simulator }: DIdHarness) =>
  simulator.requests.filter(({ method, path }) => method === "POST" && path.endsWith("/exports")).length;
const said = ({ turns }: { turns: Array<{ role: string; text: string }> }) =>
  turns.map(({ role, text }) => `${role}: ${text}`);

async function ended(harness: World, session: SessionHandle) {
  await harness.adapter.end(session, "test");
  await harness.adapter.release(session.resources);
}

const CALL = ["agent: Hello Anna.", "user: I ran.", "agent: I see."];

test("one export is begun at the end, looked at without waiting, and read when it is there", async () => {
  await using harness = await world();
  harness.simulator.timing.exportAfterMs = 90_000;
  const session = await call(harness, "I ran.");
  await Promise.all([ended(harness, session), harness.adapter.end(session, "again")]);
  assert.deepEqual(await harness.adapter.fetchTranscript!(session), { turns: [], complete: false });
  await harness.clock.advance(60_000);
  assert.equal((await harness.adapter.fetchTranscript!(session)).complete, false);
  await harness.clock.advance(60_000);
  const transcript = await harness.adapter.fetchTranscript!(session);
  assert.deepEqual([said(transcript), transcript.complete], [CALL, true]);
  assert.equal(jobs(harness), 1);
});

test("an export that has less than the page told is made anew, and what there is stands when D-ID will not", async () => {
  for (const exportsNeedAgent of [false, true]) {
    await using harness = await world();
    Object.assign(harness.simulator.faults, { exportsNeedAgent });
    const session = await call(harness, "I ran.");
    for (const message of harness.simulator.session(session.vendorSessionId).chat.messages.slice(1))
      message.savedAt += 2_000;
    await ended(harness, session);
    assert.equal((await harness.adapter.fetchTranscript!(session)).complete, false);
    await harness.clock.advance(5_000);
    let transcript = await harness.adapter.fetchTranscript!(session);
    while (!transcript.complete) transcript = await harness.adapter.fetchTranscript!(session);
    assert.deepEqual(said(transcript), exportsNeedAgent ? CALL.slice(0, 1) : CALL);
    assert.equal(jobs(harness), 2);
  }
});

test("a page that invents words costs two more exports, and no more", async () => {
  await using harness = await world();
  harness.simulator.faults.exportsNeedAgent = false;
  const session = await call(harness, "I ran.");
  for (const id of ["a", "b", "c"]) {
    const payload = { id, role: "user", content: `Invented ${id}.` };
    harness.adapter.parseClientEvent!({ topic: "chat/audio-transcribed", payload }, session);
  }
  await ended(harness, session);
  let transcript = await harness.adapter.fetchTranscript!(session);
  while (!transcript.complete) transcript = await harness.adapter.fetchTranscript!(session);
  assert.deepEqual([said(transcript), jobs(harness)], [CALL, 3]);
});

test("another process, or a restart, makes a job of its own; with the agent gone there is nothing to wait for", async () => {
  await using harness = await world();
  const session = await call(harness, "I ran.");
  assert.equal((await harness.adapter.fetchTranscript!(session)).complete, false);
  assert.deepEqual(said(await harness.adapter.fetchTranscript!(session)), CALL);
  await using late = await world();
  const forgotten = await call(late, "I ran.");
  await late.adapter.release(forgotten.resources);
  assert.deepEqual(await late.adapter.fetchTranscript!(forgotten), { turns: [], complete: true });
});

test("exports that fail are tried three times, and the call settles without", async () => {
  await using harness = await world();
  Object.assign(harness.simulator.faults, { exportsFail: true, exportsNeedAgent: false });
  const session = await call(harness, "I ran.");
  await ended(harness, session);
  let asked = 0;
  while (!(await harness.adapter.fetchTranscript!(session)).complete) assert.ok(++asked < 10);
  assert.equal(jobs(harness), 3);
});

test("an archive that would unpack to more than is allowed is not unpacked", async () => {
  await using harness = await world();
  harness.simulator.faults.bomb = true;
  const session = await call(harness, "I ran.", false);
  await ended(harness, session);
  assert.deepEqual(await harness.adapter.fetchTranscript!(session), { turns: [], complete: true });
});

test("on a shared agent a session gets its own chat, and never another person's", async () => {
  await using harness = await world({ strategy: "shared_agent" });
  const anna = await call(harness, "I am Anna.");
  const ben = await call(harness, "I am Ben.");
  for (const [session, words] of [
    [anna, "I am Anna."],
    [ben, "I am Ben."],
  ] as const) {
    await ended(harness, session);
    const { turns } = await harness.adapter.fetchTranscript!(session);
    assert.deepEqual(
      turns.filter(({ role }) => role === "user").map(({ text }) => text),
      [words],
    );
  }
  const stranger = { ...anna, vendorSessionId: "ses_unknown" };
  await ended(harness, stranger);
  assert.deepEqual(await harness.adapter.fetchTranscript!(stranger), { turns: [], complete: true });
});
