import type { Clock } from "../../core/clock.ts";
import { createHttpClient } from "../../core/http.ts";
import { tavusError } from "./errors.ts";
import { asRow, asRows, type Row } from "./read.ts";
import type { Page } from "./types.ts";

export type TransportOptions = { baseUrl: string; apiKey: string; timeoutMs: number; clock: Clock };

export type Call = {
  query?: Record<string, string | number | boolean | undefined>;
  body?: unknown;
  timeoutMs?: number;
  /** For errors: "creating a conversation". */
  what: string;
};

export type Transport = {
  /** The JSON of the answer; `undefined` for an empty body (204, 304, or a 200 with nothing in it). */
  call(method: Method, path: string, call: Call): Promise<unknown>;
  /** One page of a list. */
  page(path: string, call: Call): Promise<Page<Row>>;
  /** All rows of a list, page by page. */
  rows(path: string, call: Call): AsyncGenerator<Row>;
  close(): Promise<void>;
};

export type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";

/** The most that a list gives at once (§1.2). */
const PAGE_SIZE = 100;

/** Calls with the API key; what is no success becomes a `vendor_*` error. Only reads and deletes are repeated. */
export function createTransport(options: TransportOptions): Transport {
  const http = createHttpClient({
    area: "tavus",
    timeoutMs: options.timeoutMs,
    clock: options.clock,
    codes: { unreachable: "vendor_failed", timeout: "vendor_timeout", tooLarge: "vendor_failed" },
  });
  const base = options.baseUrl.replace(/\/+$/, "");

  async function call(
    method: Method,
    path: string,
    { query, body, timeoutMs, what }: Call,
  ): Promise<unknown> {
    const url = new URL(base + path);
    for (const [name, value] of Object.entries(query ?? {})) {
      if (value !== undefined) url.searchParams.set(name, String(value));
    }
    const response = await http.request({
      method,
      url,
      headers: {
        "x-api-key": options.apiKey,
        ...(body !== undefined && { "content-type": "application/json" }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
      timeoutMs,
      idempotent: method === "GET" || method === "DELETE",
    });
    // A patch that changes nothing answers 304 (§1.1).
    if ((response.status < 200 || response.status >= 300) && response.status !== 304) {
      throw tavusError(what, response.status, response.text());
    }
    return response.json();
  }

  async function page(path: string, request: Call): Promise<Page<Row>> {
    const answer = await call("GET", path, request);
    const envelope = asRow(answer);
    const rows = asRows(Array.isArray(answer) ? answer : (envelope["data"] ?? envelope["tools"]));
    const total = envelope["total_count"];
    return { items: rows, total: typeof total === "number" ? total : rows.length };
  }

  async function* rows(path: string, request: Call): AsyncGenerator<Row> {
    for (let number = 1, seen = 0; ; number++) {
      const query = { ...request.query, limit: PAGE_SIZE, page: number };
      const { items, total } = await page(path, { ...request, query });
      yield* items;
      seen += items.length;
      // An empty page beside a larger total was seen (§1.2).
      if (items.length === 0 || seen >= total) return;
    }
  }

  return { call, page, rows, close: () => http.close() };
}
