import type { LookupFunction } from "node:net";
import { Agent, type Dispatcher, request } from "undici";
import { AstrocyteError } from "../../../core/errors.ts";
import type { Subject } from "../../types.ts";
import { checkUrl, dnsLookup, guardedLookup, type UrlPolicy } from "./guard.ts";
import { parsePath, readPath } from "./path.ts";
import type { Reader } from "./source.ts";
import { fill } from "./subject.ts";

export type HttpOptions = {
  name: string;
  /** `https://crm.example/v1/customers/{subject}`; `{subject}` is the mapped key. */
  url: string;
  headers: Record<string, string>;
  policy: UrlPolicy;
  maxBytes: number;
};

const MAX_REDIRECTS = 3;

/** Reads JSON over HTTP. 404 means that the subject is not known. Nothing is followed to another origin. */
export function httpReader(options: HttpOptions, lookup: LookupFunction = dnsLookup): Reader {
  const { name, policy } = options;
  const agent = new Agent({
    connect: { lookup: guardedLookup(policy, name, lookup) },
    maxHeaderSize: 16_384,
  });

  return {
    async read(key, subject, signal) {
      let url = urlOf(options.url, key, subject);
      for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects++) {
        checkUrl(url, policy, name);
        const response = await request(url, {
          dispatcher: agent,
          headers: { accept: "application/json", "accept-encoding": "identity", ...options.headers },
          signal,
        });
        const target = redirectOf(response, url);
        if (!target) return rowOf(response, options);
        discard(response);
        if (target.origin !== url.origin) throw failed(name, "it redirects to another host");
        url = target;
      }
      throw failed(name, "it redirects too often");
    },
    close: () => agent.close(),
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

function redirectOf(response: Dispatcher.ResponseData, url: URL): URL | undefined {
  const { location } = response.headers;
  if (response.statusCode < 300 || response.statusCode > 399 || typeof location !== "string")
    return undefined;
  return new URL(location, url);
}

async function rowOf(response: Dispatcher.ResponseData, options: HttpOptions) {
  const { name, maxBytes } = options;
  if (response.statusCode === 404) {
    discard(response);
    return undefined;
  }
  if (response.statusCode < 200 || response.statusCode > 299) {
    discard(response);
    throw failed(name, `it answered ${response.statusCode}`, response.statusCode >= 500);
  }
  const root = parse(await readBody(response, maxBytes, name), name);
  return (path: string) => readPath(root, parsePath(path));
}

/** An answer that nobody reads must not keep its connection, nor end the process with an unheard error. */
function discard({ body }: Dispatcher.ResponseData): void {
  body.on("error", () => {}).destroy();
}

async function readBody(response: Dispatcher.ResponseData, maxBytes: number, name: string): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response.body as AsyncIterable<Buffer>) {
    size += chunk.length;
    // Leaving the loop destroys the body and with it the connection.
    if (size > maxBytes) throw failed(name, `its answer is larger than ${maxBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

function parse(text: string, name: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw failed(name, "its answer is not JSON");
  }
}

function failed(name: string, what: string, retryable = false): AstrocyteError {
  return new AstrocyteError("source_failed", `[source ${name}] ${what}. Check its url.`, { retryable });
}
