import assert from "node:assert/strict";
import { test } from "node:test";
import type { Conversation, PartialOptions } from "@elevenlabs/client";
import type { Room } from "livekit-client";
import type {
  ElevenLabsConversation,
  ElevenLabsOptions,
  ElevenLabsStarter,
  LiveKitRoom,
} from "../../src/client/index.ts";

/* What `connect` takes of the vendors' libraries must be what they are: `npm run check` fails otherwise. */

type Fits<Real extends Ours, Ours> = [Real, Ours];
type KeysOf<T> = T extends unknown ? keyof T : never;
export type Checked = [
  Fits<Room, LiveKitRoom>,
  Fits<typeof Conversation, ElevenLabsStarter>,
  Fits<Conversation, ElevenLabsConversation>,
  Fits<ElevenLabsOptions, PartialOptions>,
  Fits<KeysOf<ElevenLabsOptions>, KeysOf<PartialOptions>>,
];

test("the names that we listen to are livekit-client's and LiveKit's", async () => {
  const { RoomEvent, DisconnectReason, ConnectionState } = await import("livekit-client");
  const names = [RoomEvent.DataReceived, RoomEvent.Disconnected, ConnectionState.Connected];
  assert.deepEqual(names, ["dataReceived", "disconnected", "connected"]);
  const { CLIENT_INITIATED, DUPLICATE_IDENTITY, PARTICIPANT_REMOVED, ROOM_DELETED, ROOM_CLOSED } =
    DisconnectReason;
  assert.deepEqual(
    [CLIENT_INITIATED, DUPLICATE_IDENTITY, PARTICIPANT_REMOVED, ROOM_DELETED, ROOM_CLOSED],
    [1, 2, 4, 5, 10],
  );
});
