import type { Clock } from "../core/clock.ts";
import { AstrocyteError, type ErrorCode } from "../core/errors.ts";
import { createHttpClient } from "../core/http.ts";

/** What `createVendorHttp` needs. */
export type VendorHttpOptions = {
  vendor: string;
  baseUrl: string;
  /** Sent with every call: the vendor's authentication. */
  headers: Record<string, string>;
  timeoutMs: number;
  clock: Clock;
  /** The code of a refusal, where the status alone does not tell. `undefined` leaves it to the status. */
  classify?(status: number, body: string): ErrorCode | undefined;
  /** What to do about each class of failure, where there is more to say than the usual. */
  advice?: Partial<Record<ErrorCode, string>>;
  /** Statuses besides 2xx that are no failure. */
  alsoFine?: number[];
};

/** One call of a vendor's API. */
export type VendorCall = {
  query?: Record<string, string | number | boolean | undefined>;
  /** Sent as JSON; a `URLSearchParams` as a form. */
  body?: unknown;
  headers?: Record<string, string>;
  timeoutMs?: number;
  /** For errors: "creating a conversation". */
  what: string;
};

export type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";

/** A vendor's API, as `createVendorHttp` makes it. */
export type VendorHttp = {
  /**
   * The JSON of the answer; `undefined` for an empty body. Only reads and deletes are ever repeated.
   * Errors: the `vendor_*` codes; they quote nothing of what was sent or answered.
   */
  call(method: Method, path: string, call: VendorCall): Promise<unknown>;
  /** The answer's bytes, for what is no JSON. `url` may be another host's: then no header of ours is sent. */
  download(url: string, call: Pick<VendorCall, "what" | "timeoutMs">): Promise<Uint8Array>;
  close(): Promise<void>;
};

/** A vendor's REST API: its authentication, our deadlines, one vocabulary of failures. */
export function createVendorHttp(options: VendorHttpOptions): VendorHttp {
  const { vendor, clock, timeoutMs } = options;
  const http = createHttpClient({
    area: vendor,
    timeoutMs,
    clock,
    codes: { unreachable: "vendor_failed", timeout: "vendor_timeout", tooLarge: "vendor_failed" },
  });
  const base = options.baseUrl.replace(/\/+$/, "");
  const fine = (status: number) =>
    (status >= 200 && status < 300) || (options.alsoFine?.includes(status) ?? false);

  return {
    async call(method, path, { query, body, headers, timeoutMs, what }) {
      const url = new URL(base + path);
      for (const [name, value] of Object.entries(query ?? {})) {
        if (value !== undefined) url.searchParams.set(name, String(value));
      }
      const answer = await http.request({
        method,
        url,
        headers: { ...options.headers, ...contentType(body), ...headers },
        ...(body !== undefined && { body: encode(body) }),
        timeoutMs,
        idempotent: method === "GET" || method === "DELETE",
      });
      if (!fine(answer.status)) throw refusal(options, what, answer.status, answer.text());
      return answer.json();
    },

    async download(url, { what, timeoutMs }) {
      const answer = await http.request({ url, timeoutMs, idempotent: true });
      if (!fine(answer.status)) throw refusal(options, what, answer.status, answer.text());
      return answer.bytes();
    },

    close: () => http.close(),
  };
}

/** An id as part of a path. Errors: `vendor_not_found` for one that would lead elsewhere. */
export function segment(vendor: string, id: string): string {
  if (id !== "" && id !== "." && id !== "..") return encodeURIComponent(id);
  throw new AstrocyteError(
    "vendor_not_found",
    `[${vendor}] an id is empty or malformed. Use the one that ${vendor} gave.`,
  );
}

/** A removal, or an end, of what may be gone already. */
export async function gone(work: Promise<unknown>): Promise<void> {
  await work.catch((error) => {
    if (!AstrocyteError.is(error, "vendor_not_found")) throw error;
  });
}

function contentType(body: unknown): Record<string, string> {
  if (body === undefined) return {};
  if (body instanceof URLSearchParams) return { "content-type": "application/x-www-form-urlencoded" };
  return { "content-type": "application/json" };
}

function encode(body: unknown): string {
  return body instanceof URLSearchParams ? body.toString() : JSON.stringify(body);
}

const ADVICE: Partial<Record<ErrorCode, (vendor: string) => string>> = {
  vendor_auth: (vendor) => `Check the key in presentation.${vendor}.`,
  vendor_credits: () => "The account is out of credits: buy more, or wait for the next period.",
  vendor_capacity: () => "The plan's concurrent sessions are all in use: end one, or try again later.",
  vendor_conflict: () => "Something like it exists already.",
  vendor_not_found: () => "It was deleted, or belongs to another account.",
  vendor_rate_limited: () => "Slow down and try again.",
  vendor_invalid: (vendor) => `Check the persona's ${vendor} block against docs/vendors/${vendor}.md.`,
  vendor_failed: () => "Try again later; see the vendor's status page.",
};

/** The error for an answer that is no success. The vendor's own text may echo what we sent, so it is classified and not repeated. */
export function refusal(
  { vendor, classify, advice }: Pick<VendorHttpOptions, "vendor" | "classify" | "advice">,
  what: string,
  status: number,
  body: string,
): AstrocyteError {
  const code = classify?.(status, body) ?? byStatus(status);
  const todo = advice?.[code] ?? ADVICE[code]?.(vendor) ?? "";
  const message = `[${vendor}] ${what} was refused with status ${status}. ${todo}`;
  return new AstrocyteError(code, message.trimEnd(), { details: { vendor, status } });
}

function byStatus(status: number): ErrorCode {
  if (status === 402) return "vendor_credits";
  if (status === 401 || status === 403) return "vendor_auth";
  if (status === 404 || status === 410) return "vendor_not_found";
  if (status === 409) return "vendor_conflict";
  if (status === 429) return "vendor_rate_limited";
  return status >= 500 ? "vendor_failed" : "vendor_invalid";
}
