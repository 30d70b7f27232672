import type { ToolCall, TranscriptLine } from "./types.ts";

type Row = Record<string, unknown>;

/** What one message of Tavus's data channel means to the page (see `docs/vendors/tavus.md`). */
export type TavusSignal = {
  transcript?: TranscriptLine;
  toolCall?: ToolCall;
  ended?: string;
  /** The server should read it too. */
  report?: boolean;
};

/** Bytes of one message; what is longer gets lost without a word. */
export const MAX_MESSAGE_BYTES = 4096;
const MAX_SEEN = 1_000;
/** Heartbeats and the like: often, and of no use. */
const NOISE = /^system\.\w+_present$|(?:started|stopped)_speaking$/;

/** Reads messages in the order of `seq`; a doubled one, under the other name of the avatar, means nothing. */
export function createTavusReader(): (message: Row) => TavusSignal {
  const seen = new Set<string>();
  const lines = new Map<string, { seq: number; line: TranscriptLine }>();

  function isNew(key: string): boolean {
    if (seen.has(key)) return false;
    seen.add(key);
    if (seen.size > MAX_SEEN) seen.delete(seen.values().next().value!);
    return true;
  }

  /** Text that grows is never replaced by an older, shorter form of itself. */
  function update(id: string, seq: number, change: (before: TranscriptLine | undefined) => TranscriptLine) {
    const before = lines.get(id);
    if (before && seq < before.seq) return undefined;
    const line = change(before?.line);
    lines.delete(id);
    lines.set(id, { seq, line });
    if (lines.size > MAX_SEEN) lines.delete(lines.keys().next().value!);
    return line;
  }

  return (message) => {
    const type = text(message["event_type"]);
    const field = (name: string) => (message["properties"] as Row | undefined)?.[name] ?? message[name];
    if (type === "" || NOISE.test(type)) return {};
    const role = field("role") === "user" ? "user" : "agent";
    const turn = text(message["turn_idx"] ?? message["inference_id"] ?? message["seq"]);
    const id = role === "user" ? `user:${turn}` : text(message["inference_id"] ?? message["turn_idx"]);
    const seq = typeof message["seq"] === "number" ? message["seq"] : Number.POSITIVE_INFINITY;
    const speech = text(field("speech"));

    if (type === "conversation.utterance") {
      if (!isNew(`said ${id} ${speech}`)) return {};
      // The full text; what was already heard of it stays.
      const line = update(id, Number.POSITIVE_INFINITY, (before) => ({
        ...before,
        id,
        role,
        text: speech,
        final: true,
      }));
      return { transcript: line!, report: true };
    }
    if (type === "conversation.utterance.streaming") {
      const cut = role === "agent" && field("is_interrupted") === true;
      if (!isNew(`heard ${id} ${text(field("content_index"))} ${speech} ${cut}`)) return {};
      const line = role === "user" ? growing(id, seq, speech) : spoken(id, speech, cut);
      return { ...(line && { transcript: line }), report: cut };
    }
    if (type === "conversation.tool_call") {
      const toolCallId =
        text(field("tool_call_id")) || `inline_${text(message["inference_id"])}_${text(message["seq"])}`;
      const args = field("arguments");
      const name = plainName(text(field("name")));
      return {
        toolCall: {
          toolCallId,
          name,
          arguments: typeof args === "string" ? args : JSON.stringify(args ?? {}),
        },
      };
    }
    // Joining is told under both of the avatar's names.
    const other = isNew(
      /^system\.\w+_joined$/.test(type) ? "joined" : `${type} ${JSON.stringify(message["properties"])}`,
    );
    if (type === "system.shutdown")
      return { ended: text(field("shutdown_reason") ?? field("reason")) || "ended", report: other };
    return { report: other };
  };

  /** A person's sentence in progress; `final` of these messages fires too early to be believed. */
  function growing(id: string, seq: number, speech: string): TranscriptLine | undefined {
    return update(id, seq, () => ({ id, role: "user", text: speech, final: false }));
  }

  function spoken(id: string, heard: string, interrupted: boolean): TranscriptLine | undefined {
    const known = lines.get(id)?.line;
    const before = known?.heard;
    if (before !== undefined && (heard.length < before.length || (heard === before && !interrupted)))
      return undefined;
    const line = known ?? { id, role: "agent" as const, text: heard, final: false };
    const whole = line.final ? line.text : heard;
    return update(id, Number.POSITIVE_INFINITY, () => ({
      ...line,
      text: whole,
      heard,
      ...(interrupted && { interrupted }),
    }));
  }
}

export function sizeOf(message: Row): number {
  return new TextEncoder().encode(JSON.stringify(message)).length;
}

/** The registry's names end in a version that is nobody else's business. */
function plainName(name: string): string {
  return name.replace(/__[0-9a-f]{10}$/, "");
}

function text(value: unknown): string {
  return typeof value === "string" ? value : typeof value === "number" ? String(value) : "";
}
