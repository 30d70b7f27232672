import type { Clock } from "../../core/clock.ts";
import { AstrocyteError, type ErrorCode } from "../../core/errors.ts";
import { asRow, asRows, type Row, readTime, required, text } from "../read.ts";
import {
  createVendorHttp,
  type Method,
  refusal,
  segment,
  type VendorCall,
  type VendorHttp,
} from "../vendor-http.ts";
import { ADVICE, classify } from "./errors.ts";
import { readPage, type TranscriptPage } from "./transcript.ts";

/** Address, key and what an answer must say to be a success. */
export type LiveAvatarApiOptions = {
  baseUrl: string;
  apiKey: string;
  /** `code`s of an answer that mean success. */
  successCodes: number[];
  timeoutMs: number;
  clock: Clock;
};

/** A session as lists show it: without any name of ours. */
export type LiveAvatarSession = {
  id: string;
  createdAt: number | undefined;
  endedAt: number | undefined;
  endReason: string | undefined;
};

/** What starting gives: the LiveKit room that the person joins. */
export type StartedSession = { url: string; token: string };

/** Something stored at LiveAvatar under a name. */
export type Stored = { id: string; name: string };

/** See `createLiveAvatarApi`. */
export type LiveAvatarApi = ReturnType<typeof createLiveAvatarApi>;

/** Most that a list gives at once (contract §1.1, list). */
const PAGE_SIZE = 100;
const MAX_PAGES = 1_000;

/**
 * The part of LiveAvatar's REST API that FULL mode needs. Ids go into paths encoded. Creates are sent once:
 * none of them is idempotent. Errors: the `vendor_*` codes, also for an error `code` inside a 200.
 */
export function createLiveAvatarApi(options: LiveAvatarApiOptions) {
  const { apiKey, baseUrl, timeoutMs, clock } = options;
  const http = { vendor: "liveavatar", baseUrl, timeoutMs, clock, classify, advice: ADVICE };
  const account = createVendorHttp({ ...http, headers: { "x-api-key": apiKey } });
  // Both kinds of credential in one request are asking for the 401 that guides warn of.
  const asPage = createVendorHttp({ ...http, headers: {} });
  const call = envelope(account, options.successCodes);
  return {
    sessions: {
      ...sessions(call),
      /** Billing begins: one minute is taken at once. */
      async start(sessionToken: string, startTimeoutMs?: number): Promise<StartedSession> {
        const headers = { authorization: `Bearer ${sessionToken}` };
        const timing = startTimeoutMs === undefined ? {} : { timeoutMs: startTimeoutMs };
        const send = envelope(asPage, options.successCodes);
        const data = asRow(
          await send("POST", "/v1/sessions/start", { what: "starting a session", headers, ...timing }),
        );
        return {
          url: required("liveavatar", data["livekit_url"], "livekit_url"),
          token: required("liveavatar", data["livekit_client_token"], "livekit_client_token"),
        };
      },
    },
    contexts: stored(call, "/v1/contexts", "a context", "name"),
    secrets: stored(call, "/v1/secrets", "a secret", "secret_name"),
    llmConfigurations: stored(call, "/v1/llm-configurations", "an LLM configuration", "display_name"),
    /** As LiveAvatar writes it: a number in text. */
    async creditsLeft(): Promise<string | undefined> {
      return text(asRow(await call("GET", "/v1/users/credits", { what: "reading credits" }))["credits_left"]);
    },
    async close(): Promise<void> {
      await Promise.all([account.close(), asPage.close()]);
    },
  };
}

type Call = (method: Method, path: string, call: VendorCall) => Promise<unknown>;

/** Unpacks `{code, data, message}`. Where an answer has no `code` the status alone decides. */
function envelope(http: VendorHttp, successCodes: number[]): Call {
  return async (method, path, call) => {
    const answer = await http.call(method, path, call);
    const { code, data } = asRow(answer);
    if (typeof code !== "number") return data ?? answer;
    if (successCodes.includes(code)) return data;
    const kind: ErrorCode = classify(200, JSON.stringify(answer)) ?? "vendor_failed";
    const told = { vendor: "liveavatar", classify: () => kind, advice: ADVICE };
    const { message } = refusal(told, `${call.what} (code ${code} in the answer)`, 200, "");
    throw new AstrocyteError(kind, message, {
      retryable: false,
      details: { vendor: "liveavatar", status: 200, code },
    });
  };
}

