import type { Clock } from "../../core/clock.ts";
import { asRow, asRows, type Row } from "../read.ts";
import { createVendorHttp, type VendorCall, type VendorHttp } from "../vendor-http.ts";
import { ADVICE, classify } from "./errors.ts";
import type { Page } from "./types.ts";

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
