import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { hashVector } from "./scripted-llm.ts";

/** What the next request meets instead of a normal answer. */
export type Fault =
  /** An HTTP error, with OpenAI's error body. */
  | { kind: "status"; status: number; code?: string; message?: string; headers?: Record<string, string> }
  /** The connection is reset before the first byte. */
  | { kind: "reset" }
  /** Nothing comes: no head, or with `afterChunks` that many stream events and then nothing. */
  | { kind: "stall"; afterChunks?: number }
  /** The stream's connection is cut after that many events. */
  | { kind: "cut"; afterChunks: number }
  /** The stream holds a line that is no JSON. */
  | { kind: "malformed" }
  /** A stream whose last event lacks its blank line and `[DONE]`. */
  | { kind: "unfinished" }
  /** An error object in the middle of the stream. */
  | { kind: "error_event"; code?: string }
  /** A body that is not JSON at all. */
  | { kind: "html" };

export type SimulatorReply =
  | string
  | {
      text?: string;
      toolCalls?: Array<{ id: string; name: string; arguments: string }>;
      finishReason?: string;
    };

export type RecordedRequest = {
  path: string;
  headers: Record<string, string | string[] | undefined>;
  body: Record<string, unknown>;
};

/** A server on loopback, what it was asked, and what it is told to do next. */
export type OpenAISimulator = {
  /** For `base_url`, ends in `/v1`. */
  url: string;
  requests: RecordedRequest[];
  /** Answers in order; after them `answer` does. */
  reply(...replies: SimulatorReply[]): void;
  /** Faults of the next requests, one each. */
  fail(...faults: Fault[]): void;
  /** Sends embeddings as base64 whatever was asked for. */
  base64Embeddings: boolean;
  /** Resolves when so many requests have come in, all told. */
  received(count: number): Promise<void>;
  close(): Promise<void>;
};

const DIMENSIONS = 64;

export type OpenAISimulatorOptions = {
  /** Answers what no queued reply answers; `ok` when absent. A promise keeps the caller waiting. */
  answer?: (request: RecordedRequest) => SimulatorReply | Promise<SimulatorReply>;
};

/** A real loopback server with OpenAI's `/chat/completions` (stream or not) and `/embeddings`. */
export async function startOpenAISimulator({
  answer = () => "ok",
}: OpenAISimulatorOptions = {}): Promise<OpenAISimulator> {
  const replies: SimulatorReply[] = [];
  const faults: Fault[] = [];
  const waiters: Array<{ count: number; resolve: () => void }> = [];
  const server = createServer((request, response) => {
    void handle(request, response).catch(() => response.destroy());
  });

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = JSON.parse(Buffer.concat(await request.toArray()).toString() || "{}");
    const path = request.url ?? "";
    const recorded = { path, headers: request.headers, body };
    simulator.requests.push(recorded);
    for (const waiter of waiters) if (simulator.requests.length >= waiter.count) waiter.resolve();
    const fault = faults.shift();
    if (fault && answerFault(fault, request, response)) return;
    if (path.endsWith("/embeddings")) return sendEmbeddings(response, body, simulator.base64Embeddings);
    if (!path.endsWith("/chat/completions")) return sendError(response, 404, "unknown_url", "no such path");
    const reply = replies.shift() ?? (await answer(recorded));
    const content = typeof reply === "string" ? { text: reply } : reply;
    if (body.stream === true) await sendStream(response, body, content, fault);
    else sendCompletion(response, body, content);
  }

  const simulator: OpenAISimulator = {
    url: "",
    requests: [],
    base64Embeddings: false,
    reply: (...more) => void replies.push(...more),
    fail: (...more) => void faults.push(...more),
    received: (count) =>
      new Promise((resolve) => {
        if (simulator.requests.length >= count) resolve();
        else waiters.push({ count, resolve });
      }),
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  simulator.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;
  return simulator;
}

/** True when the fault is the whole answer; stream faults are part of one. */
function answerFault(fault: Fault, request: IncomingMessage, response: ServerResponse): boolean {
  if (fault.kind === "reset") request.socket.resetAndDestroy();
  else if (fault.kind === "status") {
    const { status, code = "error", message = "simulated", headers = {} } = fault;
    sendError(response, status, code, message, headers);
  } else if (fault.kind === "html") {
    response.writeHead(200, { "content-type": "text/html" }).end("<html>not an API</html>");
  } else return fault.kind === "stall" && fault.afterChunks === undefined;
  return true;
}

