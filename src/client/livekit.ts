import type { LiveKitData, LiveKitGone, LiveKitRoom } from "./sdks.ts";
import { createToolAnswers, type ToolAnswers, toolNames } from "./tool-answers.ts";
import {
  ClientError,
  type Join,
  notLetIn,
  type ToolResult,
  type Transport,
  type TransportListener,
} from "./types.ts";

/** LiveKit's `DisconnectReason`, as far as it says not to come back. */
const BY_PAGE = 1;
const JOINED_ELSEWHERE = 2;
/** Put out, or the room is deleted or closed. */
const OVER = new Set([4, 5, 10]);

/**
 * A LiveKit room of any vendor, over the `Room` that the page made. What the vendor sends is reported as
 * `{topic, payload}`; the server's messages are such too, with `as: "text"` for a text stream in place of a packet.
 * Tools named in `join.data.tools` are called by RPC. A short loss is livekit-client's own to mend.
 */
export function createLiveKitTransport(room: LiveKitRoom, join: Join): Transport {
  const answers = createToolAnswers();
  let stop = () => {};

  return {
    async join(listener) {
      stop();
      const undo: Array<() => void> = [];
      stop = () => {
        for (const each of undo.splice(0)) each();
      };
      try {
        listen(room, listener, undo);
        offer(room, toolNames(join.data), answers, listener, undo);
        if (room.state !== "connected") await room.connect(join.url, join.token ?? "");
      } catch (cause) {
        stop();
        throw notLetIn(cause);
      }
    },
    async leave() {
      stop();
      await room.disconnect();
    },
    async send({ topic, payload, as }) {
      if (typeof topic !== "string")
        throw new ClientError("not_supported", "The server's message names no topic of the room.");
      const text = typeof payload === "string" ? payload : JSON.stringify(payload);
      if (as === "text") await room.localParticipant.sendText(text, { topic });
      else await room.localParticipant.publishData(new TextEncoder().encode(text), { reliable: true, topic });
    },
    sendToolResult: answers.answer,
  };
}

function listen(room: LiveKitRoom, listener: TransportListener, undo: Array<() => void>): void {
  const onData: LiveKitData = (bytes, _from, _kind, topic = "") => {
    const payload = parse(bytes);
    // Nobody in the room speaks for the page.
    if (payload !== undefined && !topic.startsWith("astrocyte.")) listener.report({ topic, payload });
  };
  const onGone: LiveKitGone = (reason) => {
    if (reason === BY_PAGE) listener.left();
    else if (reason === JOINED_ELSEWHERE) listener.ended("joined_elsewhere");
    else if (OVER.has(reason ?? 0)) listener.ended("room_closed");
    else listener.lost();
  };
  room.on("dataReceived", onData);
  room.on("disconnected", onGone);
  undo.push(() => {
    room.off("dataReceived", onData);
    room.off("disconnected", onGone);
  });
}

function offer(
  room: LiveKitRoom,
  tools: string[],
  answers: ToolAnswers,
  listener: TransportListener,
  undo: Array<() => void>,
): void {
  for (const name of tools) {
    room.registerRpcMethod(name, async ({ requestId: toolCallId, payload }) =>
      asJson(await answers.ask(listener, { toolCallId, name, arguments: payload })),
    );
    undo.push(() => room.unregisterRpcMethod(name));
  }
}

/** Agents read JSON, and an error that is thrown reaches them without its words. */
function asJson({ status, output }: ToolResult): string {
  try {
    JSON.parse(output);
    return output;
  } catch {
    return JSON.stringify({ [status === "error" ? "error" : "result"]: output });
  }
}

/** What is no JSON is none of the vendor's events. */
function parse(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return undefined;
  }
}
