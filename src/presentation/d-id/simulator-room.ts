import type { CompletionToolCall } from "../brain-call.ts";
import { toolCallsOf } from "../simulator-llm.ts";
import { track } from "../simulator-server.ts";
import { think } from "./simulator-llm.ts";
import {
  keepMessage,
  nextId,
  type Row,
  type SimAgent,
  type SimSession,
  type World,
} from "./simulator-world.ts";

const MAX_TOOL_ROUNDS = 4;

/** A V2 session (contract §2.5): its room, with the agent in it, and the person's way in. */
export function openRoom(world: World, agent: SimAgent, persist: boolean): SimSession {
  const id = nextId(world, "ses_");
  const now = world.clock.now();
  const session: SimSession = {
    id,
    agent,
    body: structuredClone(agent.body),
    // The browser SDK takes this for the chat's id.
    chat: { id: `cht_${id}`, agentId: agent.id, createdAt: now, messages: [] },
    persist,
    room: world.livekit.createRoom(id, { presence: (who, here) => presence(world, session, who, here) }),
    peer: undefined,
    person: `user-${id}`,
    greeted: false,
    turn: 0,
    open: true,
    cancelIdle: () => {},
  };
  world.sessions.set(id, session);
  if (persist) world.chats.set(session.chat.id, session.chat);
  session.peer = session.room.join(`agent-${id}`, {
    text: ({ topic, text }) => heardText(world, session, topic, text),
    speech: (_from, text) => {
      tell(session, "chat/audio-transcribed", { id: nextId(world, "msg_"), role: "user", content: text });
      track(world, turn(world, session, text));
    },
  });
  stayAwake(world, session);
  return session;
}

/** Ends a session from D-ID's side: the reason goes out before the agent leaves. */
export function endRoom(session: SimSession, reason: string): void {
  if (!session.open) return;
  session.open = false;
  session.cancelIdle();
  tell(session, reason === "unknown_error" ? "stream/error" : "stream/done", { reason });
  session.room.close();
}

/** The greeting is one part of speech, and no answer: so a worker's own words reach the page (npm 2.0.10). */
export function sayInRoom(world: World, session: SimSession, text: string): void {
  stayAwake(world, session);
  keepMessage(world, session.chat, "assistant", text);
  tell(session, "stream-video/started", {});
  tell(session, "chat/partial", { content: text, sequence: 0 });
  tell(session, "stream-video/done", {});
}

function presence(world: World, session: SimSession, who: string, here: boolean): void {
  if (who !== session.person || !session.open) return;
  if (!here) {
    endRoom(session, "ok");
    return;
  }
  const greetings = (bodyOf(world, session)["greetings"] ?? []) as string[];
  if (session.greeted || greetings.length === 0) return;
  session.greeted = true;
  const picked = greetings[Math.floor(Math.random() * greetings.length)]!;
  // Once the person's own side has joined.
  setImmediate(() => session.open && sayInRoom(world, session, picked));
}

function heardText(world: World, session: SimSession, topic: string, text: string): void {
  world.texts.push({ sessionId: session.id, topic, text });
  if (topic === "lk.chat") track(world, turn(world, session, text));
  if (topic !== "did.speak") return;
  const { script } = JSON.parse(text) as { script: { type: string; input?: string } };
  if (script.type === "text" && (script.input ?? "").length >= 3) sayInRoom(world, session, script.input!);
}

async function turn(world: World, session: SimSession, words: string): Promise<void> {
  stayAwake(world, session);
  keepMessage(world, session.chat, "user", words);
  const turn_id = ++session.turn;
  tell(session, "turn/started", { turn_id });
  try {
    const text = await answer(world, session, turn_id);
    keepMessage(world, session.chat, "assistant", text);
    tell(session, "stream-video/started", {});
    const half = Math.ceil(text.length / 2);
    tell(session, "chat/partial", { content: text.slice(0, half), sequence: 0 });
    tell(session, "chat/partial", { content: text.slice(half), sequence: 1 });
    tell(session, "chat/answer", { content: text });
    tell(session, "stream-video/done", {});
  } catch {
    tell(session, "stream-video/error", {});
  }
  tell(session, "turn/ended", { turn_id });
}

async function answer(world: World, session: SimSession, turnId: number): Promise<string> {
  const extra: Row[] = [];
  const tools = attachedTools(world, session);
  for (let round = 0; ; round++) {
    const said = session.chat.messages.map(({ savedAt: _, ...message }) => message);
    const thought = await think(world, bodyOf(world, session), [...said, ...extra], tools);
    const calls = thought.toolCalls ?? [];
    if (calls.length === 0 || round === MAX_TOOL_ROUNDS) return thought.text;
    extra.push({ role: "assistant", content: thought.text, tool_calls: toolCallsOf(calls) });
    for (const call of calls) {
      const output = await runTool(world, session, call, turnId);
      extra.push({ role: "tool", tool_call_id: call.id, content: output });
    }
  }
}

/** A client tool is an RPC to the page, named like the tool (§2.4). */
async function runTool(
  world: World,
  session: SimSession,
  call: CompletionToolCall,
  turnId: number,
): Promise<string> {
  const { static_values: fixed } = attachedTool(world, session, call.name) ?? {};
  const input = { ...parse(call.arguments), ...(fixed as Row | undefined) };
  const [call_id, name, started] = [call.id, call.name, world.clock.now()];
  const timestamp = new Date(started).toISOString();
  const common = { call_id, name, input, timestamp };
  const flags = { interruptible: false, execution_mode: "blocking", turn_id: turnId };
  tell(session, "tool-call/started", { ...common, output: {}, ...flags });
  const ended = () => ({ ...common, duration_ms: world.clock.now() - started, extra: {} });
  try {
    const output = await session.peer!.performRpc(session.person, name, JSON.stringify(input));
    tell(session, "tool-call/done", { ...ended(), output: parse(output) });
    return output;
  } catch {
    tell(session, "tool-call/error", { ...ended(), output: {} });
    return '{"error":"the tool failed"}';
  }
}

type Item = { tool_id: string; static_values?: Row };

function items(world: World, session: SimSession): Item[] {
  const tools = bodyOf(world, session)["tools"] as { items?: Item[] } | undefined;
  return tools?.items ?? [];
}

function attachedTools(world: World, session: SimSession): Row[] {
  return items(world, session).flatMap(({ tool_id }): Row[] => {
    const tool = world.tools.get(tool_id);
    return tool ? [tool] : [];
  });
}

function attachedTool(world: World, session: SimSession, name: string): Item | undefined {
  return items(world, session).find(({ tool_id }) => world.tools.get(tool_id)?.["name"] === name);
}

function bodyOf(world: World, session: SimSession): Row {
  return world.faults.patchReachesRunning ? session.agent.body : session.body;
}

/** A data packet to the person, its subject as topic. */
function tell(session: SimSession, subject: string, body: Row): void {
  session.peer?.publishJson(subject, { subject, ...body });
}

function stayAwake(world: World, session: SimSession): void {
  session.cancelIdle();
  session.cancelIdle = world.clock.after(world.timing.inactivityMs, () => endRoom(session, "inactivity"));
}

function parse(json: string): Row {
  try {
    return JSON.parse(json) as Row;
  } catch {
    return {};
  }
}
