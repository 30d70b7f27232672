import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";
import { type TestContext, test } from "node:test";
import { BRIEFING, bindingFor } from "../../testing/adapter/samples.ts";
import { SimulatedRpcError } from "../simulator-livekit-peer.ts";
import { FakeLiveKitRoom } from "../simulator-livekit-room.ts";
import { dIdDialect } from "./dialect.ts";
import contract from "./fixtures/contract.json" with { type: "json" };
import { type DIdHarness, dIdHarness } from "./harness.fixture.ts";

type Row = Record<string, unknown>;
const keys = (value: unknown) => Object.keys(value as Row).sort();

/** A page in the room of a fresh session; `heard` resolves with the next packets of those topics. */
async function visit(harness: DIdHarness, brainUrl?: string) {
  const over = brainUrl === undefined ? {} : { brain: { ...bindingFor("d-id").brain, baseUrl: brainUrl } };
  const opened = await harness.adapter.open(BRIEFING, harness.persona, bindingFor("d-id", over));
  const room = new FakeLiveKitRoom();
  const packets: Array<{ topic: string; body: Row }> = [];
  room.on("dataReceived", (bytes: Uint8Array, _from: unknown, _kind: unknown, topic: string) => {
    packets.push({ topic, body: JSON.parse(new TextDecoder().decode(bytes)) });
    room.emit("packet");
  });
  await room.connect(opened.join.url, opened.join.token!);
  const heard = async (topic: string): Promise<Row> => {
    for (;;) {
      const found = packets.find((packet) => packet.topic === topic);
      if (found) return found.body;
      await once(room, "packet");
    }
  };
  return { room, opened, packets, heard };
}

