import type { DailyCall } from "./sdks.ts";
import { createTavusReader, MAX_MESSAGE_BYTES, sizeOf } from "./tavus.ts";
import { ClientError, type Join, notLetIn, type Transport, type TransportListener } from "./types.ts";

/** Tavus's room at Daily, over the call object that the page made. Camera and sound are the page's. */
export function createDailyTransport(call: DailyCall, join: Join): Transport {
  const read = createTavusReader();
  // The room is called like the conversation.
  const conversationId = new URL(join.url).pathname.split("/").at(-1) ?? "";
  let stop = () => {};

  function send(message: Record<string, unknown>): void {
    const bytes = sizeOf(message);
    if (bytes > MAX_MESSAGE_BYTES) {
      throw new ClientError(
        "message_too_large",
        `The room takes ${MAX_MESSAGE_BYTES} bytes, the message has ${bytes}.`,
      );
    }
    call.sendAppMessage(message, "*");
  }

  return {
    async join(listener) {
      stop();
      stop = listen(call, read, conversationId, listener);
      try {
        if (call.meetingState() !== "joined-meeting") await call.join(entry(join));
      } catch (cause) {
        stop();
        throw notLetIn(cause);
      }
    },
    async leave() {
      stop();
      stop = () => {};
      await call.leave();
    },
    send,
    tellsTranscript: true,
  };
}

function listen(
  call: DailyCall,
  read: ReturnType<typeof createTavusReader>,
  conversationId: string,
  listener: TransportListener,
): () => void {
  const onMessage = (event: Record<string, unknown>) => {
    const message = event["data"];
    if (
      !isRecord(message) ||
      message["conversation_id"] !== conversationId ||
      !isFromAvatar(call, event["fromId"])
    )
      return;
    const { transcript, toolCall, ended, report } = read(message);
    if (report) listener.report(message);
    if (transcript) listener.transcript(transcript);
    if (toolCall) listener.toolCall(toolCall);
    if (ended !== undefined) listener.ended(ended);
  };
  let broken = false;
  // Daily tells of a fatal error first, and of nothing when the person pressed its button.
  const onError = () => {
    broken = true;
  };
  const onLeft = () => (broken ? listener.lost() : listener.left());
  call.on("app-message", onMessage);
  call.on("error", onError);
  call.on("left-meeting", onLeft);
  return () => {
    call.off("app-message", onMessage);
    call.off("error", onError);
    call.off("left-meeting", onLeft);
  };
}

/** Anybody in the room can send. Where more people are, only the avatar is believed. */
function isFromAvatar(call: DailyCall, sender: unknown): boolean {
  const others = Object.entries(call.participants?.() ?? {}).filter(([, each]) => each.local !== true);
  const known = others.find(([id]) => id === sender)?.[1];
  return others.length <= 1 || known === undefined || (known.user_id ?? "").includes("tavus-replica");
}

function entry({ url, token }: Join): { url: string; token?: string } {
  return token === undefined ? { url } : { url, token };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
