import type { Readable } from "node:stream";
import { Agent, type Dispatcher, request as send } from "undici";
import { type Clock, systemClock } from "./clock.ts";
import { type Deadline, startDeadline } from "./deadline.ts";
import { AstrocyteError, type ErrorCode } from "./errors.ts";

/**
 * Our HTTP client, over undici with kept connections. An answer of any status is a value; an error is what
 * gave no answer. Neither errors nor messages carry paths, queries, headers or bodies.
 */
export type HttpRequest = {
  method?: Dispatcher.HttpMethod;
  url: string | URL;
  headers?: Record<string, string>;
  body?: string | Uint8Array;
  /** Milliseconds until the whole answer is in; the client's when absent. */
  timeoutMs?: number | undefined;
  signal?: AbortSignal | undefined;
  /**
   * True when a second execution does no harm. Only then is it sent again after a lost connection (once), and
   * after 429 or 503 with a `Retry-After` that ends within the deadline (twice). False when absent.
   */
  idempotent?: boolean;
  /** Bytes of the answer; more is an error. The client's when absent. */
  maxBytes?: number;
};

export type HttpHead = { status: number; headers: Record<string, string> };
export type HttpResponse = HttpHead & {
  bytes(): Uint8Array;
  text(): string;
  /** Parses the body; `undefined` when it is no JSON. */
  json(): unknown;
};
export type HttpStream = HttpHead & { body: Readable };

export type HttpClient = {
  request(request: HttpRequest): Promise<HttpResponse>;
  /** Answers at the first byte. Read `body` to its end or destroy it; the deadline runs on until then. */
  stream(request: HttpRequest): Promise<HttpStream>;
  close(): Promise<void>;
};

export type HttpClientOptions = {
  /** Start of the errors' messages, e.g. `llm.openai`. */
  area: string;
  /** 30 000 when absent. */
  timeoutMs?: number;
  /** 16 MiB when absent. */
  maxBytes?: number;
  clock?: Clock;
  /** Codes of the errors: no connection, time is up, answer too large. */
  codes?: { unreachable?: ErrorCode; timeout?: ErrorCode; tooLarge?: ErrorCode };
  agentOptions?: Agent.Options;
};

const MAX_WAITS = 2;
const LOST = new Set(["ECONNRESET", "EPIPE", "UND_ERR_SOCKET"]);

type Settings = Required<Omit<HttpClientOptions, "codes" | "agentOptions">> & {
  codes: { unreachable: ErrorCode; timeout: ErrorCode; tooLarge: ErrorCode };
  agent: Agent;
};

export function createHttpClient(options: HttpClientOptions): HttpClient {
  const settings: Settings = {
    timeoutMs: 30_000,
    maxBytes: 16 * 1024 * 1024,
    clock: systemClock,
    ...options,
    codes: {
      unreachable: "source_failed",
      timeout: "deadline_exceeded",
      tooLarge: "source_failed",
      ...options.codes,
    },
    // The deadline is ours and follows the injected clock.
    agent: new Agent({
      headersTimeout: 0,
      bodyTimeout: 0,
      keepAliveTimeout: 30_000,
      ...options.agentOptions,
    }),
  };
  return {
    async request(request) {
      const deadline = begin(settings, request);
      try {
        const answer = await exchange(settings, request, deadline);
        return toResponse(answer, await readAll(settings, request, answer.body));
      } catch (error) {
        throw toHttpError(settings, request, error, deadline.signal);
      } finally {
        deadline.done();
      }
    },
    async stream(request) {
      const deadline = begin(settings, request);
      try {
        const answer = await exchange(settings, request, deadline);
        answer.body.once("close", deadline.done);
        return { ...toHead(answer), body: answer.body };
      } catch (error) {
        deadline.done();
        throw toHttpError(settings, request, error, deadline.signal);
      }
    },
    close: () => settings.agent.close(),
  };
}

type Timed = Deadline & { endsAt: number };

