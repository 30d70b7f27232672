import { randomUUID } from "node:crypto";
import { asRow, type Row, text } from "../read.ts";
import { askCustomLlm, openAiSlot } from "../simulator-llm.ts";
import { track } from "../simulator-server.ts";
import { touch } from "./simulator-session.ts";
import { filled } from "./simulator-token.ts";
import type { SimSession, World } from "./simulator-world.ts";

/** Sends an event to everybody in the room (contract §1.1, realtime control). */
export function emit(session: SimSession, type: string, extra: Row = {}): void {
  const ids = { event_id: randomUUID(), session_id: session.id, source_event_id: null };
  session.agent?.publishJson("agent-response", { event_type: type, ...ids, ...extra });
}

/** The opening text, word for word, once somebody is there. */
export function greet(world: World, session: SimSession): void {
  if (session.greeted) return;
  session.greeted = true;
  const opening = filled(session, "opening_text");
  if (opening !== "") track(world, speak(world, session, opening));
}

/** A person spoke, or the page typed for one. */
export function hear(world: World, session: SimSession, said: string): void {
  touch(world, session);
  if (!session.listening) return;
  emit(session, "user.speak_started");
  emit(session, "user.transcription.chunk", { text: said });
  emit(session, "user.speak_ended");
  emit(session, "user.transcription", { text: said });
  note(world, session, "user", said);
  track(world, respond(world, session, said));
}

/** A command of the page. */
export function obey(world: World, session: SimSession, packet: string): void {
  const command = commandIn(packet);
  const said = text(command["text"]) ?? "";
  touch(world, session);
  const type = command["event_type"];
  if (type === "avatar.speak_text") track(world, speak(world, session, said));
  else if (type === "avatar.speak_response") track(world, respond(world, session, said));
  else if (type === "avatar.interrupt") {
    session.turn++;
    emit(session, "avatar.speak_ended");
  } else if (type === "avatar.start_listening" || type === "avatar.stop_listening") {
    session.listening = type === "avatar.start_listening";
  } else if (type === "user.start_push_to_talk" || type === "user.stop_push_to_talk") {
    session.listening = type === "user.start_push_to_talk";
    emit(session, `user.push_to_talk_${session.listening ? "started" : "stopped"}`);
  }
}

/** What is no command is ignored without a word. */
function commandIn(packet: string): Row {
  try {
    return asRow(JSON.parse(packet));
  } catch {
    return {};
  }
}

async function respond(world: World, session: SimSession, said: string): Promise<void> {
  const turn = ++session.turn;
  session.history.push({ role: "user", content: said });
  const answer = await ask(world, session);
  if (answer !== undefined && turn === session.turn) await speak(world, session, answer);
}

async function speak(world: World, session: SimSession, said: string): Promise<void> {
  const turn = ++session.turn;
  session.history.push({ role: "assistant", content: said });
  emit(session, "avatar.speak_started");
  emit(session, "avatar.transcription.chunk", { text: said });
  emit(session, "avatar.transcription", { text: said });
  note(world, session, "avatar", said);
  const { speakMs } = world.switches;
  if (speakMs > 0) await new Promise<void>((resolve) => void world.clock.after(speakMs, resolve));
  if (turn === session.turn) emit(session, "avatar.speak_ended");
}

/** Rows of a session never share an instant. */
function note({ clock }: World, { transcript }: SimSession, role: "user" | "avatar", said: string): void {
  const at = Math.max(clock.now(), (transcript.at(-1)?.at ?? 0) + 1);
  transcript.push({ role, transcript: said, at });
}

/** `undefined`: without a context, or without an answer of the model, the avatar stays silent. */
async function ask(world: World, session: SimSession): Promise<string | undefined> {
  if (!session.context) return undefined;
  const configuration = world.llmConfigurations.get(text(session.body["llm_configuration_id"]) ?? "");
  if (!configuration) return "I see.";
  const secret = world.secrets.get(String(configuration["secret_id"]));
  const slot = openAiSlot(configuration["base_url"], secret?.["secret_value"] ?? "");
  const request = { ...slot, body: requestBody(world, session, configuration) };
  const thought = await askCustomLlm(world.llmRequests, request).catch(() => undefined);
  return thought?.text;
}

/** Exactly what implementers report: model, messages, streamed. */
function requestBody(world: World, session: SimSession, configuration: Row): Row {
  const prompt = { role: "system", content: filled(session, "prompt") };
  const messages = world.switches.sendsPrompt ? [prompt, ...session.history] : [...session.history];
  return { model: configuration["model_name"], stream: true, messages };
}
