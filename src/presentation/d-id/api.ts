import type { Clock } from "../../core/clock.ts";
import { AstrocyteError, type ErrorCode } from "../../core/errors.ts";
import { asRow, asRows, type Row, required, text } from "../read.ts";
import { createVendorHttp, type Method, segment, type VendorCall, type VendorHttp } from "../vendor-http.ts";

/** Address, key and its scheme, timeouts. */
export type DIdApiOptions = {
  baseUrl: string;
  apiKey: string;
  auth: "basic" | "bearer";
  /** Where the account's agents are listed. */
  agentsPath: string;
  timeoutMs: number;
  clock: Clock;
};

/** `status` is `created`, `started`, `done`, `ready`, `error` or `rejected`, as far as is known (contract §2.2). */
export type Agent = {
  id: string;
  name: string;
  status: string | undefined;
  instructions: string | undefined;
  /** Tools that it was given with `static_values`, if empty ones. */
  boundTools: string[];
};
/** A V2 session: a LiveKit room and the person's token for it (§2.5). */
export type Session = { id: string; url: string; token: string };
/** A V1 stream; `sessionId` must be sent back with every request about it (§2.6). */
export type Stream = { id: string; sessionId: string; offer: Row; iceServers: Row[] };
/** `url` once the export is done (§2.7). */
export type ChatExport = { status: string; url: string | undefined };

/** See `createDIdApi`. */
export type DIdApi = ReturnType<typeof createDIdApi>;

type Call = (method: Method, path: string, call: VendorCall) => Promise<Row>;

/** As D-ID's own SDK: so often is what was turned away with 429 sent again, this far apart. */
const RATE_RETRIES = 3;
const RATE_WAIT_MS = 1_000;

/**
 * The part of D-ID's API that live agents need (contract §2). Creates are sent once, except after a 429, which
 * did nothing. Errors: the `vendor_*` codes.
 */
export function createDIdApi(options: DIdApiOptions) {
  const http = createVendorHttp({
    vendor: "d-id",
    baseUrl: options.baseUrl,
    headers: { authorization: `${options.auth === "basic" ? "Basic" : "Bearer"} ${options.apiKey}` },
    timeoutMs: options.timeoutMs,
    clock: options.clock,
    classify,
  });
  const call = patient(http, options.clock);
  return {
    agents: agents(call, options.agentsPath),
    tools: tools(call),
    streams: streams(call),
    exports: chatExports(call, http, options.baseUrl),

    /** The room is made, and may cost, from here on. There is no call that ends it. */
    async createSession(agentId: string, body: Row): Promise<Session> {
      const what = "opening a session";
      const row = await call("POST", `/v2${agentPath(agentId)}/sessions`, { what, body });
      return {
        id: required("d-id", row["id"], "id"),
        url: required("d-id", row["session_url"], "session_url"),
        token: required("d-id", row["session_token"], "session_token"),
      };
    },

    async createChat(agentId: string, persist: boolean): Promise<string> {
      const request = { what: "opening a chat", body: { persist } };
      return required("d-id", (await call("POST", `${agentPath(agentId)}/chat`, request))["id"], "id");
    },
    /** What the person wrote; the agent answers in its stream. */
    async chat(agentId: string, chatId: string, body: Row): Promise<void> {
      const path = `${agentPath(agentId)}/chat/${segment("d-id", chatId)}`;
      await call("POST", path, { what: "sending a message", body });
    },

    clientKeys: clientKeys(call),
    close: () => http.close(),
  };
}

function agents(call: Call, listPath: string) {
  return {
    async create(body: Row): Promise<Agent> {
      return readAgent(await call("POST", "/agents", { what: "creating an agent", body }));
    },
    async get(id: string): Promise<Agent> {
      return readAgent(await call("GET", agentPath(id), { what: "reading an agent" }));
    },
    /** Sessions that start later have it; a block such as `tools` is replaced as a whole (§2.4). */
    async patch(id: string, body: Row): Promise<void> {
      await call("PATCH", agentPath(id), { what: "changing an agent", body });
    },
    async remove(id: string): Promise<void> {
      await call("DELETE", agentPath(id), { what: "deleting an agent" });
    },
    /** The account's agents whose name begins so. */
    async named(prefix: string): Promise<Agent[]> {
      const found: Agent[] = [];
      let token: string | undefined;
      do {
        const query = { limit: 100, ...(token !== undefined && { token }) };
        const page = await call("GET", listPath, { what: "listing agents", query });
        found.push(...asRows(page["agents"] ?? page["list"]).map(readAgent));
        token = text(page["token"]);
      } while (token !== undefined);
      return found.filter(({ name }) => name.startsWith(prefix));
    },
  };
}

