import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { type WebSocket, WebSocketServer } from "ws";
import { track } from "../simulator-server.ts";
import { everybodyLeft, greet } from "./simulator-conversation.ts";
import { hear, speak } from "./simulator-replica.ts";
import { takeResult } from "./simulator-tools.ts";
import { nextId, type Row, type SimConversation, type World } from "./simulator-world.ts";

/** The room that stands in for Daily's: a WebSocket whose messages are app messages, and the person's voice. */
export function createRooms(world: World) {
  const server = new WebSocketServer({ noServer: true });
  return {
    upgrade(req: IncomingMessage, socket: Duplex, head: Buffer): void {
      server.handleUpgrade(req, socket, head, (person) => enter(world, req, person));
    },
    close(): void {
      for (const person of server.clients) person.terminate();
      server.close();
    },
  };
}

function enter(world: World, req: IncomingMessage, person: WebSocket): void {
  const url = new URL(req.url ?? "/", "http://room");
  const conversation = world.conversations.get(url.pathname.slice(1));
  if (!conversation || !mayEnter(conversation, url.searchParams.get("t"))) {
    person.close(4403, "You are not allowed to join this meeting.");
    return;
  }
  conversation.people.add(person);
  person.on("message", (data) => receive(world, conversation, person, String(data)));
  person.on("close", () => leave(world, conversation, person));
  person.send(JSON.stringify({ kind: "joined" }));
  greet(world, conversation);
}

/** By goodbye or by a lost connection. */
function leave(world: World, conversation: SimConversation, person: WebSocket): void {
  const was = conversation.people.delete(person);
  if (was && conversation.people.size === 0) everybodyLeft(world, conversation);
}

function mayEnter(conversation: SimConversation, token: string | null): boolean {
  if (conversation.status === "ended") return false;
  const max = conversation.body["max_participants"];
  // The avatar counts as one.
  if (typeof max === "number" && conversation.people.size + 1 >= max) return false;
  return conversation.meetingToken === undefined || conversation.meetingToken === token;
}

function receive(world: World, conversation: SimConversation, from: WebSocket, text: string): void {
  const message = JSON.parse(text) as Row;
  if (message["kind"] === "speech") {
    hear(world, conversation, String(message["text"]));
    return;
  }
  if (message["kind"] === "leave") {
    leave(world, conversation, from);
    from.close(1000);
    return;
  }
  const data = message["data"] as Row;
  // Longer ones get lost without a word (contract §9.2).
  if (Buffer.byteLength(JSON.stringify(data)) > world.faults.appMessageLimit) return;
  world.appMessages.push(data);
  for (const other of conversation.people)
    if (other !== from) other.send(JSON.stringify({ ...message, from: "person" }));
  if (data["conversation_id"] === conversation.id) obey(world, conversation, data);
}

/** Contract §10.3. */
function obey(world: World, conversation: SimConversation, data: Row): void {
  const properties = (data["properties"] ?? {}) as Row;
  const text = (name: string) => String(properties[name]);
  switch (data["event_type"]) {
    case "conversation.respond":
      hear(world, conversation, text("text"));
      break;
    case "conversation.echo":
      if (properties["modality"] === "text") sayVerbatim(world, conversation, text("text"));
      break;
    case "conversation.interrupt":
      conversation.cutSpeech?.();
      break;
    case "conversation.append_llm_context":
      conversation.context = `${conversation.context}\n${text("context")}`.trim();
      break;
    case "conversation.overwrite_llm_context":
      conversation.context = text("context");
      break;
    case "conversation.tool_result":
      takeResult(world, conversation, properties);
      break;
  }
}

function sayVerbatim(world: World, conversation: SimConversation, words: string): void {
  conversation.cutSpeech?.();
  track(world, speak(world, conversation, words, nextId(world, "inf-")));
}
