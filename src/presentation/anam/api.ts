import type { ErrorCode } from "../../core/errors.ts";
import type { AdapterDeps } from "../adapter.ts";
import { asRow, asRows, type Row, readTime, required, text } from "../read.ts";
import type { Named } from "../resources.ts";
import { createVendorHttp, segment } from "../vendor-http.ts";

/** What `createAnamApi` needs. */
export type AnamApiOptions = {
  baseUrl: string;
  apiKey: string;
  timeoutMs: number;
  clock: AdapterDeps["clock"];
};
/** The calls that `createAnamApi` makes. */
export type AnamApi = ReturnType<typeof createAnamApi>;
/** A session in Anam's list. `label` is what the token was minted with. */
export type AnamSession = { id: string; label: string; startedAt: number | undefined; running: boolean };

const PAGE = 100;

/** The part of Anam's REST API that sessions need (contract §5 Anam). Errors: the `vendor_*` codes. */
export function createAnamApi({ apiKey, ...options }: AnamApiOptions) {
  const headers = { authorization: `Bearer ${apiKey}` };
  const { call } = createVendorHttp({ ...options, vendor: "anam", headers, classify, advice: ADVICE });

  async function* pages(path: string, what: string, query = {}): AsyncGenerator<Row[]> {
    for (let page = 1, last = 1; page <= last; page++) {
      const answer = asRow(await call("GET", path, { what, query: { ...query, page, perPage: PAGE } }));
      last = Number(asRow(answer["meta"])["lastPage"] ?? 1);
      yield asRows(answer["data"]);
    }
  }
  const session = (id: string, end: string) => `/v1/sessions/${segment("anam", id)}/${end}`;

  return {
    llms: {
      async create(body: Row): Promise<string> {
        const row = asRow(await call("POST", "/v1/llms", { what: "registering a model", body }));
        return required("anam", row["id"], "id");
      },
      /** All of the account's own: they are few, so none is searched for. */
      async *named(prefix: string): AsyncGenerator<Named> {
        for await (const rows of pages("/v1/llms", "listing models", { includeDefaults: false })) {
          const all = rows.map((row) => ({
            id: text(row["id"]) ?? "",
            name: text(row["displayName"]) ?? "",
          }));
          yield* all.filter(({ name }) => name.startsWith(prefix));
        }
      },
      remove: (id: string) => call("DELETE", `/v1/llms/${segment("anam", id)}`, { what: "deleting a model" }),
    },
    /** Good for an hour, for this configuration alone. It costs nothing before a page starts a session with it. */
    async token(body: Row): Promise<string> {
      const path = "/v1/auth/session-token";
      const row = asRow(await call("POST", path, { what: "minting a session token", body }));
      return required("anam", row["sessionToken"], "sessionToken");
    },
    /** Anam's optimistic view; `true` where it does not say. */
    async canStart(): Promise<boolean> {
      const what = "asking for free sessions";
      return asRow(await call("GET", "/v1/sessions/concurrency", { what }))["canStartSession"] !== false;
    },
    sessions: {
      /** Page by page, those whose id or label has `search` in it. */
      async *pages(search: string): AsyncGenerator<AnamSession[]> {
        for await (const rows of pages("/v1/sessions", "listing sessions", { search }))
          yield rows.map(readSession);
      },
      stop: (id: string) => call("POST", session(id, "stop"), { what: "stopping a session" }),
      async transcript(id: string): Promise<Row> {
        return asRow(await call("GET", session(id, "transcript"), { what: "reading a transcript" }));
      },
    },
  };
}

function readSession(row: Row): AnamSession {
  return {
    id: required("anam", row["id"], "id"),
    label: text(row["clientLabel"]) ?? "",
    startedAt: readTime(row["startTime"]) ?? readTime(row["createdAt"]),
    running: text(row["endTime"]) === undefined,
  };
}

/** 429 stands for three things; the body says which (SDK, `CoreApiRestClient`). */
function classify(status: number, body: string): ErrorCode | undefined {
  if (status !== 429) return undefined;
  if (/concurren/i.test(body)) return "vendor_capacity";
  return /spend cap|usage limit/i.test(body) ? "vendor_credits" : undefined;
}

const ADVICE: Partial<Record<ErrorCode, string>> = {
  vendor_auth:
    "Check the key in presentation.anam, its permissions, and that the plan has what the persona asks for.",
  vendor_credits: "The plan or its spend cap is used up: raise it, or wait for the next period.",
  vendor_failed:
    "Try again later. Anam answers so too where an avatar, voice or model is not the account's: check the persona's block.",
};