type Content = Exclude<SimulatorReply, string>;

function finishOf({ toolCalls, finishReason }: Content): string {
  return finishReason ?? (toolCalls ? "tool_calls" : "stop");
}

function sendCompletion(response: ServerResponse, body: Record<string, unknown>, content: Content): void {
  const { text = null, toolCalls } = content;
  const message = {
    role: "assistant",
    content: text,
    ...(toolCalls && { tool_calls: toolCalls.map(toWireCall) }),
  };
  sendJson(response, 200, {
    id: "chatcmpl-1",
    object: "chat.completion",
    model: `${body["model"]}-2026`,
    choices: [{ index: 0, message, finish_reason: finishOf(content) }],
    usage: { prompt_tokens: 11, completion_tokens: 7, total_tokens: 18 },
  });
}

async function sendStream(
  response: ServerResponse,
  body: Record<string, unknown>,
  content: Content,
  fault: Fault | undefined,
): Promise<void> {
  response.writeHead(200, { "content-type": "text/event-stream" });
  const events = streamEvents(body, content);
  const last = fault?.kind === "cut" || fault?.kind === "stall" ? fault.afterChunks! : events.length;
  for (const event of events.slice(0, last)) await write(response, `data: ${JSON.stringify(event)}\n\n`);
  if (fault?.kind === "cut") return void response.destroy();
  if (fault?.kind === "stall") return;
  if (fault?.kind === "malformed") await write(response, "data: {not json\n\n");
  if (fault?.kind === "error_event") {
    await write(
      response,
      `data: ${JSON.stringify({ error: { message: "quoted", code: fault.code ?? 500 } })}\n\n`,
    );
  }
  if (fault?.kind === "unfinished") return void response.end(`data: ${JSON.stringify(events.at(-1))}`);
  response.end("data: [DONE]\n\n");
}

/** A word at a time, tool calls in two pieces each, then the reason, then the usage. */
function streamEvents(body: Record<string, unknown>, content: Content): unknown[] {
  const chunk = (delta: unknown, finish_reason: string | null = null) => ({
    id: "chatcmpl-1",
    object: "chat.completion.chunk",
    model: `${body["model"]}-2026`,
    choices: [{ index: 0, delta, finish_reason }],
  });
  const words = (content.text ?? "").match(/\s*\S+/g) ?? [];
  const calls = (content.toolCalls ?? []).flatMap((call, index) => {
    const half = call.arguments.length >> 1;
    const wire = toWireCall({ ...call, arguments: call.arguments.slice(0, half) });
    const rest = { index, function: { arguments: call.arguments.slice(half) } };
    return [{ tool_calls: [{ index, ...wire }] }, { tool_calls: [rest] }];
  });
  return [
    chunk({ role: "assistant", content: "" }),
    ...words.map((text) => chunk({ content: text })),
    ...calls.map((delta) => chunk(delta)),
    chunk({}, finishOf(content)),
    { ...chunk({}), choices: [], usage: { prompt_tokens: 11, completion_tokens: 7 } },
  ];
}

function sendEmbeddings(response: ServerResponse, body: Record<string, unknown>, base64: boolean): void {
  const input = [body["input"]].flat() as string[];
  const size = (body["dimensions"] as number | undefined) ?? DIMENSIONS;
  const data = input.map((text, index) => {
    const vector = hashVector(text, size);
    return { index, embedding: base64 ? Buffer.from(vector.buffer).toString("base64") : [...vector] };
  });
  // Out of order on purpose: `index` is what counts.
  sendJson(response, 200, {
    object: "list",
    data: data.reverse(),
    usage: { prompt_tokens: input.length * 3 },
  });
}

function toWireCall({ id, name, arguments: args }: { id: string; name: string; arguments: string }) {
  return { id, type: "function", function: { name, arguments: args } };
}

function sendError(
  response: ServerResponse,
  status: number,
  code: string,
  message: string,
  headers: Record<string, string> = {},
): void {
  sendJson(response, status, { error: { message, type: "simulated_error", code } }, headers);
}

function sendJson(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, { "content-type": "application/json", ...headers }).end(JSON.stringify(body));
}

function write(response: ServerResponse, text: string): Promise<void> {
  return new Promise((resolve, reject) =>
    response.write(text, (error) => (error ? reject(error) : resolve())),
  );
}
