import { createLines, initiationOf, wayIn } from "./elevenlabs-messages.ts";
import type { ElevenLabsConversation, ElevenLabsOptions, ElevenLabsStarter } from "./sdks.ts";
import { createToolAnswers, type ToolAnswers, toolNames } from "./tool-answers.ts";
import { ClientError, type Join, type Transport, type TransportListener } from "./types.ts";

type Hooks = Pick<ElevenLabsOptions, "clientTools" | "onIncomingEvent" | "onDisconnect">;

/** Sound and upkeep aside: what the server has a use for. */
const REPORTED = new Set(["user_transcript", "agent_response", "agent_response_correction", "error"]);

/**
 * A conversation with an agent of ElevenLabs, by its own client. Each time that the page comes in it is a new
 * conversation of the same session.
 */
export function createElevenLabsTransport(starter: ElevenLabsStarter, join: Join): Transport {
  const answers = createToolAnswers();
  let conversation: ElevenLabsConversation | undefined;
  let leaving = () => {};

  return {
    tellsTranscript: true,
    async join(listener) {
      leaving();
      const current = { listens: true };
      leaving = () => {
        current.listens = false;
      };
      try {
        const hooks = hooksFor(join, answers, listener, current);
        conversation = await starter.startSession({ ...wayIn(join), ...initiationOf(join.data), ...hooks });
      } catch (cause) {
        leaving();
        const message = "ElevenLabs did not let the person in. Allow the microphone, or open a new session.";
        throw new ClientError("join_failed", message, { cause });
      }
      const conversation_initiation_metadata_event = { conversation_id: conversation.getId() };
      listener.report({ type: "conversation_initiation_metadata", conversation_initiation_metadata_event });
    },
    async leave() {
      leaving();
      leaving = () => {};
      await conversation?.endSession();
    },
    send({ type, text }) {
      if (type === "contextual_update") conversation?.sendContextualUpdate(String(text));
      else if (type === "user_message") conversation?.sendUserMessage(String(text));
      else throw new ClientError("not_supported", `ElevenLabs's client cannot send "${String(type)}".`);
    },
    sendToolResult: answers.answer,
  };
}

function hooksFor(
  join: Join,
  answers: ToolAnswers,
  listener: TransportListener,
  current: { listens: boolean },
): Hooks {
  const lineOf = createLines();
  // The call's id is in the event alone, which comes right before the tool is run.
  let calling = "";
  const run = (name: string) => async (parameters: unknown) => {
    const toolCallId = calling || crypto.randomUUID();
    const call = { toolCallId, name, arguments: JSON.stringify(parameters ?? {}) };
    const { status, output } = await answers.ask(listener, call);
    if (status === "error") throw new Error(output);
    return output;
  };
  return {
    clientTools: Object.fromEntries(toolNames(join.data).map((name) => [name, run(name)])),
    onIncomingEvent(event) {
      const { type, client_tool_call: call } = event as {
        type?: string;
        client_tool_call?: { tool_call_id?: string };
      };
      calling = (type === "client_tool_call" && call?.tool_call_id) || "";
      if (!current.listens || !REPORTED.has(type ?? "")) return;
      listener.report(event);
      const line = lineOf(event);
      if (line) listener.transcript(line);
    },
    onDisconnect({ reason, context }) {
      if (!current.listens) return;
      if (reason === "user") listener.left();
      else if (reason === "agent") listener.ended("agent_ended");
      else if (context?.type === "max_duration_exceeded") listener.ended("max_duration");
      else listener.lost();
    },
  };
}