function begin(settings: Settings, request: HttpRequest): Timed {
  const { clock, area, codes } = settings;
  const timeoutMs = request.timeoutMs ?? settings.timeoutMs;
  const what = `[${area}] ${request.method ?? "GET"} ${originOf(request)}`;
  const deadline = startDeadline({ clock, timeoutMs, signal: request.signal, code: codes.timeout, what });
  return { ...deadline, endsAt: clock.now() + timeoutMs };
}

/** Sends, and sends again as far as the request allows it. */
async function exchange(
  settings: Settings,
  request: HttpRequest,
  deadline: Timed,
): Promise<Dispatcher.ResponseData> {
  let canReconnect = request.idempotent === true;
  for (let waits = 0; ; ) {
    let answer: Dispatcher.ResponseData;
    try {
      answer = await dispatch(settings, request, deadline.signal);
    } catch (error) {
      if (!canReconnect || !LOST.has(codeOf(error)) || deadline.signal.aborted) throw error;
      canReconnect = false;
      continue;
    }
    const wait = request.idempotent === true ? retryAfterMs(toHead(answer), settings.clock.now()) : undefined;
    const inTime = wait !== undefined && settings.clock.now() + wait < deadline.endsAt;
    if (!inTime || waits++ >= MAX_WAITS) return answer;
    await answer.body.dump();
    await pause(settings.clock, wait, deadline.signal);
  }
}

function dispatch(
  { agent }: Settings,
  { method = "GET", url, headers, body }: HttpRequest,
  signal: AbortSignal,
): Promise<Dispatcher.ResponseData> {
  return send(url, { dispatcher: agent, method, signal, ...(headers && { headers }), ...(body && { body }) });
}

async function readAll(settings: Settings, request: HttpRequest, body: Readable): Promise<Buffer> {
  const limit = request.maxBytes ?? settings.maxBytes;
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > limit) {
      body.destroy();
      throw new AstrocyteError(
        settings.codes.tooLarge,
        `[${settings.area}] ${originOf(request)} answered with more than ${limit} bytes. Ask for less.`,
        { retryable: false },
      );
    }
    chunks.push(chunk);
  }
  return chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks, size);
}

function toResponse(answer: Dispatcher.ResponseData, bytes: Buffer): HttpResponse {
  return {
    ...toHead(answer),
    bytes: () => bytes,
    text: () => bytes.toString("utf8"),
    json() {
      try {
        return JSON.parse(bytes.toString("utf8"));
      } catch {
        return undefined;
      }
    },
  };
}

function toHead({ statusCode, headers }: Dispatcher.ResponseData): HttpHead {
  const plain: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) plain[name] = Array.isArray(value) ? value.join(", ") : value;
  }
  return { status: statusCode, headers: plain };
}

/** Milliseconds that a 429 or 503 asks to wait: seconds or a date; undefined when it does not say. */
export function retryAfterMs({ status, headers }: HttpHead, now: number): number | undefined {
  const value = headers["retry-after"];
  if ((status !== 429 && status !== 503) || value === undefined) return undefined;
  if (/^\d+(\.\d+)?$/.test(value)) return Number(value) * 1000;
  const date = Date.parse(value);
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}

function pause(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const abort = () => {
      cancel();
      reject(signal.reason);
    };
    const cancel = clock.after(ms, () => {
      signal.removeEventListener("abort", abort);
      resolve();
    });
    signal.addEventListener("abort", abort, { once: true });
  });
}

function toHttpError(settings: Settings, request: HttpRequest, error: unknown, signal: AbortSignal): unknown {
  if (signal.aborted) return signal.reason;
  if (AstrocyteError.is(error)) return error;
  const { area, codes } = settings;
  const code = codeOf(error) || "failed";
  const message = `[${area}] ${originOf(request)} could not be reached (${code}). Check the address and the network.`;
  return new AstrocyteError(codes.unreachable, message, { cause: error });
}

function codeOf(error: unknown): string {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  return typeof code === "string" ? code : "";
}

function originOf({ url }: HttpRequest): string {
  return URL.canParse(url) ? new URL(url).origin : "an invalid address";
}
