import type { OutHeaders } from "./outgoing.ts";
import { parsed } from "./report.ts";
import { isObject } from "./request.ts";

/** An upstream's answer with an error status, as the caller gets it. */
export type Refusal = { headers: OutHeaders; body: Buffer | string };

/**
 * Status and shape stay. Two exceptions: what an upstream says about our own credentials may quote them, and
 * what is not JSON (a proxy's HTML page) is put into the shape that clients read.
 */
export function refusal(status: number, headers: OutHeaders, body: Buffer): Refusal {
  const text = body.toString("utf8");
  const json = parsed(text);
  if (status === 401 || status === 403)
    return shaped(headers, "upstream_auth", "[brain] the upstream refused the gateway's own credentials.");
  if (!isObject(json))
    return shaped(headers, "llm_failed", `[brain] the upstream answered ${status}. Try again later.`);
  return { headers, body };
}

/** The same inside a stream that had begun before the upstream answered. */
export function refusalEvent({ body }: Refusal): string {
  return `data: ${JSON.stringify(JSON.parse(body.toString()))}\n\n`;
}

function shaped(headers: OutHeaders, code: string, message: string): Refusal {
  const body = JSON.stringify({ error: { message, type: "server_error", param: null, code } });
  return { headers: { ...headers, "content-type": "application/json; charset=utf-8" }, body };
}
