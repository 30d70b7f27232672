import { randomUUID } from "node:crypto";
import { toIso } from "../../core/clock.ts";
import type { CompletionToolCall } from "../brain-call.ts";
import { asRow, asRows, type Row } from "../read.ts";
import { askCustomLlm, type SimulatedThought, toolCallsOf } from "../simulator-llm.ts";
import { track } from "../simulator-server.ts";
import { type AnamMessage, isRunning, type SimSession, type World } from "./simulator-world.ts";

/** The page's data channel is open: the persona greets. */
export function greet(world: World, session: SimSession): void {
  const { skipGreeting, initialMessage } = session.config;
  if (skipGreeting === true || session.messages.length > 0) return;
  speak(world, session, typeof initialMessage === "string" ? initialMessage : "Hello, how can I help?");
}

/** What the page sends on the data channel (SDK, `AnamClient`). */
export function receive(world: World, session: SimSession, message: Row): void {
  if (message["session_id"] !== session.id || !isRunning(session)) return;
  const content = String(message["content"] ?? "");
  if (message["message_type"] === "speech") hear(world, session, content);
  if (message["message_type"] === "context") session.context.push(content);
  if (message["message_type"] === "interrupt") interrupt(session);
  if (message["message_type"] === "tool_result") {
    const text = String(message["error"] ?? message["result"] ?? "");
    session.waiting.get(String(message["tool_call_id"]))?.({ text });
  }
}

/** A person speaks, or typed. */
export function hear(world: World, session: SimSession, words: string): void {
  tell(world, session, { role: "user", message: words });
  track(world, answer(world, session));
}

/** The persona says words as they are. */
export function speak(world: World, session: SimSession, words: string): void {
  if (words !== "") tell(world, session, { role: "persona", message: words, wasInterrupted: false });
}

function interrupt(session: SimSession): void {
  const last = session.messages.findLast(({ role }) => role === "persona");
  if (!last) return;
  last.wasInterrupted = true;
  send(session, "speechText", { ...speech(last, ""), end_of_speech: true, interrupted: true });
}

/** Into the record, and to the page: the persona's words in pieces, the person's whole. */
function tell({ clock }: World, session: SimSession, said: AnamMessage): void {
  const id = randomUUID();
  session.messages.push({ ...said, id, timestamp: toIso(clock.now()), speakingDurationSeconds: 1 });
  const words = said.message;
  const cut = said.role === "user" ? 0 : Math.floor(words.length / 2);
  const pieces = cut === 0 ? [words] : [words.slice(0, cut), words.slice(cut)];
  pieces.forEach((piece, index) => {
    const end_of_speech = index === pieces.length - 1;
    send(session, "speechText", { ...speech({ ...said, id }, piece), content_index: index, end_of_speech });
  });
}

function speech({ id, role }: Row, content: string): Row {
  return { message_id: id, content_index: 0, content, role, end_of_speech: false, interrupted: false };
}

function send({ sockets }: SimSession, messageType: string, data: Row): void {
  sockets.data?.send(JSON.stringify({ messageType, data }));
}

async function answer(world: World, session: SimSession): Promise<void> {
  const { systemPrompt } = session.config;
  const system = [...(typeof systemPrompt === "string" ? [systemPrompt] : []), ...session.context];
  const messages: Row[] = [
    ...system.map((content) => ({ role: "system", content })),
    ...session.messages.map(({ role, message: content }) => ({
      role: role === "user" ? "user" : "assistant",
      content,
    })),
  ];
  for (let round = 0; round < 5; round++) {
    const thought = await think(world, session, messages).catch(() => failed);
    if (!isRunning(session)) return;
    speak(world, session, thought.text);
    if (thought.toolCalls.length === 0) return;
    const tool_calls = toolCallsOf(thought.toolCalls);
    messages.push({ role: "assistant", content: thought.text || null, tool_calls });
    for (const call of thought.toolCalls) {
      const content = await runTool(world, session, call);
      messages.push({ role: "tool", tool_call_id: call.id, content });
    }
  }
}

const failed: SimulatedThought = { text: "I am having trouble. Please try again.", toolCalls: [] };

/** A model of Anam's own says something; a registered one is asked at exactly its address, or at its base's route. */
async function think(world: World, session: SimSession, messages: Row[]): Promise<SimulatedThought> {
  const llm = world.llms.get(String(session.config["llmId"]));
  if (!llm) return { text: "That is good to hear.", toolCalls: [] };
  const url = String(asRows(llm["urls"])[0]?.["url"]);
  const tools = toolsOf(session).map(({ name, description, parameters }) => ({
    type: "function",
    function: { name, description, parameters },
  }));
  return askCustomLlm(world.llmCalls, {
    url: /\/chat\/completions$/.test(url) ? url : `${url}/chat/completions`,
    headers: { authorization: `Bearer ${String(llm["secret"])}`, "content-type": "application/json" },
    body: { model: llm["modelName"], stream: true, messages, ...(tools.length > 0 && { tools }) },
  });
}

function toolsOf({ config }: SimSession): Row[] {
  return asRows(config["tools"]);
}

async function runTool(world: World, session: SimSession, call: CompletionToolCall): Promise<string> {
  const tool = toolsOf(session).find(({ name }) => name === call.name);
  if (!tool) return `There is no tool ${call.name}.`;
  const args = asRow(JSON.parse(call.arguments || "{}"));
  return tool["type"] === "client" ? askPage(world, session, call, tool, args) : post(world, tool, args);
}

function askPage(
  { clock }: World,
  session: SimSession,
  { id, name }: CompletionToolCall,
  tool: Row,
  args: Row,
): Promise<string> {
  const at = toIso(clock.now());
  const event = { event_uid: randomUUID(), session_id: session.id, tool_call_id: id, tool_name: name };
  const facts = { timestamp: at, timestamp_user_action: at, user_action_correlation_id: randomUUID() };
  send(session, "toolCallStarted", {
    ...{ ...event, ...facts, tool_type: "client", arguments: args },
    used_outside_engine: true,
  });
  if (tool["awaitResult"] !== true) return Promise.resolve("The tool was called.");
  return new Promise((resolve) => {
    const ms = Number(tool["toolTimeoutSeconds"] ?? 10) * 1000;
    const cancel = clock.after(ms, () => resolve("The tool did not answer."));
    session.waiting.set(id, ({ text }) => {
      cancel();
      resolve(text);
    });
  });
}

/** The body is the arguments, and nothing names session, tool or call but the headers that the tool was given. */
async function post(world: World, tool: Row, args: Row): Promise<string> {
  const headers = { ...(tool["headers"] as Record<string, string>), "content-type": "application/json" };
  const asked = fetch(String(tool["url"]), {
    method: String(tool["method"]),
    headers,
    body: JSON.stringify(args),
  });
  const told = asked.then(async (response) => {
    world.toolCalls.push({ headers, body: args, status: response.status });
    return response.text();
  });
  const done = told.catch(() => "The tool did not answer.");
  track(world, done);
  return tool["awaitResponse"] === true ? done : "The tool was called.";
}
