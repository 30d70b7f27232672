import { z } from "zod";
import { type Clock, toIso } from "../../core/clock.ts";
import type { VendorSocket } from "../adapter.ts";
import { LIMITS } from "./limits.ts";
import type { RoomCommand } from "./protocol.ts";
import type { Room, Visitor } from "./room.ts";

const text = z.string().trim().min(1).max(LIMITS.text);
const id = z.string().regex(/^[\w.-]{1,64}$/);

const command = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("join"), after: z.int().nonnegative().optional() }),
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

const POLICY_VIOLATION = 1008;
const TRY_AGAIN = 1013;

/** Speaks with one page over its socket: nothing before `join`, and no more than the limits allow. */
export function converse(socket: VendorSocket, room: Room | undefined, clock: Clock): void {
  const allow = rateLimit(clock);
  let visitor: Visitor | undefined;
  let closed = false;
  const close = (code: number, reason: string) => {
    closed = true;
    socket.close(code, reason);
  };
  const refuse = (code: string, message: string) => {
    socket.send(JSON.stringify({ seq: 0, at: toIso(clock.now()), type: "error", code, message }));
    close(POLICY_VIOLATION, code);
  };
  const enter = (room: Room, after = 0) => {
    stopWaiting();
    visitor = {
      send(event) {
        if (closed) return;
        // A page that does not read is dropped; it may come back for the rest.
        if (socket.bufferedAmount > LIMITS.backlog) return close(TRY_AGAIN, "too slow");
        socket.send(JSON.stringify(event));
      },
      close: (reason) => close(1000, reason),
    };
    room.enter(visitor, after);
  };
  if (!room) {
    refuse("gone", "[local] this room is closed. Open a new session.");
    return;
  }
  const stopWaiting = clock.after(LIMITS.joinMs, () => refuse("unauthenticated", "[local] nobody joined."));

  socket.on("message", (data) => {
    if (closed) return;
    const message = parse(data);
    if (!allow()) return refuse("rate_limited", "[local] too many messages. Send fewer.");
    if (!message) return refuse("invalid_input", "[local] that is no message of this room.");
    if (message.type === "join" && !visitor) return enter(room, message.after);
    if (message.type === "join") return refuse("conflict", "[local] you are in already.");
    if (!visitor) return refuse("unauthenticated", "[local] join first.");
    if (message.type === "leave") return close(1000, "left");
    void room.obey(message);
  });
  socket.on("close", () => {
    closed = true;
    stopWaiting();
    if (visitor) room.exit(visitor);
  });
  // What a socket reports it also closes for.
  socket.on("error", () => {});
}

function parse(data: Buffer): RoomCommand | undefined {
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
