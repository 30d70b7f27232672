import assert from "node:assert/strict";
import { test } from "node:test";
import type { TurnRow } from "../store.ts";
import { trustedTurns } from "./turns.ts";

function turn(key: string, at: number, channel: string): TurnRow {
  const said = { role: "user" as const, text: key, heard: null, interrupted: false };
  return { sessionId: "ses_1", key, ...said, at, channel, retainedAt: null };
}

test("the vendor's record is one, whether it was told or fetched; what the page said gives way to it", () => {
  // A session of two conversations: one was told of late, after the other had been fetched.
  const turns = [
    turn("second", 2, "webhook"),
    turn("first", 1, "pull"),
    turn("as the page heard it", 1, "client"),
  ];
  assert.deepEqual(
    trustedTurns(turns).map(({ key }) => key),
    ["first", "second"],
  );
  assert.deepEqual(trustedTurns([turn("page", 1, "client"), turn("room", 2, "local")]).length, 1);
  assert.deepEqual(trustedTurns([]), []);
});
