import {
  found,
  hit,
  ScriptedMemory,
  ScriptedSessions,
  scriptedUpstream,
  session,
  startBrain,
} from "./brain.fixture.ts";
import type { BoundSession, BrainParts } from "./index.ts";

/** A brain whose memory knows of Anna's car and dog, with an API key and a session (`key-anna`). */
export async function start(
  t: Parameters<typeof scriptedUpstream>[0],
  parts: Partial<BrainParts> = {},
  bound?: Partial<BoundSession>,
) {
  const upstream = await scriptedUpstream(t);
  const memory = new ScriptedMemory();
  memory.answer = async () => found([hit("Anna drives a red Volvo."), hit("She has a dog called Bruno.")]);
  const sessions = new ScriptedSessions();
  sessions.byKey.set("key-anna", session("anna", bound));
  const brain = await startBrain(t, upstream, { memory, sessions, ...parts });
  return { ...brain, upstream, memory, sessions };
}
