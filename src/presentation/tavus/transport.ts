import type { Clock } from "../../core/clock.ts";
import type { ErrorCode } from "../../core/errors.ts";
import { asRow, asRows, type Row } from "../read.ts";
import { createVendorHttp, type VendorCall, type VendorHttp } from "../vendor-http.ts";
import type { Page } from "./read.ts";

export type TransportOptions = { baseUrl: string; apiKey: string; timeoutMs: number; clock: Clock };

export type Transport = Pick<VendorHttp, "call" | "close"> & {
  /** One page of a list. */
  page(path: string, call: VendorCall): Promise<Page<Row>>;
  /** All rows of a list, page by page. */
  rows(path: string, call: VendorCall): AsyncGenerator<Row>;
};

/** The most that a list gives at once (§1.2). */
const PAGE_SIZE = 100;

/** Calls with the API key; what is no success becomes a `vendor_*` error. Only reads and deletes are repeated. */
export function createTransport({ apiKey, ...options }: TransportOptions): Transport {
  const { call, close } = createVendorHttp({
    ...options,
    vendor: "tavus",
    headers: { "x-api-key": apiKey },
    classify,
    advice: ADVICE,
    // A patch that changes nothing answers 304 (§1.1).
    alsoFine: [304],
  });

  async function page(path: string, request: VendorCall): Promise<Page<Row>> {
    const answer = await call("GET", path, request);
    const envelope = asRow(answer);
    const rows = asRows(Array.isArray(answer) ? answer : (envelope["data"] ?? envelope["tools"]));
    const total = envelope["total_count"];
    return { items: rows, total: typeof total === "number" ? total : rows.length };
  }

  async function* rows(path: string, request: VendorCall): AsyncGenerator<Row> {
    for (let number = 1, seen = 0; ; number++) {
      const query = { ...request.query, limit: PAGE_SIZE, page: number };
      const { items, total } = await page(path, { ...request, query });
      yield* items;
      seen += items.length;
      // An empty page beside a larger total was seen (§1.2).
      if (items.length === 0 || seen >= total) return;
    }
  }

  return { call, page, rows, close };
}

/** What to do about each class of failure, where Tavus asks for more than the usual (contract §1.1). */
export const ADVICE: Partial<Record<ErrorCode, string>> = {
  vendor_auth: "Check presentation.tavus.api_key and the key's list of allowed addresses.",
  vendor_credits: "The account is out of conversation minutes: buy more, or wait for the next period.",
  vendor_conflict: "Something of that name exists, or the web editor holds a draft: publish or discard it.",
};

/** Tavus writes its text under `error` or `message`; that text decides where the status alone does not. */
export function classify(status: number, body: string): ErrorCode | undefined {
  const text = readText(body);
  if (/maximum concurrent/i.test(text)) return "vendor_capacity";
  if (/out of conversational credits/i.test(text)) return "vendor_credits";
  return /^invalid \w+_id\b/i.test(text) && status < 500 ? "vendor_not_found" : undefined;
}

function readText(body: string): string {
  try {
    const { error, message } = asRow(JSON.parse(body));
    return String(error ?? message ?? body);
  } catch {
    return body;
  }
}
