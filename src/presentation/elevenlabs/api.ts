import type { Clock } from "../../core/clock.ts";
import type { ErrorCode } from "../../core/errors.ts";
import { asRow, asRows, type Row, readTime, required, text } from "../read.ts";
import { createVendorHttp, segment, type VendorHttp } from "../vendor-http.ts";

/** Address, account key, and how long a call may take, in milliseconds. */
export type ElevenLabsApiOptions = { baseUrl: string; apiKey: string; timeoutMs: number; clock: Clock };

/** See `createElevenLabsApi`. */
export type ElevenLabsApi = ReturnType<typeof createElevenLabsApi>;

/** A conversation as the list tells it. `startedAt` in milliseconds. */
export type ConversationSummary = {
  id: string;
  agentId: string;
  status: string;
  startedAt: number | undefined;
};

/** One tool of the workspace; `config` as it was sent. */
export type WorkspaceTool = { id: string; config: Row };

const MAX_PAGE = 100;

/**
 * The part of ElevenLabs's REST API that live conversations need (voice contract §A.1, A.7, A.11). Creates are
 * sent once: none of them is idempotent. Errors: the `vendor_*` codes.
 */
export function createElevenLabsApi({ baseUrl, apiKey, timeoutMs, clock }: ElevenLabsApiOptions) {
  const http = createVendorHttp({
    vendor: "elevenlabs",
    baseUrl,
    headers: { "xi-api-key": apiKey },
    timeoutMs,
    clock,
    classify,
    advice: {
      vendor_credits: "The workspace's quota is used up: buy more, or wait for the next period.",
      vendor_capacity: "The plan's concurrent conversations are all in use: end one, or try again later.",
    },
  });
  return {
    close: http.close,
    agents: workspace(http, {
      ...{ path: "/v1/convai/agents", create: "/v1/convai/agents/create", what: "agent", list: "agents" },
      read: (row) => ({
        id: required("elevenlabs", row["agent_id"], "agent_id"),
        name: text(row["name"]) ?? "",
        createdAt: readTime(row["created_at_unix_secs"]),
      }),
    }),
    tools: workspace(http, {
      ...{ path: "/v1/convai/tools", what: "tool", list: "tools" },
      read: (row): WorkspaceTool => ({
        id: required("elevenlabs", row["id"], "id"),
        config: asRow(row["tool_config"]),
      }),
    }),
    secrets: workspace(http, {
      ...{ path: "/v1/convai/secrets", what: "secret", list: "secrets" },
      read: (row) => ({
        id: required("elevenlabs", row["secret_id"], "secret_id"),
        name: text(row["name"]) ?? "",
      }),
    }),
    conversations: conversations(http),
  };
}

type Kind<T> = { path: string; create?: string; what: string; list: string; read(row: Row): T };

/** What the workspace holds of one kind. Listed page by page. */
function workspace<T>({ call }: VendorHttp, { path, create, what, list, read }: Kind<T>) {
  return {
    /** The new id. Errors: also when the answer got lost, and it exists all the same. */
    async create(body: Row): Promise<string> {
      const answer = asRow(await call("POST", create ?? path, { what: `creating a ${what}`, body }));
      const id = answer[`${what}_id`] ?? answer["id"];
      return required("elevenlabs", id, `${what}_id`);
    },
    async remove(id: string): Promise<void> {
      await call("DELETE", `${path}/${segment("elevenlabs", id)}`, { what: `deleting a ${what}` });
    },
    async get(id: string): Promise<Row> {
      return asRow(await call("GET", `${path}/${segment("elevenlabs", id)}`, { what: `reading a ${what}` }));
    },
    /** Names that start with `search`, where the kind is searched by name; all without it. */
    async *all(search?: string): AsyncGenerator<T> {
      let cursor: string | undefined;
      do {
        const query = { page_size: MAX_PAGE, search, cursor };
        const page = asRow(await call("GET", path, { what: `listing ${what}s`, query }));
        for (const row of asRows(page[list])) yield read(row);
        cursor = page["has_more"] === false ? undefined : text(page["next_cursor"]);
      } while (cursor !== undefined);
    },
  };
}

function conversations({ call }: VendorHttp) {
  const path = "/v1/convai/conversations";
  return {
    /**
     * A way in for fifteen minutes. With `once` it opens one conversation, whose id is known at once; seen in the
     * address, documented in the body: both are read. Without, a page may come back by it after a lost connection.
     */
    async signedUrl(agentId: string, once: boolean): Promise<{ url: string; conversationId?: string }> {
      const query = { agent_id: agentId, include_conversation_id: once || undefined };
      const what = "asking for a signed url";
      const answer = asRow(await call("GET", "/v1/convai/conversation/get-signed-url", { what, query }));
      const url = required("elevenlabs", answer["signed_url"], "signed_url");
      const id = text(answer["conversation_id"]) ?? URL.parse(url)?.searchParams.get("conversation_id");
      return { url, ...(id && { conversationId: id }) };
    },
    /** A way in over LiveKit. */
    async token(agentId: string): Promise<{ token: string; conversationId?: string }> {
      const what = "asking for a conversation token";
      const query = { agent_id: agentId };
      const answer = asRow(await call("GET", "/v1/convai/conversation/token", { what, query }));
      const id = text(answer["conversation_id"]);
      return {
        token: required("elevenlabs", answer["token"], "token"),
        ...(id !== undefined && { conversationId: id }),
      };
    },
    /** Newest first, one page. `variable` is a dynamic variable and its value. */
    async list(filter: {
      agentId?: string;
      variable?: [name: string, value: string];
    }): Promise<ConversationSummary[]> {
      const query = {
        agent_id: filter.agentId,
        page_size: filter.variable ? 10 : MAX_PAGE,
        dynamic_variable_params: filter.variable && `${filter.variable[0]}:eq:${filter.variable[1]}`,
      };
      const page = asRow(await call("GET", path, { what: "listing conversations", query }));
      return asRows(page["conversations"]).map((row) => ({
        id: required("elevenlabs", row["conversation_id"], "conversation_id"),
        agentId: text(row["agent_id"]) ?? "",
        status: text(row["status"]) ?? "",
        startedAt: readTime(row["start_time_unix_secs"]),
      }));
    },
    /** The record as ElevenLabs keeps it. */
    async get(id: string): Promise<Row> {
      return asRow(
        await call("GET", `${path}/${segment("elevenlabs", id)}`, { what: "reading a conversation" }),
      );
    },
    /** Removes the record for good: erasure, it ends no call. */
    async remove(id: string): Promise<void> {
      await call("DELETE", `${path}/${segment("elevenlabs", id)}`, { what: "deleting a conversation" });
    },
  };
}

const CODES: Record<string, ErrorCode> = {
  invalid_api_key: "vendor_auth",
  quota_exceeded: "vendor_credits",
  max_character_limit_exceeded: "vendor_invalid",
  voice_not_found: "vendor_invalid",
  too_many_concurrent_requests: "vendor_capacity",
  system_busy: "vendor_rate_limited",
};

/** By `detail.status` (§A.1): one status stands for several things. */
function classify(_status: number, body: string): ErrorCode | undefined {
  try {
    const { detail } = JSON.parse(body) as { detail?: { status?: unknown } };
    return CODES[String(detail?.status)];
  } catch {
    return undefined;
  }
}
