import assert from "node:assert/strict";
import { test } from "node:test";
import { type PresenceMessage, readPresence } from "./presence.ts";

test("a page's report of its person is read, whatever the room", () => {
  const at = "2026-03-01T10:00:00.000Z";
  const joined: PresenceMessage = { topic: "astrocyte.presence", payload: { what: "joined", at } };
  assert.deepEqual(readPresence(joined), { type: "joined", who: "person", at: Date.parse(at) });
  assert.deepEqual(readPresence({ topic: "astrocyte.presence", payload: { what: "left" } }), {
    type: "left",
    who: "person",
  });
});

test("what is no report, or a broken one, means nothing", () => {
  const broken = [{ what: "ended" }, "left", null, undefined];
  for (const payload of broken)
    assert.equal(readPresence({ topic: "astrocyte.presence", payload }), undefined);
  assert.equal(readPresence({ topic: "chat/answer", payload: { what: "joined" } }), undefined);
  assert.equal(readPresence({}), undefined);
});
