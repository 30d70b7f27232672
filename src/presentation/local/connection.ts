import type { RawData, WebSocket } from "ws";
import { z } from "zod";
import type { Clock } from "../../core/clock.ts";
import { openKey } from "../../core/secrets.ts";
import { LIMITS } from "./config.ts";
import type { RoomCommand } from "./protocol.ts";
import type { Room, Visitor } from "./room.ts";

const text = z.string().trim().min(1).max(LIMITS.text);
const id = z.string().regex(/^[\w.-]{1,64}$/);

const command = z.discriminatedUnion("type", [
  z.strictObject({
    type: z.literal("join"),
    token: z.string().max(512),
    after: z.int().nonnegative().optional(),
  }),
  z.strictObject({ type: z.literal("utterance"), id, text }),
  z.strictObject({ type: z.literal("interrupt") }),
  z.strictObject({ type: z.literal("say"), text }),
  z.strictObject({ type: z.literal("append_context"), text }),
  z.strictObject({
    type: z.literal("tool_result"),
    tool_call_id: z.string().max(256),
    status: z.enum(["success", "error"]),
    output: z.string().max(32_768),
  }),
  z.strictObject({ type: z.literal("leave") }),
]);

/** Bytes of one message from a page. */
export const MAX_MESSAGE_BYTES = 65_536;
const POLICY_VIOLATION = 1008;

/** Speaks with one page over its socket: nothing before a valid `join`, and no more than the limits allow. */
export function connect(
  socket: WebSocket,
  room: Room | undefined,
  { secret, clock }: { secret: string; clock: Clock },
): void {
  const allow = rateLimit(clock);
  let visitor: Visitor | undefined;
  const refuse = (code: string, message: string) => {
    socket.send(
      JSON.stringify({ seq: 0, at: new Date(clock.now()).toISOString(), type: "error", code, message }),
    );
    socket.close(POLICY_VIOLATION, code);
  };
  if (!room) {
    refuse("gone", "[local] this room is closed. Open a new session.");
    return;
  }
  const stopWaiting = clock.after(LIMITS.joinMs, () => refuse("unauthenticated", "[local] nobody joined."));

  socket.on("message", (data) => {
    if (socket.readyState !== socket.OPEN) return;
    const message = parse(data);
    if (!allow()) return refuse("rate_limited", "[local] too many messages. Send fewer.");
    if (!message) return refuse("invalid_input", "[local] that is no message of this room.");
    if (message.type === "join") {
      if (visitor || openKey(secret, "room", message.token) !== room.sessionId)
        return refuse("unauthenticated", "[local] the room's token is wrong.");
      stopWaiting();
      visitor = visitorOf(socket);
      return room.enter(visitor, message.after ?? 0);
    }
    if (!visitor) return refuse("unauthenticated", "[local] join first.");
    if (message.type === "leave") return socket.close(1000, "left");
    void room.obey(message);
  });
  socket.on("close", () => {
    stopWaiting();
    if (visitor) room.exit(visitor);
  });
  socket.on("error", () => socket.terminate());
}

function visitorOf(socket: WebSocket): Visitor {
  return {
    send(event) {
      // A page that does not read is dropped; it may come back for the rest.
      if (socket.bufferedAmount > LIMITS.backlog) return socket.terminate();
      if (socket.readyState === socket.OPEN) socket.send(JSON.stringify(event));
    },
    close: (reason) => socket.close(1000, reason),
  };
}

function parse(data: RawData): RoomCommand | undefined {
  try {
    const result = command.safeParse(JSON.parse(String(data)));
    return result.success ? (result.data as RoomCommand) : undefined;
  } catch {
    return undefined;
  }
}

function rateLimit(clock: Clock): () => boolean {
  let [tokens, at] = [LIMITS.burst, clock.now()];
  return () => {
    const now = clock.now();
    tokens = Math.min(LIMITS.burst, tokens + ((now - at) / 1000) * LIMITS.messagesPerSecond);
    at = now;
    if (tokens < 1) return false;
    tokens--;
    return true;
  };
}
