import type { RoomCommand, RoomEvent } from "../presentation/local/protocol.ts";
import {
  ClientError,
  type Host,
  type Join,
  notLetIn,
  type Transport,
  type TransportListener,
} from "./types.ts";

const SILENCE_MS = 2_000;

/** Our own room (`presentation/local`), over a WebSocket. It tells the server everything itself. */
export function createRoomTransport(join: Join, host: Host): Transport {
  let socket: WebSocket | undefined;
  let last = 0;
  const send = (command: RoomCommand) => {
    if (socket?.readyState !== 1)
      throw new ClientError("unreachable", "The room is not connected. Try again in a moment.");
    socket.send(JSON.stringify(command));
  };

  return {
    join(listener) {
      const opened = new host.WebSocket(join.url.replace(/^http/, "ws"));
      socket = opened;
      return new Promise((resolve, reject) => {
        let inside = false;
        let stopWaiting = () => {};
        const enter = () => {
          stopWaiting();
          inside = true;
          resolve();
        };
        opened.addEventListener("open", () => {
          send({ type: "join", ...(last > 0 && { after: last }) });
          // A room that takes somebody back, and has nothing to tell, is silent.
          stopWaiting = host.after(SILENCE_MS, enter);
        });
        opened.addEventListener("message", ({ data }) => {
          const event = JSON.parse(String(data)) as RoomEvent;
          if (event.seq <= last && event.type !== "error") return;
          last = Math.max(last, event.seq);
          // Before anything else is told, a refusal is an error.
          if (event.type !== "error") enter();
          tell(listener, event);
        });
        opened.addEventListener("close", () => {
          stopWaiting();
          if (!inside) reject(notLetIn());
          else if (socket === opened) listener.lost();
        });
      });
    },
    async leave() {
      const leaving = socket;
      socket = undefined;
      if (leaving?.readyState === 1) leaving.send(JSON.stringify({ type: "leave" } satisfies RoomCommand));
      leaving?.close(1000);
    },
    send: (message) => send(message as RoomCommand),
    sendToolResult: ({ toolCallId, status, output }) =>
      send({ type: "tool_result", tool_call_id: toolCallId, status, output }),
    respond: (text) => send({ type: "utterance", id: crypto.randomUUID(), text }),
    interrupt: () => send({ type: "interrupt" }),
    tellsTranscript: true,
    presenceKnown: true,
  };
}

function tell(listener: TransportListener, event: RoomEvent): void {
  if (event.type === "utterance.delta") {
    const { id, role, text } = event;
    listener.transcript({ id, role, text, final: false });
  } else if (event.type === "utterance") {
    const { id, role, text, heard, interrupted } = event;
    const cut = { ...(heard !== undefined && { heard }), ...(interrupted && { interrupted }) };
    listener.transcript({ id, role, text, final: true, ...cut });
  } else if (event.type === "tool_call") {
    listener.toolCall({ toolCallId: event.tool_call_id, name: event.name, arguments: event.arguments });
  } else if (event.type === "ended") {
    listener.ended(event.reason);
  } else if (event.type === "error") {
    listener.error(new ClientError(event.code, event.message));
  }
}
