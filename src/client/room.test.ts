import assert from "node:assert/strict";
import { test } from "node:test";
import { callTool, say } from "../presentation/completion.fixture.ts";
import { makeRooms } from "../presentation/local/room.fixture.ts";
import { connect } from "./connect.ts";
import { makeGateway, makeHost } from "./gateway.fixture.ts";
import type { Session, TranscriptLine } from "./types.ts";

const LOOK_UP = {
  name: "look_up",
  description: "Looks something up.",
  parameters: { type: "object", properties: {} },
  result: "speak",
  delivery: "client",
} as const;

/** A page in our own room: the real adapter, a brain and a gateway over HTTP. */
async function page() {
  const rooms = await makeRooms([LOOK_UP]);
  const { join } = await rooms.open("ses_1");
  const gateway = await makeGateway("ses_1");
  const { host } = makeHost({
    after(ms, run) {
      const timer = setTimeout(run, ms);
      return () => clearTimeout(timer);
    },
  });
  const options = {
    baseUrl: gateway.url,
    sessionId: "ses_1",
    sessionToken: "t",
    join: { kind: join.kind, url: join.url },
    host,
  };
  return {
    ...rooms,
    gateway,
    options,
    session: await connect(options),
    async [Symbol.asyncDispose]() {
      await rooms.destroy();
      await gateway[Symbol.asyncDispose]();
    },
  };
}

function heard(session: Session, fits: (line: TranscriptLine) => boolean): Promise<TranscriptLine> {
  return new Promise((resolve) => session.on("transcript", (line) => fits(line) && resolve(line)));
}

test("the person types, the agent answers", async () => {
  await using room = await page();
  room.brain.answers.push(say("Hello ", "Anna."));
  await room.session.respond("Hi.");
  assert.equal((await heard(room.session, ({ role, final }) => role === "user" && final)).text, "Hi.");
  assert.equal(
    (await heard(room.session, ({ role, final }) => role === "agent" && final)).text,
    "Hello Anna.",
  );
});

test("a tool call is relayed and its result leads to the answer", async () => {
  await using room = await page();
  room.brain.answers.push(callTool("look_up", { what: "it" }), say("It is forty-two."));
  await room.session.respond("What is it?");
  assert.equal(
    (await heard(room.session, ({ role, final }) => role === "agent" && final)).text,
    "It is forty-two.",
  );
  const [asked] = await room.gateway.seen("/tools");
  assert.equal(asked!.body["name"], "look_up");
});

test("a room that is closed lets nobody in", async () => {
  await using room = await page();
  await room.clock.advance(600_000);
  await assert.rejects(connect(room.options), { code: "join_failed" });
});

test("the session's end reaches the page", async () => {
  await using room = await page();
  const ended = new Promise((resolve) =>
    room.session.on("state", ({ state, reason }) => state === "ended" && resolve(reason)),
  );
  await room.clock.advance(600_000);
  assert.equal(await ended, "max_duration");
});
