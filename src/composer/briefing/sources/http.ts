import type { LookupFunction } from "node:net";
import type { Clock } from "../../../core/clock.ts";
import { AstrocyteError } from "../../../core/errors.ts";
import { createHttpClient, type HttpResponse } from "../../../core/http.ts";
import type { Subject } from "../../types.ts";
import type { Finder } from "./find.ts";
import { checkUrl, dnsLookup, guardedLookup, type UrlPolicy } from "./guard.ts";
import { type Path, parsePath, readPath } from "./path.ts";
import type { Reader } from "./source.ts";
import { fill } from "./subject.ts";

export type HttpOptions = {
  name: string;
  /** `https://crm.example/v1/customers/{subject}`; `{subject}` is the mapped key. */
  url: string;
  headers: Record<string, string>;
  /** By field: a URL with `{value}`, the path to its rows, and the path of the source's own key in a row. */
  find: Record<string, { url: string; root: string; id: string }>;
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

  /** What the address answers; undefined where it knows nothing. */
  async function get(first: URL, signal: AbortSignal): Promise<unknown> {
    let url = first;
    for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects++) {
      checkUrl(url, policy, name);
      const response = await client.request({ url, headers, signal, idempotent: true });
      const target = redirectOf(response, url);
      if (!target) return answerOf(response, name);
      if (target.origin !== url.origin) throw failed(name, "it redirects to another host");
      url = target;
    }
    throw failed(name, "it redirects too often");
  }

  const finders = Object.entries(options.find).map(([field, { url, root, id }]): [string, Finder] => {
    const [rows, key] = [parsePath(root), parsePath(id)];
    const find: Finder = async (value, signal) =>
      keysIn(readPath(await get(filled(url, { value }), signal), rows), key);
    return [field, find];
  });

  return {
    async read(key, subject, signal) {
      const row = await get(urlOf(options.url, key, subject), signal);
      return row === undefined ? undefined : (path) => readPath(row, parsePath(path));
    },
    finders: Object.fromEntries(finders),
    close: () => client.close(),
  };
}

/** Of one row or a list of them. */
function keysIn(found: unknown, path: Path): string[] {
  const keys = (Array.isArray(found) ? found : [found]).map((row) => readPath(row, path));
  return keys.filter((key) => typeof key === "string" || typeof key === "number").map(String);
}

/** Values go in encoded; a key of dots alone would climb out of its path. */
export function urlOf(template: string, key: string, subject: Subject): URL {
  return filled(template, {
    subject: key,
    "subject.id": subject.id,
    "subject.principal": subject.principal,
  });
}

function filled(template: string, values: Record<string, string>): URL {
  if (Object.values(values).some((value) => /^\.{1,2}$/.test(value))) {
    throw new AstrocyteError("invalid_input", "[sources] the value cannot stand in a URL. Use another one.");
  }
  const encoded = Object.entries(values).map(([name, value]) => [name, encodeURIComponent(value)]);
  return new URL(fill(template, Object.fromEntries(encoded)));
}

function redirectOf({ status, headers }: HttpResponse, url: URL): URL | undefined {
  const { location } = headers;
  return status >= 300 && status < 400 && location !== undefined ? new URL(location, url) : undefined;
}

function answerOf(response: HttpResponse, name: string): unknown {
  const { status } = response;
  if (status === 404) return undefined;
  if (status < 200 || status > 299) throw failed(name, `it answered ${status}`, status >= 500);
  const root = response.json();
  if (root === undefined) throw failed(name, "its answer is not JSON");
  return root;
}

function failed(name: string, what: string, retryable = false): AstrocyteError {
  return new AstrocyteError("source_failed", `[source ${name}] ${what}. Check its url.`, { retryable });
}
