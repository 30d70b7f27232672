import { AstrocyteError } from "../core/errors.ts";
import type { HttpClient, HttpStream } from "../core/http.ts";
import { readSse } from "../core/sse.ts";
import type { Binding, ToolCallEvent, VendorTool } from "./adapter.ts";

/** Milliseconds that the brain may take for a whole answer. */
const ANSWER_MS = 120_000;

/** A message as OpenAI's chat completions take it. */
export type ChatMessage =
  | { role: "system" | "user"; content: string }
  | { role: "assistant"; content: string | null; tool_calls?: ChatToolCall[] }
  | { role: "tool"; content: string; tool_call_id: string };

export type ChatToolCall = {
  id: string;
  type: "function";
  function: { name: string; arguments: string };
};

export type BrainQuestion = {
  http: HttpClient;
  brain: Binding["brain"];
  messages: ChatMessage[];
  tools: VendorTool[];
  signal: AbortSignal;
  /** Called with each piece of text as it comes; the next one is not read before it resolves. */
  onText(piece: string): void | Promise<void>;
};

/**
 * One streamed completion from the shared brain, as any vendor's custom-LLM slot would ask for it.
 * Errors: `llm_failed` with the brain's own code in `details.upstreamCode`.
 */
export async function askBrain(question: BrainQuestion): Promise<ToolCallEvent[]> {
  const { http, brain, messages, tools, signal } = question;
  const answer = await http.stream({
    method: "POST",
    url: `${brain.baseUrl}/chat/completions`,
    headers: { authorization: `Bearer ${brain.apiKey}`, "content-type": "application/json" },
    body: JSON.stringify({
      model: brain.model,
      stream: true,
      messages,
      ...(tools.length > 0 && { tools: tools.map(toolSpec) }),
    }),
    timeoutMs: ANSWER_MS,
    signal,
  });
  if (answer.status !== 200) throw await refused(answer);
  const calls = await readCompletion(answer.body, question.onText);
  return calls.map(({ id, ...call }) => ({ type: "tool_call", toolCallId: id, ...call }));
}

/** `arguments` is the JSON text as the model wrote it. */
export type CompletionToolCall = { id: string; name: string; arguments: string };

/**
 * Reads a streamed chat completion: its text goes to `onText` piece by piece, each waited for, its tool calls come
 * back whole. Errors: `llm_failed` for one that breaks off.
 */
export async function readCompletion(
  body: AsyncIterable<Uint8Array>,
  onText: (piece: string) => void | Promise<void>,
): Promise<CompletionToolCall[]> {
  const calls: CompletionToolCall[] = [];
  for await (const { data } of readSse(body)) {
    if (data === "[DONE]") break;
    const chunk = JSON.parse(data) as Chunk;
    if (chunk.error) throw failed(String(chunk.error.code ?? "unknown"));
    const delta = chunk.choices?.[0]?.delta;
    if (delta?.content) await onText(delta.content);
    for (const part of delta?.tool_calls ?? []) addPart(calls, part);
  }
  return calls;
}

type ToolCallPart = { index?: number; id?: string; function?: { name?: string; arguments?: string } };
type Chunk = {
  choices?: Array<{ delta?: { content?: string | null; tool_calls?: ToolCallPart[] } }>;
  error?: { code?: string | null };
};

/** A call comes in pieces: id and name first, then its arguments as cut text. */
function addPart(calls: CompletionToolCall[], { index = 0, id, function: fn }: ToolCallPart): void {
  const call = (calls[index] ??= { id: "", name: "", arguments: "" });
  if (id) call.id = id;
  call.name += fn?.name ?? "";
  call.arguments += fn?.arguments ?? "";
}

function toolSpec({ name, description, parameters }: VendorTool) {
  return { type: "function", function: { name, description, parameters } };
}

async function refused({ status, body }: HttpStream): Promise<AstrocyteError> {
  let text = "";
  for await (const bytes of body) text = (text + bytes).slice(0, 8_192);
  return failed(/"code"\s*:\s*"(\w+)"/.exec(text)?.[1] ?? String(status));
}

function failed(upstreamCode: string): AstrocyteError {
  return new AstrocyteError(
    "llm_failed",
    `[agent] the brain gave no answer (${upstreamCode}). Say it again, or look into the gateway's log.`,
    { details: { upstreamCode } },
  );
}
