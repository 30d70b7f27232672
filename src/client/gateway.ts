import { ClientError, type ConnectOptions, type Host, type ToolCall, type ToolResult } from "./types.ts";

/** The session's part of our HTTP API, with the session's own token. */
export type Gateway = {
  /** Errors: a `ClientError` with the gateway's code, or `unreachable`. */
  callTool(call: ToolCall): Promise<ToolResult>;
  /** What the person typed, or an interruption; the message that the page has to send for it, if any. */
  ask(command: "respond" | "interrupt", text?: string): Promise<Record<string, unknown> | undefined>;
  /** What has been said so far, as the server keeps it. */
  transcript(): Promise<TranscriptTurn[]>;
  report(events: Array<Record<string, unknown>>, keepalive: boolean): Promise<void>;
  end(reason: string, keepalive: boolean): Promise<void>;
  /** Whether the session still runs; undefined when the gateway cannot be asked. */
  isRunning(): Promise<boolean | undefined>;
  /** The stream of events after `lastEventId`; undefined when nothing more is to come. */
  events(
    lastEventId: string | undefined,
    signal: AbortSignal,
  ): Promise<ReadableStream<Uint8Array> | undefined>;
};

export type TranscriptTurn = {
  key: string;
  role: "user" | "agent" | "system" | "tool";
  text: string;
  heard: string | null;
  interrupted: boolean;
};

export function createGateway(
  { baseUrl, sessionId, sessionToken }: Pick<ConnectOptions, "baseUrl" | "sessionId" | "sessionToken">,
  host: Pick<Host, "fetch">,
): Gateway {
  const root = `${baseUrl.replace(/\/+$/, "")}/v1/sessions/${encodeURIComponent(sessionId)}`;

  async function request(path: string, init: RequestInit = {}): Promise<Response> {
    const headers = {
      authorization: `Bearer ${sessionToken}`,
      ...(init.body !== undefined && { "content-type": "application/json" }),
      ...(init.headers as Record<string, string> | undefined),
    };
    let answer: Response;
    try {
      answer = await host.fetch(root + path, { ...init, headers });
    } catch (cause) {
      throw new ClientError("unreachable", "The gateway could not be reached. Check the connection.", {
        cause,
      });
    }
    if (answer.ok) return answer;
    const problem = (await answer.json().catch(() => undefined)) as
      | { code?: unknown; detail?: unknown }
      | undefined;
    const code = typeof problem?.code === "string" ? problem.code : `http_${answer.status}`;
    throw new ClientError(
      code,
      typeof problem?.detail === "string" ? problem.detail : `The gateway answered ${answer.status}.`,
    );
  }

  const post = (path: string, body: unknown, keepalive = false) =>
    request(path, { method: "POST", body: JSON.stringify(body), keepalive });

  return {
    async callTool({ toolCallId, name, arguments: args }) {
      const answer = await post("/tools", { tool_call_id: toolCallId, name, arguments: args });
      const { status, output, message } = (await answer.json()) as Omit<ToolResult, "toolCallId">;
      return {
        toolCallId,
        status: status === "error" ? "error" : "success",
        output,
        ...(message && { message }),
      };
    },
    async ask(command, text) {
      const answer = await post(`/${command}`, text === undefined ? {} : { text });
      return ((await answer.json()) as { message?: Record<string, unknown> }).message;
    },
    async transcript() {
      return ((await (await request("/transcript")).json()) as { turns: TranscriptTurn[] }).turns;
    },
    async report(events, keepalive) {
      await post("/client-events", { events }, keepalive);
    },
    async end(reason, keepalive) {
      await post("/end", { reason }, keepalive);
    },
    async isRunning() {
      try {
        const { state } = (await (await request("")).json()) as { state: string };
        return state === "preparing" || state === "open" || state === "live";
      } catch (error) {
        const lost =
          error instanceof ClientError && ["gone", "not_found", "unauthenticated"].includes(error.code);
        return lost ? false : undefined;
      }
    },
    async events(lastEventId, signal) {
      const headers = { accept: "text/event-stream", ...(lastEventId && { "last-event-id": lastEventId }) };
      const answer = await request("/events", { headers, signal });
      return answer.status === 204 ? undefined : (answer.body ?? undefined);
    },
  };
}
