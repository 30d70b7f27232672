import { type CompletionToolCall, readCompletion } from "./brain-call.ts";
import type { Row } from "./read.ts";

/** One request to an agent's custom model, as a simulated vendor sent it. */
export type SimulatedLlmCall = {
  url: string;
  headers: Record<string, string>;
  body: Row;
  /** `abandoned`: the vendor did not want the answer any more. */
  outcome: "running" | "answered" | "failed" | "abandoned";
};

/** What the model said. */
export type SimulatedThought = { text: string; toolCalls: CompletionToolCall[] };

type Options = {
  signal?: AbortSignal | undefined;
  onText?(piece: string): void;
  /** Reads an answer that is no stream of OpenAI's. */
  read?(answer: Response): Promise<SimulatedThought>;
};

/** Address and headers of a slot that takes an OpenAI base URL. `headers` are the agent's own. */
export function openAiSlot(baseUrl: unknown, key: unknown, headers: unknown = {}) {
  return {
    url: `${String(baseUrl).replace(/\/+$/, "")}/chat/completions`,
    headers: {
      authorization: `Bearer ${String(key)}`,
      "content-type": "application/json",
      ...(headers as Record<string, string>),
    },
  };
}

/** Asks a custom model over HTTP, and notes it in `log`. Throws when it gave no answer, or was abandoned. */
export async function askCustomLlm(
  log: SimulatedLlmCall[],
  request: Omit<SimulatedLlmCall, "outcome">,
  { signal, onText = () => {}, read }: Options = {},
): Promise<SimulatedThought> {
  const call: SimulatedLlmCall = { ...request, outcome: "running" };
  log.push(call);
  try {
    const { url, headers, body } = call;
    const answer = await fetch(url, {
      method: "POST",
      headers,
      body: JSON.stringify(body),
      ...(signal && { signal }),
    });
    if (!answer.ok || !answer.body) throw new Error(`the custom model answered ${answer.status}`);
    const thought = read ? await read(answer) : await readStream(answer.body, onText);
    call.outcome = "answered";
    return thought;
  } catch (error) {
    call.outcome = signal?.aborted ? "abandoned" : "failed";
    throw error;
  }
}

async function readStream(
  body: AsyncIterable<Uint8Array>,
  onText: (piece: string) => void,
): Promise<SimulatedThought> {
  let text = "";
  const toolCalls = await readCompletion(body, (piece) => {
    text += piece;
    onText(piece);
  });
  return { text, toolCalls };
}

/** Tool calls as the assistant's message has them when the model is asked again. */
export function toolCallsOf(calls: CompletionToolCall[]): Row[] {
  return calls.map(({ id, name, arguments: args }) => ({
    id,
    type: "function",
    function: { name, arguments: args },
  }));
}
