import { asRow } from "../read.ts";
import { begin, hear, newConversation } from "./simulator-conversation.ts";
import { endTalk, postCall } from "./simulator-end.ts";
import { newId, type Row, type World } from "./simulator-world.ts";

/** A call to a Twilio number that belongs to an agent. */
export type ElevenLabsCaller = {
  /** What was answered to the initiation webhook. */
  readonly answer: { status: number; data: Row };
  readonly heard: string[];
  /** Says something and resolves with the agent's words, or with `undefined` when the line was cut. */
  say(words: string): Promise<string | undefined>;
  hangUp(): void;
};

export type Ring = { agentId: string; from: string; to: string; callSid?: string };

/** Asks the initiation webhook how to begin (contract §A.9), then talks. `undefined` when the call never began. */
export async function ring(
  world: World,
  { agentId, from, to, callSid }: Ring,
): Promise<ElevenLabsCaller | undefined> {
  const agent = world.agents.get(agentId);
  if (!agent) throw new Error(`[elevenlabs simulator] there is no agent ${agentId}`);
  const sid = callSid ?? newId(world, "CA");
  const answer = await askHow(world, {
    caller_id: from,
    agent_id: agentId,
    called_number: to,
    call_sid: sid,
  });
  const id = newId(world, "conv");
  if (answer.status !== 200) {
    const body = { CallSid: sid, From: from, To: to };
    const data = {
      agent_id: agentId,
      conversation_id: id,
      failure_reason: "unknown",
      metadata: { type: "twilio", body },
    };
    postCall(world, agent.body, "call_initiation_failure", data);
    return undefined;
  }
  const heard: string[] = [];
  let onWord = () => {};
  let cut = false;
  const conversation = newConversation(world, id, agent, {
    send(message) {
      if (message["type"] === "agent_response")
        heard.push(String(asRow(message["agent_response_event"])["agent_response"]));
      onWord();
    },
    hangUp() {
      cut = true;
      onWord();
    },
    phone: { from, to, callSid: sid },
  });
  begin(world, conversation, answer.data);
  return {
    answer,
    heard,
    say(words) {
      const before = heard.length;
      return new Promise((resolve) => {
        onWord = () => {
          if (heard.length > before || cut) resolve(heard[before]);
        };
        hear(world, conversation, words, "audio");
        onWord();
      });
    },
    hangUp: () => endTalk(world, conversation, "Caller hung up", 1000),
  };
}

async function askHow(world: World, body: Row): Promise<{ status: number; data: Row }> {
  if (!world.initiation) return { status: 200, data: {} };
  const { url, headers } = world.initiation;
  const controller = new AbortController();
  const cancel = world.clock.after(world.timing.initiation, () => controller.abort());
  try {
    const answer = await fetch(url, {
      method: "POST",
      headers: { "content-type": "application/json", ...headers },
      body: JSON.stringify(body),
      signal: controller.signal,
    });
    return { status: answer.status, data: asRow(await answer.json().catch(() => ({}))) };
  } catch {
    return { status: 0, data: {} };
  } finally {
    cancel();
  }
}
