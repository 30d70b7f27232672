import type { SimulatedAnswer, SimulatedCall } from "../simulator-server.ts";
import { think } from "./simulator-llm.ts";
import { badRequest, failure, notFound, ok } from "./simulator-replies.ts";
import {
  keepMessage,
  nextId,
  type Row,
  type SimAgent,
  type SimStream,
  type World,
} from "./simulator-world.ts";

/** A V1 stream (contract §2.6), without its media. */
export function openStream(world: World, agent: SimAgent, { body }: SimulatedCall): SimulatedAnswer {
  if ((agent.body["presenter"] as Row)["type"] === "expressive")
    return badRequest("expressive agents have sessions, no streams");
  if (agent.status !== "done") return badRequest("the agent is not ready");
  const { session_timeout: seconds = 300 } = (body ?? {}) as { session_timeout?: number };
  if (seconds > 300) return badRequest("session_timeout is at most 300");
  const stream: SimStream = {
    id: nextId(world, "strm_"),
    // As a load balancer's cookie: with spaces and signs.
    sessionId: `AWSALB=${nextId(world, "sticky/")}; Path=/`,
    agent,
    open: true,
    answered: false,
    candidates: [],
    spoken: [],
    cancelIdle: () => {},
    timeoutMs: seconds * 1000,
  };
  world.streams.set(stream.id, stream);
  stayAwake(world, stream);
  const offer = { type: "offer", sdp: "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\n" };
  const ice_servers = [{ urls: ["stun:stun.example"] }];
  const { id, sessionId: session_id } = stream;
  const reply = { id, session_id, offer, jsep: offer, ice_servers, fluent: false, interrupt_enabled: false };
  return { status: 201, body: reply };
}

export function closeStream(world: World, { body }: SimulatedCall, [, id = ""]: string[]): SimulatedAnswer {
  const stream = world.streams.get(id);
  if (!stream?.open) return notFound();
  if (!sticks(stream, body)) return wrongSession();
  endStream(stream);
  return ok({ status: "deleted" });
}

export function streamCall(world: World, call: SimulatedCall, ids: string[]): SimulatedAnswer {
  const [, id = "", what] = ids;
  const body = call.body as Row;
  const stream = world.streams.get(id);
  if (!stream?.open) return notFound();
  if (!sticks(stream, body)) return wrongSession();
  stayAwake(world, stream);
  if (what === "/sdp") stream.answered = (body["answer"] as Row | undefined)?.["type"] === "answer";
  else if (what === "/ice") stream.candidates.push(body);
  else return speak(world, stream, body);
  return ok({ session_id: stream.sessionId });
}

export function endStream(stream: SimStream): void {
  stream.open = false;
  stream.cancelIdle();
}

/** Chat runs over HTTP, and the stream shows the answer. */
export async function chatMessage(
  world: World,
  { body }: SimulatedCall,
  [agentId = "", chatId = ""]: string[],
): Promise<SimulatedAnswer> {
  const { messages, streamId, sessionId } = body as { messages: Row[]; streamId: string; sessionId: string };
  const [chat, stream] = [world.chats.get(chatId), world.streams.get(streamId)];
  if (chat?.agentId !== agentId || !stream?.open) return notFound();
  if (sessionId !== stream.sessionId) return wrongSession();
  stayAwake(world, stream);
  keepMessage(world, chat, "user", String(messages.at(-1)?.["content"] ?? ""));
  const said = chat.messages.map(({ savedAt: _, ...message }) => message);
  try {
    const { text } = await think(world, stream.agent.body, said, []);
    keepMessage(world, chat, "assistant", text);
    stream.spoken.push(text);
    const videoId = nextId(world, "vid_");
    return ok({ result: text, documentIds: [], matches: [], context: "", videoId });
  } catch {
    return failure(500, "SessionError", "the model failed");
  }
}

function speak(world: World, stream: SimStream, body: Row): SimulatedAnswer {
  const { type, input = "" } = body["script"] as { type: string; input?: string };
  if (type !== "text" || input.length < 3) return badRequest("script.input is too short");
  stream.spoken.push(input);
  const video_id = nextId(world, "vid_");
  return ok({ status: "started", duration: 2.1, video_id, session_id: stream.sessionId });
}

function sticks(stream: SimStream, body: unknown): boolean {
  return (body as Row | undefined)?.["session_id"] === stream.sessionId;
}

function wrongSession(): SimulatedAnswer {
  return badRequest("missing or invalid session_id");
}

function stayAwake(world: World, stream: SimStream): void {
  stream.cancelIdle();
  stream.cancelIdle = world.clock.after(stream.timeoutMs, () => endStream(stream));
}
