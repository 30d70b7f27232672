import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { type WebSocket, WebSocketServer } from "ws";
import { asRow } from "../read.ts";
import { active, begin, context, fail, hear, newConversation } from "./simulator-conversation.ts";
import { endTalk } from "./simulator-end.ts";
import { needsAuth } from "./simulator-routes.ts";
import {
  newId,
  partsOf,
  type Row,
  type SimAgent,
  type SimConversation,
  type World,
} from "./simulator-world.ts";

const CONVERSATION = "/v1/convai/conversation";
const MONITOR = /^\/v1\/convai\/conversations\/([^/]+)\/monitor$/;

/** The conversation's socket (contract §A.10), and the one that watches and steers it. */
export function createSockets(world: World) {
  const server = new WebSocketServer({
    noServer: true,
    handleProtocols: (offered) => (offered.has("convai") ? "convai" : false),
  });
  return {
    upgrade(request: IncomingMessage, socket: Duplex, head: Buffer) {
      const url = new URL(request.url ?? "/", "http://simulator");
      const accept = (use: (socket: WebSocket) => void) => server.handleUpgrade(request, socket, head, use);
      const monitored = MONITOR.exec(url.pathname)?.[1];
      if (monitored !== undefined) {
        const conversation = world.conversations.get(decodeURIComponent(monitored));
        if (request.headers["xi-api-key"] !== world.apiKey) return refuse(socket, 401);
        if (conversation?.status !== "in-progress") return refuse(socket, 404);
        if (partsOf(conversation.agent).conversation["monitoring_enabled"] !== true)
          return refuse(socket, 403);
        return accept((socket) => monitor(world, conversation, socket));
      }
      if (url.pathname !== CONVERSATION) return refuse(socket, 404);
      accept((socket) => talk(world, url.searchParams, socket));
    },
    close(): void {
      for (const client of server.clients) client.terminate();
      server.close();
    },
  };
}

function refuse(socket: Duplex, status: number): void {
  socket.end(`HTTP/1.1 ${status} Refused\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}

function talk(world: World, query: URLSearchParams, socket: WebSocket) {
  const agent = world.agents.get(query.get("agent_id") ?? "");
  const id = agent && wayIn(world, agent, query);
  if (!agent || id === undefined) return socket.close(1008, "Invalid or expired signature.");
  if (isFull(world, agent)) return socket.close(1008, "The agent's concurrency limit is reached.");
  const conversation = newConversation(world, id, agent, {
    send: (message) => socket.readyState === socket.OPEN && socket.send(JSON.stringify(message)),
    hangUp: (code, reason) => socket.close(code, reason),
  });
  socket.on("message", (data) => receive(world, conversation, String(data)));
  socket.on("close", (code) => endTalk(world, conversation, `Client disconnected: ${code}`, 1000));
}

/** The id of the conversation that this way in opens; `undefined` when it is closed. */
function wayIn(world: World, agent: SimAgent, query: URLSearchParams): string | undefined {
  const signature = query.get("conversation_signature") ?? "";
  const way = world.ways.get(signature);
  if (!way) return needsAuth(agent) ? undefined : newId(world, "conv");
  if (way.agentId !== agent.id || way.expiresAt < world.clock.now()) return undefined;
  if (way.conversationId !== undefined) world.ways.delete(signature);
  return way.conversationId ?? newId(world, "conv");
}

function isFull(world: World, agent: SimAgent): boolean {
  const limit = Number(asRow(partsOf(agent).platform["call_limits"])["agent_concurrency_limit"] ?? -1);
  const running = [...world.conversations.values()].filter(
    (each) => each.agent.id === agent.id && each.endedAt === undefined,
  );
  return limit >= 0 && running.length >= limit;
}

/** A chunk of audio that says what it sounds like: the simulator hears no waves. */
export const SPEECH = "speech:";

function receive(world: World, conversation: SimConversation, data: string) {
  const message = parse(data);
  if (!message) return fail(world, conversation, 1008, "invalid_message");
  if (conversation.status === "initiated") {
    if (message["type"] !== "conversation_initiation_client_data")
      return fail(world, conversation, 1008, "missing_fields");
    return begin(world, conversation, message);
  }
  if (typeof message["user_audio_chunk"] === "string") {
    const sound = Buffer.from(message["user_audio_chunk"], "base64").toString("utf8");
    if (sound.startsWith(SPEECH)) hear(world, conversation, sound.slice(SPEECH.length), "audio");
    return;
  }
  switch (message["type"]) {
    case "user_message":
      return hear(world, conversation, String(message["text"] ?? ""), "text");
    case "contextual_update":
      return context(conversation, String(message["text"] ?? ""));
    case "user_activity":
      return active(conversation);
    case "client_tool_result":
      return conversation.toolResults.get(String(message["tool_call_id"]))?.(message);
    case "pong":
    case "feedback":
      return;
    default:
      return fail(world, conversation, 1008, "invalid_message");
  }
}

function monitor(world: World, conversation: SimConversation, socket: WebSocket): void {
  const forward = (message: Row) => socket.send(JSON.stringify(message));
  conversation.monitors.add(forward);
  socket.on("close", () => conversation.monitors.delete(forward));
  socket.on("message", (data) => {
    const { command_type, parameters } = parse(String(data)) ?? {};
    if (command_type === "end_call") endTalk(world, conversation, "Call ended by monitor", 1000);
    if (command_type === "contextual_update")
      context(conversation, String(asRow(parameters)["contextual_update"] ?? ""));
  });
}

function parse(data: string): Row | undefined {
  try {
    return asRow(JSON.parse(data));
  } catch {
    return undefined;
  }
}
