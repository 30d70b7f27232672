import { asRow } from "../read.ts";
import { toolCallsOf } from "../simulator-llm.ts";
import { track } from "../simulator-server.ts";
import { endTalk } from "./simulator-end.ts";
import { askLlm, fill, type LlmFailure } from "./simulator-llm.ts";
import { newRow } from "./simulator-record.ts";
import { runTool } from "./simulator-tools.ts";
import { partsOf, type Row, type SimAgent, type SimConversation, type World } from "./simulator-world.ts";

type Line = Pick<SimConversation, "send" | "hangUp"> & { phone?: NonNullable<SimConversation["phone"]> };

/** A conversation that waits for its initiation data. */
export function newConversation(world: World, id: string, agent: SimAgent, line: Line): SimConversation {
  const conversation: SimConversation = {
    id,
    agent,
    status: "initiated",
    startedAt: world.clock.now(),
    reason: "",
    initiation: {},
    variables: {},
    record: [],
    history: [],
    eventId: 0,
    toolResults: new Map(),
    timers: new Set(),
    monitors: new Set(),
    ...line,
  };
  conversation.send = (message) => {
    if (!wanted(conversation, message)) return;
    line.send(message);
    for (const monitor of conversation.monitors) monitor(message);
  };
  world.conversations.set(id, conversation);
  return conversation;
}

/** An agent may name the events that its clients get. */
function wanted({ agent }: SimConversation, { type }: Row): boolean {
  const events = partsOf(agent).conversation["client_events"];
  return type === "error" || !Array.isArray(events) || events.includes(type);
}

/** Takes the first message of a client, or the answer of the initiation webhook, and begins to talk. */
export function begin(world: World, conversation: SimConversation, initiation: Row) {
  const problem = initiationProblem(conversation, initiation);
  if (problem) return fail(world, conversation, 1008, problem);
  const { conversation: limits, turn } = partsOf(conversation.agent);
  const { type: _, ...data } = initiation;
  Object.assign(conversation, { initiation: data, status: "in-progress" });
  conversation.variables = { ...placeholders(conversation), ...asRow(initiation["dynamic_variables"]) };
  conversation.send({
    type: "conversation_initiation_metadata",
    conversation_initiation_metadata_event: {
      conversation_id: conversation.id,
      agent_output_audio_format: "pcm_16000",
      user_input_audio_format: "pcm_16000",
    },
  });
  const longest = Number(limits["max_duration_seconds"] ?? 600) * 1000;
  after(world, conversation, longest, () =>
    endTalk(world, conversation, "Conversation exceeded max_duration", 1000),
  );
  ping(world, conversation);
  watchSilence(world, conversation, Number(turn["silence_end_call_timeout"] ?? -1) * 1000);
  const first =
    overridden(conversation, "first_message") ?? partsOf(conversation.agent).agent["first_message"];
  if (typeof first === "string" && first !== "")
    say(world, conversation, fill(first, conversation.variables));
}

const quiet = new WeakMap<SimConversation, { restart(): void }>();

function watchSilence(world: World, conversation: SimConversation, ms: number): void {
  if (ms <= 0) return;
  let cancel = () => {};
  const restart = () => {
    cancel();
    cancel = after(world, conversation, ms, () => endTalk(world, conversation, "Silence timeout", 1000));
  };
  quiet.set(conversation, { restart });
  restart();
}

function ping(world: World, conversation: SimConversation): void {
  const event_id = ++conversation.eventId;
  conversation.send({ type: "ping", ping_event: { event_id, ping_ms: null } });
  after(world, conversation, world.timing.ping, () => ping(world, conversation));
}

function after(world: World, conversation: SimConversation, ms: number, run: () => void): () => void {
  const cancel = world.clock.after(ms, () => {
    conversation.timers.delete(cancel);
    if (conversation.endedAt === undefined) run();
  });
  conversation.timers.add(cancel);
  return cancel;
}

