import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  request,
  type ServerResponse,
} from "node:http";
import type { AddressInfo, Socket } from "node:net";
import type { TestContext } from "node:test";
import { sha256 } from "../core/secrets.ts";
import type {
  MemoryHit,
  RecallOptions,
  RecallResult,
  RetainContent,
  RetainOptions,
} from "../memory/types.ts";
import {
  type BoundSession,
  type BrainMemory,
  type BrainParts,
  type BrainSessions,
  createBrain,
  serveBrain,
  type TurnTrace,
} from "./index.ts";

/** A real server on loopback whose every answer the test writes itself. */
export type ScriptedUpstream = {
  /** For `baseUrl`. */
  url: string;
  requests: Array<{ url: string; headers: IncomingHttpHeaders; raw: string; body: ChatBody }>;
  /** Calls whose connection the other side has closed before the answer's end. */
  cancelled: number;
  answer: (res: ServerResponse, req: IncomingMessage, count: number) => void;
  socketsOpen(): number;
};

export type ChatBody = {
  model?: string;
  messages: Array<{ role: string; content: unknown; [field: string]: unknown }>;
  tools?: unknown[];
  stream_options?: unknown;
  [field: string]: unknown;
};

export async function scriptedUpstream(t: Pick<TestContext, "after">): Promise<ScriptedUpstream> {
  const sockets = new Set<Socket>();
  const server = createServer(async (req, res) => {
    const raw = Buffer.concat(await req.toArray()).toString("utf8");
    if (req.method !== "POST") {
      res.writeHead(404).end();
      return;
    }
    upstream.requests.push({ url: req.url ?? "", headers: req.headers, raw, body: JSON.parse(raw) });
    res.on("close", () => {
      if (!res.writableFinished) upstream.cancelled++;
    });
    upstream.answer(res, req, upstream.requests.length);
  });
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
  });
  const upstream: ScriptedUpstream = {
    url: "",
    requests: [],
    cancelled: 0,
    answer: (res) => sendStream(res, chunks("Hello", " there.")),
    socketsOpen: () => sockets.size,
  };
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  upstream.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return upstream;
}

export const EVENTS = { "content-type": "text/event-stream" };

export function sendStream(res: ServerResponse, body: string): void {
  res.writeHead(200, EVENTS).end(body);
}

/** One event of a stream. */
export function chunk(delta: Record<string, unknown>, finish: string | null = null): string {
  const choices = [{ index: 0, delta, finish_reason: finish }];
  return event({ id: "chatcmpl-1", object: "chat.completion.chunk", created: 1, model: "m-1", choices });
}

export function event(data: unknown): string {
  return `data: ${JSON.stringify(data)}\n\n`;
}

/** A whole stream that says these words. */
export function chunks(...words: string[]): string {
  const [first = "", ...rest] = words;
  return [
    chunk({ role: "assistant", content: first }),
    ...rest.map((content) => chunk({ content })),
    chunk({}, "stop"),
    "data: [DONE]\n\n",
  ].join("");
}

export function completion(message: Record<string, unknown>, finish = "stop"): string {
  const choices = [{ index: 0, message: { role: "assistant", ...message }, finish_reason: finish }];
  const usage = { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 };
  return JSON.stringify({ id: "c-1", object: "chat.completion", created: 1, model: "m-1", choices, usage });
}

export function hit(text: string, more: Partial<MemoryHit> = {}): MemoryHit {
  return {
    memoryId: `mem_${text.length}`,
    bankId: "app:notes",
    text,
    score: 1,
    factType: "fact",
    contentType: "text",
    metadata: {},
    tags: [],
    occurredAt: Date.parse("2026-01-10T09:00:00Z"),
    retainedAt: Date.parse("2026-01-10T09:00:00Z"),
    origin: "memory",
    flags: [],
    ...more,
  };
}

export function found(hits: MemoryHit[], more: Partial<RecallResult> = {}): RecallResult {
  return {
    hits,
    totalAvailable: hits.length,
    truncated: false,
    nothingFits: hits.length === 0,
    degraded: false,
    trace: {
      strategiesUsed: [],
      totalCandidates: hits.length,
      fusionMethod: "rrf",
      latencyMs: 1,
      strategyTimingsMs: {},
      strategyCandidateCounts: {},
      late: [],
      failed: {},
      cut: 0,
      cacheHit: false,
    },
    ...more,
  };
}

