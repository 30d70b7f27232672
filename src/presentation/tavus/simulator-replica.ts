import type { SimulatedThought } from "../simulator-llm.ts";
import { track } from "../simulator-server.ts";
import { askLlm, userMessage } from "./simulator-llm.ts";
import { agentRoles, broadcast, transcriptRow } from "./simulator-messages.ts";
import { callTools } from "./simulator-tools.ts";
import { nextId, type Row, type SimConversation, type World } from "./simulator-world.ts";

/**
 * The scripted avatar: hears, asks the model, speaks, calls tools, and tells all of it on the data channel
 * (contract §10.2, §12).
 */
export function hear(world: World, conversation: SimConversation, text: string): void {
  if (conversation.status === "ended") return;
  conversation.cutSpeech?.();
  conversation.turnIdx++;
  const inference_id = nextId(world, "inf-user-");
  const turn = { turn_idx: conversation.turnIdx, inference_id };
  tell(world, conversation, "user", "started", { ...turn, inference_id: nextId(world, "inf-guess-") });
  const stopGuessing = speculate(world, conversation, text);
  tell(world, conversation, "user", "stopped", turn);
  broadcast(world, conversation, "conversation.utterance", {
    ...turn,
    properties: {
      role: "user",
      speech: text,
      visual_context: "",
      user_audio_analysis: "The user sounded calm.",
    },
  });
  conversation.transcript.push(transcriptRow(world, conversation, { role: "user", content: text }, 0.4));
  track(world, answer(world, conversation, userMessage(conversation, text), stopGuessing));
}

/** Asks before the person has finished, and throws the answers away: the requests overlap the real one. */
function speculate(world: World, conversation: SimConversation, text: string): () => void {
  const words = text.split(" ");
  const abandon = new AbortController();
  for (let i = 1; i <= world.faults.speculativeRequests; i++) {
    const part = words
      .slice(0, Math.ceil((words.length * i) / (world.faults.speculativeRequests + 1)))
      .join(" ");
    track(world, askLlm(world, conversation, [userMessage(conversation, part)], abandon.signal));
  }
  return () => abandon.abort();
}

async function answer(
  world: World,
  conversation: SimConversation,
  said: Row,
  stopGuessing: () => void,
): Promise<void> {
  const asked = askLlm(world, conversation, [said]);
  conversation.history.push(said);
  const reply = await asked;
  stopGuessing();
  if (reply) await act(world, conversation, reply);
}

/** Speaks and calls tools, as the model said. */
async function act(world: World, conversation: SimConversation, reply: SimulatedThought): Promise<void> {
  if (conversation.status === "ended") return;
  const inference_id = nextId(world, "inf-");
  if (reply.text !== "") await speak(world, conversation, reply.text, inference_id);
  if (reply.toolCalls.length > 0) await callTools(world, conversation, reply.toolCalls, inference_id);
}

/** Asks again with what a tool gave, and speaks. */
export async function answerFromResult(
  world: World,
  conversation: SimConversation,
  said: Row[],
): Promise<void> {
  conversation.history.push(...said);
  const reply = await askLlm(world, conversation, []);
  if (reply) await act(world, conversation, reply);
}

/** Never interruptible, and told in one utterance only (§2.1, §10.2). */
export function speakGreeting(world: World, conversation: SimConversation, text: string): void {
  const inference_id = nextId(world, "inf-");
  announce(world, conversation, text, inference_id);
  conversation.history.push({ role: "assistant", content: text });
  conversation.transcript.push(
    transcriptRow(world, conversation, { role: "assistant", content: text, inference_id }, 1),
  );
}

/** Says it word by word; what was spoken until an interruption is told at the end. */
export async function speak(
  world: World,
  conversation: SimConversation,
  text: string,
  inference_id: string,
): Promise<void> {
  const turn = { turn_idx: conversation.turnIdx, inference_id };
  tell(world, conversation, "replica", "started", turn);
  announce(world, conversation, text, inference_id);
  conversation.history.push({ role: "assistant", content: text });
  conversation.transcript.push(
    transcriptRow(world, conversation, { role: "assistant", content: text, inference_id }, 1.6),
  );
  const words = text.split(" ");
  const spoken = await pronounce(world, conversation, words, (count) =>
    streaming(world, conversation, words.slice(0, count).join(" "), count - 1, turn),
  );
  const interrupted = spoken < words.length;
  const last = { final: true, ...(interrupted && { is_interrupted: true }) };
  streaming(world, conversation, words.slice(0, spoken).join(" "), spoken, turn, last);
  tell(world, conversation, "replica", "stopped", turn, interrupted);
}

/** Resolves with the number of words that were heard. */
function pronounce(
  world: World,
  conversation: SimConversation,
  words: string[],
  said: (count: number) => void,
) {
  const { wordMs } = world.timing;
  if (wordMs <= 0) {
    for (let count = 1; count <= words.length; count++) said(count);
    return Promise.resolve(words.length);
  }
  return new Promise<number>((resolve) => {
    let count = 0;
    const finish = () => {
      cancel();
      conversation.cutSpeech = undefined;
      resolve(count);
    };
    const next = () => {
      said(++count);
      if (count === words.length) finish();
      else cancel = world.clock.after(wordMs, next);
    };
    let cancel = world.clock.after(wordMs, next);
    conversation.cutSpeech = finish;
  });
}

/** The full reply, at the moment it starts to be spoken; once a role name. */
function announce(world: World, conversation: SimConversation, speech: string, inference_id: string): void {
  for (const role of agentRoles(world)) {
    broadcast(world, conversation, "conversation.utterance", {
      inference_id,
      turn_idx: conversation.turnIdx,
      properties: { role, speech, visual_context: "" },
    });
  }
}

function streaming(
  world: World,
  conversation: SimConversation,
  speech: string,
  content_index: number,
  turn: Row,
  end: Row = { final: false },
): void {
  for (const role of agentRoles(world)) {
    broadcast(world, conversation, "conversation.utterance.streaming", {
      ...turn,
      properties: { role, content_index, speech, ...end },
    });
  }
}

/** Both the legacy event and its successor are sent. */
function tell(
  world: World,
  conversation: SimConversation,
  who: "user" | "replica",
  what: "started" | "stopped",
  turn: Row,
  interrupted = false,
): void {
  const facts = what === "stopped" ? { interrupted, duration: 1.2 } : {};
  broadcast(world, conversation, `conversation.${who}.${what}_speaking`, {
    ...turn,
    ...(who === "replica" && what === "stopped" && { properties: facts }),
  });
  for (const role of who === "user" ? ["user"] : agentRoles(world)) {
    broadcast(world, conversation, `conversation.${what}_speaking`, {
      ...turn,
      properties: { role, ...facts },
    });
  }
}
