import assert from "node:assert/strict";
import { test } from "node:test";
import { sealKey } from "../../core/secrets.ts";
import type { SocketCall, VendorSocket, VendorTurn } from "../../presentation/adapter.ts";
import { makeComposer, REQUEST } from "../composer.fixture.ts";

const turn = (key: string, at: number, more: Partial<VendorTurn> = {}) => ({
  type: "turn" as const,
  turn: { key, role: "user" as const, text: `words of ${key}`, at, ...more },
});

test("who comes back is told what was said, worked off or not, each turn once", async () => {
  const world = await makeComposer();
  const { composer, vendor, parts, clock } = world;
  try {
    const calls: SocketCall[] = [];
    Object.assign(vendor, { connect: (_socket: VendorSocket, call: SocketCall) => calls.push(call) });
    const { session } = await composer.open(REQUEST);
    const at = clock.now();
    await composer.roomEvents(session.id, [turn("a", at + 1), turn("b", at + 2, { role: "agent" })]);
    await composer.runDue();
    // Nothing works these off before the socket comes.
    await parts.store.inbox.accept({
      ...{ id: "waiting", sessionId: session.id, channel: "local", receivedAt: at, attempts: 0 },
      payload: JSON.stringify([
        turn("b", at + 2, { role: "agent", interrupted: true, heard: "words" }),
        turn("c", at + 3),
        { type: "left", who: "person" },
      ]),
    });
    await parts.store.inbox.accept({
      ...{ id: "another's", sessionId: "ses_other", channel: "local", receivedAt: at, attempts: 0 },
      payload: JSON.stringify([turn("d", at + 4)]),
    });
    const secret = sealKey(parts.secret, "socket", session.id);
    const request = { url: "wss://gateway.test", body: new Uint8Array(), headers: {}, query: {} };
    (await composer.socket("scripted", secret, request))(undefined as never);
    assert.deepEqual(
      calls[0]!.turns.map(({ key, heard }) => [key, heard]),
      [
        ["a", undefined],
        ["b", "words"],
        ["c", undefined],
      ],
    );
  } finally {
    await world.destroy();
  }
});