/** Memory whose answers the test decides. */
export class ScriptedMemory implements BrainMemory {
  recalls: Array<{ query: string; options: RecallOptions }> = [];
  retained: Array<{ content: RetainContent; options: RetainOptions }> = [];
  answer: (query: string, options: RecallOptions) => Promise<RecallResult> = async () => found([]);
  #listeners = new Set<(bankId: string) => void>();

  recall(query: string, options: RecallOptions): Promise<RecallResult> {
    this.recalls.push({ query, options });
    return this.answer(query, options);
  }

  async retain(content: RetainContent, options: RetainOptions) {
    this.retained.push({ content, options });
    return { stored: true, deduplicated: false, action: "stored" as const, redactions: [], chunks: [] };
  }

  onChange(listener: (bankId: string) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  changed(bankId: string): void {
    for (const listener of this.#listeners) listener(bankId);
  }
}

/** Sessions by key; `ended` for one that is over. */
export class ScriptedSessions implements BrainSessions {
  readonly byKey = new Map<string, BoundSession | "ended">();
  readonly byToken = new Map<string, BoundSession | "ended">();
  readonly usage: Array<{ sessionId: string; usage: Record<string, number> }> = [];

  async bySessionKey(key: string) {
    return this.byKey.get(key) ?? "unknown";
  }

  async byContextToken(token: string) {
    return this.byToken.get(token) ?? "unknown";
  }

  async addUsage(sessionId: string, usage: Record<string, number>) {
    this.usage.push({ sessionId, usage });
  }
}

export function session(id: string, more: Partial<BoundSession> = {}): BoundSession {
  return { sessionId: id, context: { principal: `user:${id}` }, bankIds: [`person:${id}`], ...more };
}

export const KEY = "key-of-the-app";
export const APP_KEY = { name: "app", hash: sha256(KEY), principal: "service:app", bank: "app:notes" };

export type StartedBrain = { url: string; turns: TurnTrace[]; close(): Promise<void> };

/** The brain on a loopback port, with one key and `upstream` behind it unless `parts` says otherwise. */
export async function startBrain(
  t: Pick<TestContext, "after">,
  upstream: ScriptedUpstream,
  parts: Partial<BrainParts> = {},
): Promise<StartedBrain> {
  const turns: TurnTrace[] = [];
  const brain = createBrain({
    keys: [APP_KEY],
    upstreams: [{ kind: "openai", baseUrl: upstream.url, apiKey: "sk-upstream" }],
    onTurn: (turn) => turns.push(turn),
    ...parts,
  });
  const { server, url } = await serveBrain(brain);
  let closed: Promise<void> | undefined;
  const close = () => {
    server.closeAllConnections();
    server.close();
    return (closed ??= brain.close());
  };
  t.after(close);
  return { url, turns, close };
}

export type Answer = { status: number; headers: IncomingHttpHeaders; text: string };

/** One POST on a connection of its own; resolves with the whole answer, rejects when it is cut off. */
export function post(url: string, body: unknown, options: PostOptions = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = open(url, body, options);
    sent.on("error", reject);
    sent.on("response", (res: IncomingMessage) => {
      const parts: Buffer[] = [];
      res.on("data", (part: Buffer) => parts.push(part));
      res.on("error", reject);
      res.on("end", () =>
        resolve({ status: res.statusCode!, headers: res.headers, text: Buffer.concat(parts).toString() }),
      );
    });
  });
}

export type PostOptions = { key?: string; headers?: Record<string, string>; path?: string };

export function open(
  url: string,
  body: unknown,
  { key = KEY, headers = {}, path = "/chat/completions" }: PostOptions = {},
) {
  const bytes = Buffer.isBuffer(body)
    ? body
    : Buffer.from(typeof body === "string" ? body : JSON.stringify(body));
  const sent = request(`${url}${path}`, {
    method: "POST",
    agent: false,
    headers: {
      "content-type": "application/json",
      ...(key && { authorization: `Bearer ${key}` }),
      "content-length": String(bytes.length),
      ...headers,
    },
  });
  sent.end(bytes);
  return sent;
}

export function ask(question: string, more: Record<string, unknown> = {}): ChatBody {
  return { model: "m-1", stream: true, messages: [{ role: "user", content: question }], ...more };
}

/** The words of a stream. */
export function wordsOf(stream: string): string {
  return dataLines(stream)
    .map((data) => JSON.parse(data).choices?.[0]?.delta?.content ?? "")
    .join("");
}

export function dataLines(stream: string): string[] {
  return stream
    .split(/\r?\n/)
    .filter((line) => line.startsWith("data:") && !line.includes("[DONE]"))
    .map((line) => line.slice(5));
}

/** Resolves when `condition` holds, looking after each turn of the event loop. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}
