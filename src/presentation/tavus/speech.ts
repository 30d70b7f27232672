import { sha256 } from "../../core/secrets.ts";

/** Perception and delivery marks in what Tavus calls speech (contract §11, §12). */
const PERCEIVED = /<(user_[a-z_]+)>[\s\S]*?<\/\1>/g;
const DELIVERY = /<\/?(?:emotion|speed|volume|break|prosody)\b[^<>]*>/g;
/** Our own line in a shared PAL's context comes back in system rows: it is a credential. */
const CONTEXT_TOKEN = /\[?astrocyte-context:[^\]\n]*\]?/g;
/** Nobody says more in one breath; longer texts are prompts, and the patterns stay cheap on hostile ones. */
const MAX_SPEECH = 20_000;

/** The words alone. */
export function cleanSpeech(text: string): string {
  const safe = text.replace(CONTEXT_TOKEN, "").trim();
  if (safe.length > MAX_SPEECH) return safe;
  return withoutScene(safe).replace(PERCEIVED, "").replace(DELIVERY, "").trim();
}

/** Older perception wrote `USER_SPEECH: … VISUAL_SCENE: …` (§11). */
function withoutScene(text: string): string {
  if (!text.startsWith("USER_SPEECH:")) return text;
  const scene = text.indexOf("VISUAL_SCENE:");
  return text.slice("USER_SPEECH:".length, scene < 0 ? undefined : scene).trim();
}

/**
 * A key that every channel gives to the same utterance.
 *
 * The agent's carries an `inference_id` in client events and in the transcript. A person's does not (there,
 * ids of speculative requests do not match, §10.2): words and second stand in. Where the channels disagree
 * about the second the keys differ; the composer then tells the call from the more trusted channel alone.
 */
export function turnKey(
  role: "user" | "agent" | "system" | "tool",
  text: string,
  at: number | undefined,
  inferenceId?: string,
): string {
  if (role === "agent" && inferenceId !== undefined) return `agent:${inferenceId}`;
  const words = text
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, " ")
    .trim();
  return `${role}:${sha256(words).slice(0, 16)}:${at === undefined ? "-" : Math.floor(at / 1000)}`;
}

export function roleOf(role: unknown): "user" | "agent" | "system" | "tool" {
  if (role === "user" || role === "system" || role === "tool") return role;
  return role === "participant" ? "user" : "agent";
}
