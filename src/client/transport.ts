import { createDailyTransport } from "./daily.ts";
import { createElevenLabsTransport } from "./elevenlabs.ts";
import { createLiveKitTransport } from "./livekit.ts";
import { createRoomTransport } from "./room.ts";
import { ClientError, type ConnectOptions, type Host, type Transport } from "./types.ts";

/** The way into the session's room. Errors: a `ClientError` that says what the page has to bring. */
export function transportFor(options: ConnectOptions, host: Host): Transport {
  const { join, daily, room, conversation } = options;
  if (options.transport) return options.transport;
  switch (join.kind) {
    case "local":
      return createRoomTransport(join, host);
    case "daily":
      if (daily) return createDailyTransport(daily, join);
      throw missing("Daily's", "daily", "@daily-co/daily-js", "daily: Daily.createCallObject()");
    case "livekit":
      if (room) return createLiveKitTransport(room, join);
      throw missing("LiveKit's", "livekit", "livekit-client", "room: new Room()");
    case "elevenlabs":
      if (conversation) return createElevenLabsTransport(conversation, join);
      throw missing("ElevenLabs's", "elevenlabs", "@elevenlabs/client", "conversation: Conversation");
    case "telephone":
      throw new ClientError(
        "nothing_to_join",
        `The call is on the telephone (${join.url}): show the number. To follow it here, pass a transport.`,
      );
    default:
      throw new ClientError(
        "unknown_room",
        `Rooms of kind "${join.kind}" are not built in. Pass a transport over the vendor's own SDK.`,
      );
  }
}

function missing(whose: string, kind: string, library: string, option: string): ClientError {
  const message = `This room is ${whose}. Install ${library} and pass \`${option}\`.`;
  return new ClientError(`${kind}_missing`, message);
}
