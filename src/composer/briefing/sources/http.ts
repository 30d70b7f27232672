import type { LookupFunction } from "node:net";
import type { Clock } from "../../../core/clock.ts";
import { AstrocyteError } from "../../../core/errors.ts";
import { createHttpClient, type HttpResponse } from "../../../core/http.ts";
import type { Subject } from "../../types.ts";
import { checkUrl, dnsLookup, guardedLookup, type UrlPolicy } from "./guard.ts";
import { parsePath, readPath } from "./path.ts";
import type { Reader, Row } from "./source.ts";
import { fill } from "./subject.ts";

export type HttpOptions = {
  name: string;
  /** `https://crm.example/v1/customers/{subject}`; `{subject}` is the mapped key. */
  url: string;
  headers: Record<string, string>;
  policy: UrlPolicy;
  maxBytes: number;
  timeoutMs: number;
};

const MAX_REDIRECTS = 3;

/** Reads JSON over HTTP. 404 means that the subject is not known. Nothing is followed to another origin. */
export function httpReader(options: HttpOptions, clock: Clock, lookup: LookupFunction = dnsLookup): Reader {
  const { name, policy, maxBytes, timeoutMs } = options;
  const client = createHttpClient({
    area: `source ${name}`,
    maxBytes,
    timeoutMs,
    clock,
    agentOptions: { connect: { lookup: guardedLookup(policy, name, lookup) } },
  });
  // Without an encoding the size limit counts what is read.
  const headers = { accept: "application/json", "accept-encoding": "identity", ...options.headers };

  return {
    async read(key, subject, signal) {
      let url = urlOf(options.url, key, subject);
      for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects++) {
        checkUrl(url, policy, name);
        const response = await client.request({ url, headers, signal, idempotent: true });
        const target = redirectOf(response, url);
        if (!target) return rowOf(response, name);
        if (target.origin !== url.origin) throw failed(name, "it redirects to another host");
        url = target;
      }
      throw failed(name, "it redirects too often");
    },
    close: () => client.close(),
  };
}

/** Values go in encoded; a key of dots alone would climb out of its path. */
export function urlOf(template: string, key: string, subject: Subject): URL {
  const values = { subject: key, "subject.id": subject.id, "subject.principal": subject.principal };
  if (Object.values(values).some((value) => /^\.{1,2}$/.test(value))) {
    throw new AstrocyteError("invalid_input", "[sources] the subject cannot stand in a URL. Use another id.");
  }
  const encoded = Object.entries(values).map(([name, value]) => [name, encodeURIComponent(value)]);
  return new URL(fill(template, Object.fromEntries(encoded)));
}

function redirectOf({ status, headers }: HttpResponse, url: URL): URL | undefined {
  const { location } = headers;
  return status >= 300 && status < 400 && location !== undefined ? new URL(location, url) : undefined;
}

function rowOf(response: HttpResponse, name: string): Row | undefined {
  const { status } = response;
  if (status === 404) return undefined;
  if (status < 200 || status > 299) throw failed(name, `it answered ${status}`, status >= 500);
  const root = response.json();
  if (root === undefined) throw failed(name, "its answer is not JSON");
  return (path) => readPath(root, parsePath(path));
}

function failed(name: string, what: string, retryable = false): AstrocyteError {
  return new AstrocyteError("source_failed", `[source ${name}] ${what}. Check its url.`, { retryable });
}
