import { asRow } from "../read.ts";
import { type ElevenLabsPerson, joinTalk } from "./simulator-person.ts";
import type { Row } from "./simulator-world.ts";

/** As the client of ElevenLabs takes them. */
type StartOptions = {
  signedUrl?: string;
  overrides?: { agent?: { firstMessage?: string; language?: string }; tts?: { voiceId?: string } };
  customLlmExtraBody?: unknown;
  dynamicVariables?: Row;
  userId?: string;
  clientTools?: Record<string, (parameters: unknown) => Promise<string>>;
  onIncomingEvent?(event: Row): void;
  onDisconnect?(details: { reason: string; context?: { type: string } }): void;
};

/**
 * Stands in for `Conversation` of @elevenlabs/client, with a scripted person in place of a microphone: starts a
 * conversation by a signed url, at the simulator or at ElevenLabs itself, where the person types.
 */
export class FakeElevenLabsPage {
  #person: ElevenLabsPerson | undefined;
  readonly #typing: boolean;

  constructor({ typing = false }: { /** Text alone, in both directions. */ typing?: boolean } = {}) {
    this.#typing = typing;
  }

  async startSession(options: StartOptions) {
    if (options.signedUrl === undefined) throw new Error("[elevenlabs simulator] there is no LiveKit here");
    let left = false;
    const person = await joinTalk(options.signedUrl, {
      initiation: this.#initiation(options),
      onMessage: options.onIncomingEvent,
      onTool: (call) => runTool(options, call),
    });
    this.#person = person;
    void person.closed.then(({ code }) => {
      const context = { type: code === 1000 ? "end_call" : "close" };
      options.onDisconnect?.({ reason: left ? "user" : code === 1000 ? "agent" : "error", context });
    });
    return {
      getId: () => person.conversationId,
      async endSession() {
        left = true;
        await person.leave();
      },
      sendContextualUpdate: (text: string) => person.send({ type: "contextual_update", text }),
      sendUserMessage: (text: string) => person.type(text),
    };
  }

  /** The person says something; resolves with the agent's next words. */
  async ask(words: string): Promise<string> {
    const person = this.#person!;
    const heard = person.hear();
    if (this.#typing) person.type(words);
    else person.say(words);
    return heard;
  }

  #initiation({ overrides, ...options }: StartOptions): Row {
    const { agent, tts } = overrides ?? {};
    const conversation = this.#typing ? { text_only: true } : undefined;
    return {
      conversation_config_override: {
        ...(agent && { agent: { first_message: agent.firstMessage, language: agent.language } }),
        ...(tts && { tts: { voice_id: tts.voiceId } }),
        ...(conversation && { conversation }),
      },
      custom_llm_extra_body: options.customLlmExtraBody,
      dynamic_variables: options.dynamicVariables,
      user_id: options.userId,
    };
  }
}

async function runTool(
  { clientTools = {} }: StartOptions,
  { tool_name, tool_call_id, parameters }: { tool_name: string; tool_call_id: string; parameters: Row },
): Promise<Row> {
  const answer = (result: string, is_error: boolean) => ({
    ...{ type: "client_tool_result", tool_call_id, result, is_error },
  });
  try {
    const tool = clientTools[tool_name];
    if (!tool) return answer(`Client tool with name ${tool_name} is not defined on client`, true);
    return answer(await tool(asRow(parameters)), false);
  } catch (error) {
    return answer(`Client tool execution failed with following error: ${String(error)}`, true);
  }
}
