import assert from "node:assert/strict";
import { once } from "node:events";
import { after, before, test } from "node:test";
import { WebSocket } from "ws";
import { ScriptedAdapter } from "../src/testing/scripted-adapter.ts";
import { APP_KEY, makeGateway, openSession, type World } from "./gateway.fixture.ts";

const vendor = new ScriptedAdapter("scripted", { transcript: ["own"] });
let world: World;
before(async () => {
  world = await makeGateway({}, { adapters: [vendor] });
});
after(() => world.destroy());

const open = () => openSession(world, { vendor: "scripted" });
const addressOf = () => vendor.bindings.at(-1)!.socketUrl;
const end = (id: string) => world.call(`/v1/sessions/${id}/end`, { key: APP_KEY, body: {} });

/** The status of a refused upgrade, or the open socket. */
async function knock(url: string, headers: Record<string, string> = {}): Promise<WebSocket | number> {
  const socket = new WebSocket(url, { headers });
  return new Promise((resolve) => {
    socket.on("open", () => resolve(socket));
    socket.on("unexpected-response", (_request, response) => resolve(response.statusCode!));
    socket.on("error", () => {});
  });
}

test("a vendor's socket reaches its adapter with all that open was given, and what was said", async () => {
  const opened = await open();
  const turn = { key: "t1", role: "user", text: "My cat is called Momo." } as const;
  await world.composer.roomEvents(opened.session_id, [{ type: "turn", turn }]);
  await world.composer.runDue();
  const socket = (await knock(`${addressOf()}?leg=1`, { "x-vendor": "yes" })) as WebSocket;
  const { call } = vendor.sockets.at(-1)!;
  assert.equal(call.request.url, `${addressOf()}?leg=1`);
  assert.deepEqual([call.request.query, call.request.headers["x-vendor"]], [{ leg: "1" }, "yes"]);
  assert.equal(call.session.sessionId, opened.session_id);
  const { onResource: _given, ...binding } = vendor.bindings.at(-1)!;
  const { onResource: _again, ...again } = call.binding;
  assert.deepEqual(again, binding);
  assert.deepEqual(
    [call.persona, call.briefing],
    [
      vendor.running.get(call.session.vendorSessionId)!.persona,
      vendor.running.get(call.session.vendorSessionId)!.briefing,
    ],
  );
  assert.deepEqual(
    call.turns.map(({ key, text }) => [key, text]),
    [["t1", "My cat is called Momo."]],
  );
  const heard = once(socket, "message");
  socket.send("hello");
  assert.equal(String((await heard)[0]), "heard hello");
  await end(opened.session_id);
  socket.terminate();
});

test("an address is good for its session alone, and as long as that runs", async () => {
  const { session_id } = await open();
  const url = addressOf();
  assert.equal(await knock(url.replace("/scripted/", "/local/")), 404);
  assert.equal(await knock(`${url}x`), 404);
  assert.equal(await knock(url.replace(/[^/]+$/, "")), 404);
  assert.equal(await knock(url, { origin: "https://evil.test" }), 403);
  await end(session_id);
  assert.equal(await knock(url), 410);
});

test("one session cannot take every socket", async () => {
  const { session_id } = await open();
  const url = addressOf();
  const sockets = await Promise.all(Array.from({ length: 8 }, () => knock(url)));
  assert.equal(await knock(url), 429);
  const [first] = sockets as WebSocket[];
  const closed = vendor.sockets.slice(-8).map(({ socket }) => once(socket as WebSocket, "close"));
  first!.close();
  await Promise.race(closed);
  const again = await knock(url);
  assert.ok(again instanceof WebSocket);
  for (const socket of [...sockets, again] as WebSocket[]) socket.terminate();
  await end(session_id);
});

test("a message that is too large ends its socket and nothing else", async () => {
  const { session_id } = await open();
  const socket = (await knock(addressOf())) as WebSocket;
  socket.send("x".repeat(70_000));
  assert.equal((await once(socket, "close"))[0], 1009);
  assert.ok((await knock(addressOf())) instanceof WebSocket);
  await end(session_id);
});
