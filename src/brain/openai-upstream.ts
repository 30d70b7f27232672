import { Pool } from "undici";
import { AstrocyteError } from "../core/errors.ts";
import { bodyOf } from "./prompt.ts";
import type { Control, Listener, OpenCall, UpstreamCall } from "./upstream-call.ts";
import { conventionOf, type OpenAiUpstream } from "./upstreams.ts";

const CONNECT_TIMEOUT_MS = 5_000;
/** Shorter than the idle time of common servers, so that a kept connection is seldom one they just closed. */
const KEEP_ALIVE_MS = 4_000;

/** Calls an OpenAI-compatible server over kept connections. Timeouts are the relay's, by the injected clock. */
export function openAiUpstream(upstream: OpenAiUpstream): { open: OpenCall; close(): Promise<void> } {
  const convention = conventionOf(upstream.kind);
  const base = baseUrl(upstream, convention.baseUrl);
  const pool = new Pool(base.origin, {
    headersTimeout: 0,
    bodyTimeout: 0,
    keepAliveTimeout: KEEP_ALIVE_MS,
    connect: { timeout: CONNECT_TIMEOUT_MS },
  });
  const path = `${base.pathname.replace(/\/+$/, "")}/chat/completions${base.search}`;
  const headers = {
    ...(upstream.apiKey ? convention.auth(upstream.apiKey) : {}),
    ...upstream.headers,
    "content-type": "application/json",
    // Compressed events could not be passed on one by one.
    "accept-encoding": "identity",
  };
  const extras = Object.entries({ ...convention.extraBody, ...upstream.extraBody });
  const open: OpenCall = (call, listener) => {
    const body = bodyOf(call.prompt, membersFor(call, extras));
    return dispatch(pool, path, { ...headers, "x-request-id": call.turnId }, body, listener);
  };
  return { open, close: () => pool.destroy() };
}

function dispatch(
  pool: Pool,
  path: string,
  headers: Record<string, string>,
  body: Buffer,
  listener: Listener,
): Control {
  let controller: { pause(): void; resume(): void; abort(reason: Error): void } | undefined;
  let cancelled: Error | undefined;
  pool.dispatch(
    { method: "POST", path, headers, body },
    {
      onRequestStart(started) {
        controller = started;
        if (cancelled) started.abort(cancelled);
      },
      onResponseStart(_, status, head) {
        if (status >= 200 && !cancelled) listener.head(status, head);
      },
      onResponseData(_, chunk) {
        if (!cancelled) listener.data(chunk);
      },
      onResponseEnd() {
        if (!cancelled) listener.end();
      },
      onResponseError(_, error) {
        if (!cancelled) listener.error(error);
      },
    },
  );
  return {
    pause: () => controller?.pause(),
    resume: () => controller?.resume(),
    cancel() {
      cancelled ??= new Error("cancelled");
      controller?.abort(cancelled);
    },
  };
}

/** Members of the body that differ from the caller's, as JSON text. */
function membersFor(call: UpstreamCall, extras: Array<[string, unknown]>): Map<string, string> {
  const { chat } = call.prompt;
  const members = new Map<string, string>();
  if (call.model !== undefined && call.model !== chat.model) members.set("model", JSON.stringify(call.model));
  if (call.askUsage) {
    const options = { ...(chat.fields["stream_options"] as object | undefined), include_usage: true };
    members.set("stream_options", JSON.stringify(options));
  }
  if (call.tools.length > 0) {
    const own = Array.isArray(chat.fields["tools"]) ? chat.fields["tools"] : [];
    members.set("tools", JSON.stringify([...own, ...call.tools]));
  }
  for (const [key, value] of extras) if (!(key in chat.fields)) members.set(key, JSON.stringify(value));
  return members;
}

function baseUrl(upstream: OpenAiUpstream, fallback: string | undefined): URL {
  const given = upstream.baseUrl ?? fallback;
  const url = given === undefined ? null : URL.parse(given);
  if (url && (url.protocol === "http:" || url.protocol === "https:")) return url;
  throw new AstrocyteError(
    "config_invalid",
    `[brain] upstream ${upstream.name ?? upstream.kind} has no valid base_url. Set the address up to, without, /chat/completions.`,
  );
}