/** A custom model that answers in one piece, and keeps what it was asked. */
async function customModel(t: TestContext, answer: object, status = 200) {
  const asked: Array<{ url: string; headers: IncomingHttpHeaders; body: Row }> = [];
  const server = createServer(async (req, res) => {
    const body = JSON.parse(Buffer.concat(await req.toArray()).toString());
    asked.push({ url: req.url ?? "", headers: req.headers, body });
    const events = `data: ${JSON.stringify({ choices: [{ delta: answer }] })}\n\ndata: [DONE]\n\n`;
    const stream = body.stream && status === 200;
    res.writeHead(status, { "content-type": stream ? "text/event-stream" : "application/json" });
    res.end(stream ? events : JSON.stringify(answer));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => server.close().closeAllConnections());
  return { asked, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1` };
}

test("the custom model is called at exactly its address, as the contract has it, and our dialect reads it", async (t) => {
  await using harness = await dIdHarness({ custom_llm: true });
  const model = await customModel(t, { content: "Well done." });
  const { room, heard } = await visit(harness, model.url);
  room.speak("I ran.");
  assert.equal((await heard("chat/answer"))["content"], "Well done.");
  const [{ url, headers, body }] = model.asked as [(typeof model.asked)[number]];
  assert.equal(url, "/v1/dialects/d-id");
  assert.ok(headers["x-api-key"]?.includes("brain-key") && headers.authorization === undefined);
  assert.deepEqual(keys(body), keys(contract.customLlmOutboundRequest.body));
  for (const message of body["messages"] as Row[])
    assert.deepEqual(keys(message), keys(contract.customLlmOutboundRequest.body.messages[0]));
  const plain = dIdDialect.request(body);
  assert.deepEqual(keys(plain), ["messages", "stream"]);
  assert.deepEqual((plain["messages"] as Row[]).at(-1), { role: "user", content: "I ran." });
  await room.disconnect();
});

test("a custom model that fails is told to the page, and the turn ends", async (t) => {
  await using harness = await dIdHarness({ custom_llm: true });
  const model = await customModel(t, contract.customLlmOutboundRequest.errorResponse, 500);
  const { room, heard, packets } = await visit(harness, model.url);
  room.speak("I ran.");
  await heard("turn/ended");
  assert.ok(packets.some(({ topic }) => topic === "stream-video/error"));
  assert.ok(!packets.some(({ topic }) => topic === "chat/answer"));
  await room.disconnect();
});

test("tools are called by RPC under their name, and told of in the contract's shapes", async () => {
  const call = { id: "c1", name: "look_up", arguments: '{"what":"a time"}' };
  let round = 0;
  const think = () => (round++ % 2 === 0 ? { text: "", toolCalls: [call] } : { text: "It is noon." });
  await using harness = await dIdHarness({}, { think });
  const { room, heard, packets } = await visit(harness);
  const asked: string[] = [];
  room.registerRpcMethod("look_up", async ({ payload }) => {
    asked.push(payload);
    return '{"time":"noon"}';
  });
  room.speak("What time is it?");
  await heard("chat/answer");
  assert.deepEqual(asked, ['{"what":"a time"}']);
  const { subject: _a, ...started } = await heard("tool-call/started");
  const { subject: _b, ...done } = await heard("tool-call/done");
  assert.deepEqual(keys(started), keys(contract.toolEvents.started));
  assert.deepEqual([keys(done), done["output"]], [keys(contract.toolEvents.done), { time: "noon" }]);

  packets.length = 0;
  room.unregisterRpcMethod("look_up");
  room.registerRpcMethod("look_up", async () => {
    throw new SimulatedRpcError(1500, "broken");
  });
  room.speak("And now?");
  const { subject: _c, ...failed } = await heard("tool-call/error");
  assert.deepEqual(keys(failed), keys(contract.toolEvents.error));
  await room.disconnect();
});

test("only known subjects go out, and the reason goes before the agent", async () => {
  await using harness = await dIdHarness();
  const { room, opened, packets, heard } = await visit(harness);
  room.speak("Hello.");
  await heard("turn/ended");
  const gone = once(room, "disconnected");
  harness.simulator.end(opened.vendorSessionId, "time_limit");
  await gone;
  assert.deepEqual(packets.at(-1), {
    topic: "stream/done",
    body: { subject: "stream/done", reason: "time_limit" },
  });
  for (const { topic } of packets)
    assert.ok(contract.sessionV2.serverToClientSubjects.includes(topic), topic);
});

test("the API answers in the contract's shapes, and errors name their kind", async () => {
  await using harness = await dIdHarness();
  const { url, apiKey } = harness.simulator;
  const call = async (method: string, path: string, body?: object, authorization = `Basic ${apiKey}`) => {
    const headers = { authorization, "content-type": "application/json" };
    const answer = await fetch(url + path, { method, headers, ...(body && { body: JSON.stringify(body) }) });
    return { status: answer.status, body: (await answer.json()) as Row };
  };
  const talk = contract.createAgent.request.body;
  const made = await call("POST", "/agents", talk);
  const id = made.body["id"] as string;
  assert.ok(contract.createAgent.statuses.includes(made.body["status"] as string));
  await call("GET", `/agents/${id}`);
  const stream = await call("POST", `/agents/${id}/streams`, contract.legacyStream.create.body);
  assert.deepEqual(keys(stream.body), keys(contract.legacyStream.createResponse));
  const { id: streamId, session_id } = stream.body;
  const spoken = await call("POST", `/agents/${id}/streams/${streamId}`, {
    ...contract.legacyStream.speak.body,
    session_id,
  });
  assert.deepEqual(keys(spoken.body), keys(contract.legacyStream.speak.response));
  const closed = await call("DELETE", `/agents/${id}/streams/${streamId}`, { session_id });
  assert.deepEqual(closed.body, contract.legacyStream.close.response);
  const chat = await call("POST", `/agents/${id}/chat`, contract.chat.create.body);
  assert.deepEqual(keys(chat.body), keys(contract.chat.createResponse));
  const exported = await call("POST", "/agents/chats/exports", { agent_id: id });
  assert.deepEqual(keys(exported.body), keys(contract.transcriptExport.createResponse));

  for (const bad of [
    await call("POST", `/v2/agents/${id}/sessions`, contract.sessionV2.request.body),
    await call("POST", "/agents", { ...talk, presenter: { type: "hologram" } }),
    await call("GET", `/agents/${id}`, undefined, "Basic wrong"),
    await call("GET", "/agents/agt_unknown"),
  ]) {
    assert.deepEqual(keys(bad.body), keys(contract.errorShape));
    assert.ok(bad.status >= 400 && String(bad.body["kind"]).endsWith("Error"));
  }
});
