import type { ElevenLabsOptions, ElevenLabsWayIn } from "./sdks.ts";
import type { Join, TranscriptLine } from "./types.ts";

type Row = Record<string, unknown>;

/** The conversation's own socket by its signed address; else ElevenLabs's LiveKit, with a token. */
export function wayIn({ url, token }: Join): ElevenLabsWayIn {
  return token === undefined || url.includes("conversation_signature=")
    ? { signedUrl: url, connectionType: "websocket" }
    : { conversationToken: token, connectionType: "webrtc", livekitUrl: url };
}

/** What `conversation_initiation_client_data` would say, in the words of ElevenLabs's client. */
export function initiationOf(
  data: Row = {},
): Pick<ElevenLabsOptions, "overrides" | "customLlmExtraBody" | "dynamicVariables" | "userId"> {
  const { agent, tts } = asRow(data["conversation_config_override"]) as { agent?: Row; tts?: Row };
  const own = {
    customLlmExtraBody: data["custom_llm_extra_body"],
    dynamicVariables: data["dynamic_variables"],
    userId: data["user_id"],
  };
  const overrides = {
    agent: given({ firstMessage: agent?.["first_message"], language: agent?.["language"] }),
    tts: given({ voiceId: tts?.["voice_id"] }),
  };
  return given({ ...own, overrides });
}

/** Reads what was said. Event ids need not be one message's alone: the words belong to the name of a line. */
export function createLines(): (event: Row) => TranscriptLine | undefined {
  const conversation = crypto.randomUUID().slice(0, 8);
  const known = new Map<string, number>();

  function line(role: "user" | "agent", event: Row, words: unknown, more: Partial<TranscriptLine> = {}) {
    const text = typeof words === "string" ? words : "";
    if (text === "") return undefined;
    const name = `${role} ${event["event_id"]} ${text}`;
    const number = known.get(name) ?? known.size;
    known.set(name, number);
    return { id: `${conversation}:${number}`, role, text, final: true, ...more };
  }

  return (message) => {
    const said = asRow(message["user_transcription_event"]);
    const answered = asRow(message["agent_response_event"]);
    const cut = asRow(message["agent_response_correction_event"]);
    const heard = String(cut["corrected_agent_response"] ?? "");
    return (
      line("user", said, said["user_transcript"]) ??
      line("agent", answered, answered["agent_response"]) ??
      line("agent", cut, cut["original_agent_response"], { heard, interrupted: true })
    );
  };
}

function asRow(value: unknown): Row {
  return typeof value === "object" && value !== null ? (value as Row) : {};
}

/** Without what is not given: ElevenLabs refuses an override that it was not told of. */
function given<T>(values: Row): T {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as T;
}