function placeholders({ agent }: SimConversation): Row {
  return asRow(asRow(partsOf(agent).agent["dynamic_variables"])["dynamic_variable_placeholders"]);
}

/** Overrides have to be switched on one by one; variables that the agent uses have to be there (§A.7, §A.9). */
function initiationProblem(conversation: SimConversation, initiation: Row): string | undefined {
  const { overrides, agent, prompt } = partsOf(conversation.agent);
  const allowed = asRow(overrides["conversation_config_override"]);
  for (const [section, fields] of Object.entries(asRow(initiation["conversation_config_override"]))) {
    for (const [name, value] of Object.entries(asRow(fields)))
      if (value !== undefined && value !== null && !asRow(allowed[section])[name]) return "override_error";
  }
  const extra = initiation["custom_llm_extra_body"];
  if (extra !== undefined && overrides["custom_llm_extra_body"] !== true) return "override_error";
  const given = { ...placeholders(conversation), ...asRow(initiation["dynamic_variables"]) };
  const texts = [agent["first_message"], prompt["prompt"]].map((text) => String(text ?? "")).join(" ");
  const used = [...texts.matchAll(/\{\{\s*([\w-]+)\s*\}\}/g)].map((match) => match[1]!);
  const missing = used.some((name) => !name.startsWith("system__") && !(name in given));
  return missing ? "missing_dynamic_variable" : undefined;
}

function overridden({ initiation }: SimConversation, field: string): unknown {
  return asRow(asRow(initiation["conversation_config_override"])["agent"])[field];
}

export function fail(world: World, conversation: SimConversation, code: number, error_type: string): void {
  conversation.send({
    type: "error",
    error_event: { code, error_type, message: `The call failed: ${error_type}.` },
  });
  endTalk(world, conversation, `Error: ${error_type}`, code);
}

/** The person spoke, or typed. An agent that still speaks is cut off. */
export function hear(
  world: World,
  conversation: SimConversation,
  words: string,
  medium: "audio" | "text",
): void {
  if (conversation.status !== "in-progress") return;
  quiet.get(conversation)?.restart();
  interrupt(world, conversation);
  conversation.asking?.abort();
  const event_id = ++conversation.eventId;
  const said = { ...newRow(conversation, world.clock.now(), "user", words), source_medium: medium };
  conversation.record.push(said);
  conversation.history.push({ role: "user", content: words });
  conversation.send({
    type: "user_transcript",
    user_transcription_event: { user_transcript: words, event_id },
  });
  track(world, answer(world, conversation));
}

/** What a client may also tell it. */
export function context(conversation: SimConversation, text: string): void {
  conversation.history.push({ role: "system", content: `[contextual update] ${text}` });
}

export function active(conversation: SimConversation): void {
  quiet.get(conversation)?.restart();
}

/** Only what was spoken until now was heard (§A.10). */
function interrupt(world: World, conversation: SimConversation): void {
  const { speaking } = conversation;
  conversation.speaking = undefined;
  if (!speaking || world.timing.perLetter <= 0) return;
  const letters = Math.floor((world.clock.now() - speaking.since) / world.timing.perLetter);
  if (letters >= speaking.text.length) return;
  const heard = `${speaking.text.slice(0, letters).replace(/\s*\S*$/, "")}...`;
  Object.assign(speaking.row, { interrupted: true, message: heard, original_message: speaking.text });
  const last = conversation.history.findLast(({ content }) => content === speaking.text);
  if (last) last["content"] = heard;
  const { eventId: event_id } = speaking;
  conversation.send({ type: "interruption", interruption_event: { event_id } });
  const words = { original_agent_response: speaking.text, corrected_agent_response: heard };
  conversation.send({
    type: "agent_response_correction",
    agent_response_correction_event: { ...words, event_id },
  });
  if (world.faults.lateMessages) sendAudio(world, conversation, event_id, speaking.text.slice(letters));
}

