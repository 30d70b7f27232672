import { WebSocket } from "ws";
import { asRow } from "../read.ts";
import { SPEECH } from "./simulator-socket.ts";
import type { Row } from "./simulator-world.ts";

/** A person with a page, at the conversation's socket. Keeps all that it is sent. */
export type ElevenLabsPerson = {
  readonly received: Row[];
  readonly conversationId: string;
  /** Speaks; the agent is cut off when it still speaks. */
  say(words: string): void;
  /** Types instead. */
  type(words: string): void;
  /** Sends any message, such as one that the gateway made. */
  send(message: Row): void;
  /** The first message, past or to come, that fits. */
  next(fits: (message: Row) => boolean): Promise<Row>;
  /** What the agent says next, from now on. */
  hear(): Promise<string>;
  /** Close code and reason, once the line is cut. */
  readonly closed: Promise<{ code: number; reason: string }>;
  leave(): Promise<void>;
};

/** How a person joins a talk. */
export type JoinOptions = {
  /** What the page sends first: `data` of the session's join. */
  initiation?: Row | undefined;
  /** Told of each message, before the tools are. */
  onMessage?: ((message: Row) => void) | undefined;
  /** Runs the agent's client tools. */
  onTool?(call: { tool_name: string; tool_call_id: string; parameters: Row }): Promise<Row>;
};

/** Joins by a signed url. Rejects when the line is cut before the talk begins. */
export async function joinTalk(signedUrl: string, options: JoinOptions = {}): Promise<ElevenLabsPerson> {
  const socket = new WebSocket(signedUrl, ["convai"]);
  const received: Row[] = [];
  const waiting = new Set<() => void>();
  const closed = new Promise<{ code: number; reason: string }>((resolve) => {
    socket.on("close", (code, reason) => {
      resolve({ code, reason: String(reason) });
      for (const check of waiting) check();
    });
  });
  const send = (message: Row) => socket.send(JSON.stringify(message));
  socket.on("message", (data) => {
    const message = asRow(JSON.parse(String(data)));
    received.push(message);
    options.onMessage?.(message);
    if (message["type"] === "ping")
      send({ type: "pong", event_id: asRow(message["ping_event"])["event_id"] });
    if (message["type"] === "client_tool_call" && options.onTool)
      void options.onTool(asRow(message["client_tool_call"]) as never).then(send);
    for (const check of waiting) check();
  });
  const next = (fits: (message: Row) => boolean, from = 0) =>
    new Promise<Row>((resolve, reject) => {
      const check = () => {
        const found = received.slice(from).find(fits);
        if (!found && socket.readyState !== WebSocket.CLOSED) return;
        waiting.delete(check);
        if (found) resolve(found);
        else reject(new Error("[elevenlabs simulator] the line was cut"));
      };
      waiting.add(check);
      check();
    });
  await new Promise((resolve, reject) => socket.once("open", resolve).once("error", reject));
  send({ type: "conversation_initiation_client_data", ...ofTheWire(options.initiation ?? {}) });
  const metadata = await next(({ type }) => type === "conversation_initiation_metadata");
  return {
    received,
    closed,
    conversationId: String(asRow(metadata["conversation_initiation_metadata_event"])["conversation_id"]),
    send,
    next: (fits) => next(fits),
    say: (words) => send({ user_audio_chunk: Buffer.from(SPEECH + words).toString("base64") }),
    type: (text) => send({ type: "user_message", text }),
    async hear() {
      const message = await next(({ type }) => type === "agent_response", received.length);
      return String(asRow(message["agent_response_event"])["agent_response"]);
    },
    async leave() {
      socket.close(1000);
      await closed;
    },
  };
}

const WIRE = ["conversation_config_override", "custom_llm_extra_body", "dynamic_variables", "user_id"];

/** What of a session's join data goes to ElevenLabs; the rest is for the page itself. */
function ofTheWire(data: Row): Row {
  return Object.fromEntries(Object.entries(data).filter(([name]) => WIRE.includes(name)));
}
