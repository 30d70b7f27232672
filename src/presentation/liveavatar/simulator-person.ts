import type { Row } from "../read.ts";
import { FakeLiveKitRoom } from "../simulator-livekit-room.ts";

/** A person in the room, at the level of data packets. */
export type LiveAvatarPerson = {
  room: FakeLiveKitRoom;
  /** Events of the avatar, as they came. */
  events: Row[];
  /** Says something into the microphone. */
  say(text: string): void;
  /** Sends a command, as the page does. */
  send(message: { topic?: unknown; payload?: unknown }): Promise<void>;
  /** The first event that fits, come or yet to come. */
  next(fits: (event: Row) => boolean): Promise<Row>;
  leave(): Promise<void>;
};

export async function joinRoom(url: string, token: string): Promise<LiveAvatarPerson> {
  const room = new FakeLiveKitRoom();
  const events: Row[] = [];
  const waiting = new Set<() => void>();
  room.on("dataReceived", (payload: Uint8Array, _from: unknown, _kind: unknown, topic: string) => {
    if (topic !== "agent-response") return;
    events.push(JSON.parse(new TextDecoder().decode(payload)));
    for (const check of waiting) check();
  });
  await room.connect(url, token);
  return {
    room,
    events,
    say: (text) => room.speak(text),
    async send({ topic, payload }) {
      const bytes = new TextEncoder().encode(JSON.stringify(payload));
      await room.localParticipant.publishData(bytes, { reliable: true, topic: String(topic) });
    },
    next: (fits) =>
      new Promise((resolve) => {
        const check = () => {
          const found = events.find(fits);
          if (!found) return;
          waiting.delete(check);
          resolve(found);
        };
        waiting.add(check);
        check();
      }),
    leave: () => room.disconnect(),
  };
}
