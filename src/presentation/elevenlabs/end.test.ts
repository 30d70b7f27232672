import assert from "node:assert/strict";
import { test } from "node:test";
import { AstrocyteError } from "../../core/errors.ts";
import { makeCall } from "./call.fixture.ts";
import { elevenLabsHarness } from "./harness.fixture.ts";

const CONTEXT = { kind: "append_context", text: "The cart is empty." } as const;

test("with monitoring a running talk is ended, and told things, from the server", async () => {
  for (const strategy of ["agent_per_session", "shared_agent"] as const) {
    const persona = { tools: [] };
    await using call = await makeCall({ config: { strategy, monitoring: true }, persona });
    assert.equal(call.adapter.capabilities.stop, "server");
    await assert.rejects(call.adapter.command!(call.session, CONTEXT), (error) =>
      AstrocyteError.is(error, "vendor_not_found"),
    );
    const person = await call.join();
    await call.adapter.command!(call.session, CONTEXT);
    await call.adapter.end(call.session, "max_duration");
    assert.deepEqual(await person.closed, { code: 1000, reason: "Call ended by monitor" });
    const { history } = call.simulator.conversation(person.conversationId);
    assert.match(JSON.stringify(history), /The cart is empty/);
    await call.adapter.end(call.session, "again");
  }
});

test("monitoring that the plan or the agent does not allow is an error, not a silent miss", async () => {
  await using call = await makeCall({ config: { monitoring: true } });
  const person = await call.join();
  const { agent } = call.simulator.conversation(person.conversationId);
  const config = agent.body["conversation_config"] as Record<string, Record<string, unknown>>;
  delete config["conversation"]!["monitoring_enabled"];
  await assert.rejects(call.adapter.end(call.session, "max_duration"), (error) =>
    AstrocyteError.is(error, "vendor_auth"),
  );
  await person.leave();
});

test("without monitoring the agent goes, and with it every way in; the record stays to be fetched", async () => {
  await using call = await makeCall();
  const person = await call.join();
  person.say("My sister is called Miriam.");
  await person.next(({ type }) => type === "user_transcript");
  await call.adapter.end(call.session, "max_duration");
  await call.adapter.release(call.opened.resources);
  assert.deepEqual(call.simulator.left(), { agents: 0, tools: 0, secrets: 0 });
  await assert.rejects(call.join(), /line was cut/);
  assert.equal(await call.adapter.isOpen!(call.session), true, "the talk itself is not cut");
  await person.leave();
  const { turns, complete } = await call.adapter.fetchTranscript!(call.session);
  assert.equal(complete, true);
  assert.ok(turns.some(({ text }) => text.includes("Miriam")));
});

test("records that go with their agent are not waited for as if they were empty", async () => {
  await using call = await makeCall();
  call.simulator.faults.agentDeletionHidesRecords = true;
  await (await call.join()).leave();
  await call.adapter.end(call.session, "person_left");
  assert.deepEqual(await call.adapter.fetchTranscript!(call.session), { turns: [], complete: false });
});

test("a record that is still being made is not complete", async () => {
  await using call = await makeCall({ timing: { processing: 3_600_000 } });
  await (await call.join()).leave();
  const { turns, complete } = await call.adapter.fetchTranscript!(call.session);
  assert.deepEqual([turns.length, complete], [1, false]);
  assert.equal(await call.adapter.isOpen!(call.session), false);
});

test("nobody's call comes into another's session: not by a list without its filter, not by a guessed tag", async () => {
  await using harness = await elevenLabsHarness({ strategy: "shared_agent" });
  const { simulator, adapter, briefing, persona } = harness;
  simulator.faults.ignoreVariableFilter = true;
  const [anna, ben] = [
    await adapter.open(
      briefing,
      persona,
      harness.binding(async () => {}),
    ),
    await adapter.open(
      briefing,
      persona,
      harness.binding(async () => {}),
    ),
  ];
  const talk = async (words: string, { join }: typeof anna, astrocyte_session?: string) => {
    const data = structuredClone(join.data!);
    if (astrocyte_session) (data["dynamic_variables"] as object) = { astrocyte_session };
    const person = await simulator.join(join.url, { initiation: data });
    person.say(words);
    await person.next(({ type }) => type === "user_transcript");
    await person.leave();
  };
  await talk("I am Anna.", anna);
  await talk("I say that I am Anna.", ben, `${anna.vendorSessionId.split(".")[0]}.guessed`);
  const { turns } = await adapter.fetchTranscript!({ sessionId: "ses_anna", ...anna });
  assert.deepEqual(
    turns.filter(({ role }) => role === "user").map(({ text }) => text),
    ["I am Anna."],
  );
});