const MAX_ROUNDS = 5;

/** Model, tools, model … until there is something to say. */
async function answer(world: World, conversation: SimConversation): Promise<void> {
  for (let round = 0; round < MAX_ROUNDS && conversation.endedAt === undefined; round++) {
    const event_id = conversation.eventId + 1;
    const part = partsSender(conversation, event_id);
    const answer = await askLlm(world, conversation, part.delta);
    if (typeof answer === "string") return fallBack(world, conversation, answer);
    if (conversation.endedAt !== undefined) return;
    part.stop();
    if (answer.text !== "") say(world, conversation, answer.text);
    if (answer.toolCalls.length === 0) return;
    conversation.history.push({
      role: "assistant",
      content: answer.text === "" ? null : answer.text,
      tool_calls: toolCallsOf(answer.toolCalls),
    });
    for (const call of answer.toolCalls) {
      const done = newRow(conversation, world.clock.now(), "agent", null);
      const told = {
        request_id: call.id,
        tool_name: call.name,
        params_as_json: call.arguments,
        tool_has_been_called: true,
      };
      conversation.record.push({ ...done, tool_calls: [told] });
      const outcome = await runTool(world, conversation, call);
      if (!outcome) return;
      const result = {
        request_id: call.id,
        tool_name: call.name,
        result_value: outcome.result,
        is_error: outcome.isError,
      };
      conversation.record.push({
        ...done,
        tool_results: [{ ...result, tool_has_been_called: true, type: "client" }],
      });
      conversation.history.push({ role: "tool", tool_call_id: call.id, content: outcome.result });
    }
  }
}

/** Another model takes over, unless the agent forbids it: then the call is over. */
function fallBack(world: World, conversation: SimConversation, failure: LlmFailure) {
  if (failure === "aborted" || conversation.endedAt !== undefined) return;
  const backup = asRow(partsOf(conversation.agent).prompt["backup_llm_config"])["preference"];
  if (backup === "disabled") return fail(world, conversation, 1002, failure);
  say(world, conversation, "The backup model speaks.");
}

function partsSender({ send }: SimConversation, event_id: number) {
  let begun = false;
  const part = (type: "start" | "delta" | "stop", text: string) =>
    send({ type: "agent_chat_response_part", text_response_part: { text, type, event_id } });
  return {
    delta(text: string) {
      if (!begun) part("start", "");
      begun = true;
      part("delta", text);
    },
    stop() {
      if (begun) part("stop", "");
    },
  };
}

function say(world: World, conversation: SimConversation, text: string): void {
  const event_id = ++conversation.eventId;
  const said = newRow(conversation, world.clock.now(), "agent", text);
  conversation.record.push(said);
  conversation.history.push({ role: "assistant", content: text });
  conversation.speaking = { eventId: event_id, text, row: said, since: world.clock.now() };
  conversation.send({ type: "agent_response", agent_response_event: { agent_response: text, event_id } });
  sendAudio(world, conversation, event_id, text);
}

/** Faster than it is spoken. */
function sendAudio(
  world: World,
  { send, agent, initiation }: SimConversation,
  event_id: number,
  text: string,
): void {
  const override = asRow(asRow(initiation["conversation_config_override"])["conversation"]);
  if ((override["text_only"] ?? partsOf(agent).conversation["text_only"]) === true) return;
  const audio_base_64 = Buffer.alloc(Math.max(2, text.length * 2)).toString("base64");
  send({ type: "audio", audio_event: { audio_base_64, event_id, ...alignment(world, text) } });
}

function alignment({ faults, timing }: World, text: string): Row {
  if (faults.alignment === "none") return {};
  if (faults.alignment === "null") return { alignment: null };
  const chars = [...text];
  const each = Math.max(1, timing.perLetter);
  return {
    alignment: {
      chars,
      char_start_times_ms: chars.map((_, i) => i * each),
      char_durations_ms: chars.map(() => each),
    },
  };
}