function tools(call: Call) {
  return {
    async create(body: Row): Promise<string> {
      return required("d-id", (await call("POST", "/tools", { what: "creating a tool", body }))["id"], "id");
    },
    async remove(id: string): Promise<void> {
      await call("DELETE", `/tools/${segment("d-id", id)}`, { what: "deleting a tool" });
    },
  };
}

/** §2.6. */
function streams(call: Call) {
  const path = (agentId: string, id: string) => `${agentPath(agentId)}/streams/${segment("d-id", id)}`;
  return {
    async create(agentId: string, body: Row): Promise<Stream> {
      const row = await call("POST", `${agentPath(agentId)}/streams`, { what: "opening a stream", body });
      return {
        id: required("d-id", row["id"], "id"),
        sessionId: required("d-id", row["session_id"], "session_id"),
        offer: asRow(row["offer"] ?? row["jsep"]),
        iceServers: asRows(row["ice_servers"]),
      };
    },
    async speak(agentId: string, id: string, body: Row): Promise<void> {
      await call("POST", path(agentId, id), { what: "speaking", body });
    },
    async close(agentId: string, id: string, sessionId: string): Promise<void> {
      const body = { session_id: sessionId };
      await call("DELETE", path(agentId, id), { what: "closing a stream", body });
    },
  };
}

/** §2.7. The archive is kept for seven days. */
function chatExports(call: Call, http: VendorHttp, baseUrl: string) {
  return {
    async create(body: { agent_id: string; from?: string }): Promise<string> {
      const row = await call("POST", "/agents/chats/exports", { what: "exporting chats", body });
      return required("d-id", row["export_id"] ?? row["id"], "export_id");
    },
    async get(id: string): Promise<ChatExport> {
      const path = `/agents/chats/exports/${segment("d-id", id)}`;
      const row = await call("GET", path, { what: "reading an export" });
      const { result_url: url } = asRow(row["result"]);
      return { status: text(row["status"]) ?? "", url: text(url) };
    },
    /** Errors: `vendor_failed` for an address that is neither https nor the API's own. */
    download(url: string): Promise<Uint8Array> {
      const target = URL.parse(url);
      if (target?.protocol === "https:" || target?.origin === new URL(baseUrl).origin)
        return http.download(url, { what: "downloading an export" });
      throw new AstrocyteError("vendor_failed", "[d-id] the export's address is not https. Try again later.");
    },
  };
}

/** §2.1: what a page may hold. Scoped by origin, not by session. */
function clientKeys(call: Call) {
  return {
    async get(): Promise<string | undefined> {
      return text(
        (await call("GET", "/agents/client-key", { what: "reading the client key" }))["client_key"],
      );
    },
    async create(domains: string[]): Promise<string> {
      const request = { what: "creating a client key", body: { allowed_domains: domains } };
      return required(
        "d-id",
        (await call("POST", "/agents/client-key", request))["client_key"],
        "client_key",
      );
    },
    async createFor(agentId: string, domains: string[], name: string): Promise<string> {
      const request = { what: "creating a client key", body: { allowed_domains: domains, name } };
      const row = await call("POST", `${agentPath(agentId)}/client-keys`, request);
      return required("d-id", row["client_key"], "client_key");
    },
  };
}

function agentPath(id: string): string {
  return `/agents/${segment("d-id", id)}`;
}

function readAgent(row: Row): Agent {
  return {
    id: required("d-id", row["id"], "id"),
    name: text(row["preview_name"]) ?? "",
    status: text(row["status"]),
    instructions: text(asRow(row["llm"])["instructions"]),
    boundTools: asRows(asRow(row["tools"])["items"]).flatMap(({ tool_id, static_values }) =>
      static_values === undefined ? [] : (text(tool_id) ?? []),
    ),
  };
}

function patient(http: VendorHttp, clock: Clock): Call {
  return async (method, path, request) => {
    for (let left = RATE_RETRIES; ; left--) {
      try {
        const answer = await http.call(method, path, request);
        // A list may come bare.
        return Array.isArray(answer) ? { list: answer } : asRow(answer);
      } catch (error) {
        if (left === 0 || !AstrocyteError.is(error, "vendor_rate_limited")) throw error;
        await new Promise<void>((resolve) => clock.after(RATE_WAIT_MS, resolve));
      }
    }
  };
}

const KINDS: Record<string, ErrorCode> = {
  AuthorizationError: "vendor_auth",
  InsufficientCreditsError: "vendor_credits",
  NotFoundError: "vendor_not_found",
};

/** D-ID names the kind in the body: `{kind, description}` (§2.1). */
function classify(status: number, body: string): ErrorCode | undefined {
  if (status >= 500 || status === 429) return undefined;
  try {
    return KINDS[String(asRow(JSON.parse(body))["kind"])];
  } catch {
    return undefined;
  }
}