function sessions(call: Call) {
  const path = (id: string, rest = "") => `/v1/sessions/${segment("liveavatar", id)}${rest}`;
  return {
    /** Reserves a session; nothing runs and nothing is billed until it is started. */
    async token(body: Row): Promise<{ sessionId: string; sessionToken: string }> {
      const data = asRow(await call("POST", "/v1/sessions/token", { what: "creating a session", body }));
      return {
        sessionId: required("liveavatar", data["session_id"], "session_id"),
        sessionToken: required("liveavatar", data["session_token"], "session_token"),
      };
    },
    async keepAlive(id: string): Promise<void> {
      const body = { session_id: id };
      await call("POST", "/v1/sessions/keep-alive", { what: "keeping a session alive", body });
    },
    /** `reason` is one of LiveAvatar's own (contract §1.1, end). */
    async stop(id: string, reason: string): Promise<void> {
      const body = { session_id: id, reason };
      await call("POST", "/v1/sessions/stop", { what: "stopping a session", body });
    },
    async get(id: string): Promise<LiveAvatarSession> {
      return readSession(asRow(await call("GET", path(id), { what: "reading a session" })));
    },
    async *all(query: {
      type: "active" | "historic";
      context_id?: string;
    }): AsyncGenerator<LiveAvatarSession> {
      for await (const row of rows(call, "/v1/sessions", "listing sessions", query)) yield readSession(row);
    },
    /** Rows from `startTimestamp` on, as LiveAvatar counts it. */
    async transcript(id: string, startTimestamp?: number): Promise<TranscriptPage> {
      const query = { start_timestamp: startTimestamp };
      return readPage(
        asRow(await call("GET", path(id, "/transcript"), { what: "reading a transcript", query })),
      );
    },
    /** Deletes what was said, for good: for erasure, once the transcript was fetched. */
    async eraseEvents(id: string): Promise<void> {
      await call("DELETE", path(id, "/events"), { what: "deleting a session's events" });
    },
  };
}

/** Contexts, secrets and LLM configurations differ in path and in how their name is called. */
function stored(call: Call, path: string, what: string, name: string) {
  return {
    async create(body: Row): Promise<string> {
      const data = asRow(await call("POST", path, { what: `creating ${what}`, body }));
      // Public code reads a secret's id by either name.
      return required("liveavatar", data["id"] ?? data["secret_id"], "id");
    },
    async *all(): AsyncGenerator<Stored> {
      for await (const row of rows(call, path, `listing ${what}`, {})) {
        const id = text(row["id"]) ?? text(row["secret_id"]);
        if (id !== undefined) yield { id, name: text(row[name]) ?? "" };
      }
    },
    async remove(id: string): Promise<void> {
      await call("DELETE", `${path}/${segment("liveavatar", id)}`, { what: `deleting ${what}` });
    },
  };
}

/** Every row of a paged list; a list that comes whole is one page. */
async function* rows(call: Call, path: string, what: string, query: Row): AsyncGenerator<Row> {
  for (let page = 1; page <= MAX_PAGES; page++) {
    const paged = { ...query, page, page_size: PAGE_SIZE } as NonNullable<VendorCall["query"]>;
    const data = await call("GET", path, { what, query: paged });
    const found = asRows(Array.isArray(data) ? data : asRow(data)["results"]);
    yield* found;
    if (found.length === 0 || text(asRow(data)["next"]) === undefined) return;
  }
}

function readSession(row: Row): LiveAvatarSession {
  return {
    id: required("liveavatar", row["id"] ?? row["session_id"], "id"),
    createdAt: readTime(row["created_at"]),
    endedAt: readTime(row["end_at"]),
    endReason: text(row["end_reason"]),
  };
}
