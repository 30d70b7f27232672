import assert from "node:assert/strict";
import { AstrocyteError } from "../../core/errors.ts";
import { sealKey } from "../../core/secrets.ts";
import { REQUEST, scenario, type World } from "../composer.fixture.ts";

const code = (expected: string) => (error: unknown) => AstrocyteError.is(error) && error.code === expected;
const SAID = { type: "turn", turn: { key: "t1", role: "user", text: "My cat is called Momo." } };

function callback(message: object, signature = "good") {
  const body = new TextEncoder().encode(JSON.stringify(message));
  const headers = { "x-scripted-signature": signature };
  return { body, headers, url: "https://gateway.test/v1/webhooks/scripted", query: {} };
}

async function wordsOf({ composer }: World, id: string): Promise<string[]> {
  await composer.runDue();
  return (await composer.transcript(id)).map(({ text }) => text);
}

scenario("a callback of the account goes to the session that it names, by either id, once", async (world) => {
  const first = (await world.composer.open(REQUEST)).session;
  const second = (await world.composer.open(REQUEST)).session;
  const told = { ours: second.id, id: "v2", events: [SAID] };
  for (let twice = 0; twice < 2; twice++) {
    await world.composer.accountWebhook("scripted", callback({ id: "v1", events: [SAID] }));
    await world.composer.accountWebhook("scripted", callback(told));
  }
  assert.deepEqual(await wordsOf(world, first.id), ["My cat is called Momo."]);
  assert.deepEqual(await wordsOf(world, second.id), ["My cat is called Momo."]);
});

scenario("one of another agent of the account is answered and leaves nothing", async (world) => {
  const { session } = await world.composer.open(REQUEST);
  for (const stranger of [{ id: "elsewhere" }, { ours: "ses_unknown" }, {}]) {
    const sent = callback({ ...stranger, events: [SAID] });
    assert.equal(await world.composer.accountWebhook("scripted", sent), undefined);
  }
  assert.deepEqual(await world.parts.store.inbox.pending(10, 8), []);
  assert.deepEqual(await wordsOf(world, session.id), []);
});

scenario("a forged one, or one of a vendor that calls no such address, is refused", async (world) => {
  const { session } = await world.composer.open(REQUEST);
  const forged = callback({ id: "v1", events: [SAID] }, "guess");
  await assert.rejects(world.composer.accountWebhook("scripted", forged), code("unauthenticated"));
  Object.assign(world.vendor, { sessionOfWebhook: undefined });
  const sent = callback({ id: "v1", events: [SAID] });
  await assert.rejects(world.composer.accountWebhook("scripted", sent), code("not_supported"));
  assert.deepEqual(await wordsOf(world, session.id), []);
});

scenario(
  "a vendor is answered in its own words, and told how to go on while the session runs",
  async (world) => {
    world.vendor.webhookReply = (_request, call) => ({
      status: 200,
      contentType: "text/xml",
      body: call
        ? `<Connect url="${call.binding.socketUrl}">${call.briefing.greeting}</Connect>`
        : "<Hangup/>",
    });
    const { session } = await world.composer.open(REQUEST);
    const secret = sealKey(world.parts.secret, "webhook", session.id);
    const ask = () => world.composer.webhook("scripted", secret, callback({ id: "v1", events: [] }));
    const { socketUrl } = world.vendor.bindings[0]!;
    assert.equal((await ask())?.body, `<Connect url="${socketUrl}">Hello Anna</Connect>`);
    await world.composer.end(session.id, "client");
    assert.equal((await ask())?.body, "<Hangup/>");
  },
);

scenario("a session's id at its vendor may become known later; nobody takes another's", async (world) => {
  const { session } = await world.composer.open(REQUEST);
  const other = (await world.composer.open(REQUEST)).session;
  const identify = (id: string) => ({
    ours: session.id,
    id: "v1",
    events: [{ type: "identified", vendorSessionId: id }],
  });
  const vendorIdOf = async (id: string) => (await world.composer.get(id)).vendorSessionId;
  await world.composer.accountWebhook("scripted", callback(identify("v2")));
  const page = [{ events: [{ type: "identified", vendorSessionId: "of-a-stranger" }] }];
  await world.composer.clientEvents(session.id, page);
  await world.composer.runDue();
  assert.deepEqual([await vendorIdOf(session.id), await vendorIdOf(other.id)], ["v1", "v2"]);
  await world.composer.accountWebhook("scripted", callback(identify("conv_1")));
  await world.composer.runDue();
  assert.equal(await vendorIdOf(session.id), "conv_1");
  await world.composer.accountWebhook("scripted", callback({ id: "conv_1", events: [SAID] }));
  assert.deepEqual(await wordsOf(world, session.id), ["My cat is called Momo."]);
  const types = (await world.composer.events(session.id, 0)).map(({ type }) => type);
  assert.equal(types.filter((type) => type === "identity_refused").length, 2);
});

scenario(
  "a relayed tool call is answered with the message that the vendor's channel takes",
  async (world) => {
    const { session } = await world.composer.open(REQUEST);
    const call = { toolCallId: "c1", name: "remember", arguments: { fact: "I like tea." } };
    assert.equal((await world.composer.relayedTool(session.id, call)).message, undefined);
    world.vendor.toolResultInstruction = ({ vendorSessionId }, { toolCallId, name, output }) => ({
      conversation: vendorSessionId,
      ...{ toolCallId, name, output },
    });
    const { message } = await world.composer.relayedTool(session.id, call);
    assert.deepEqual(message, {
      conversation: "v1",
      toolCallId: "c1",
      name: "remember",
      output: "Remembered.",
    });
  },
);
