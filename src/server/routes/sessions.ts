import type { SessionRow } from "../../composer/store.ts";
import { AstrocyteError } from "../../core/errors.ts";
import type { Caller } from "../auth/index.ts";
import type { EventStreams } from "../event-stream.ts";
import type { RateLimiter } from "../limits.ts";
import type { GatewayParts } from "../parts.ts";
import { briefingJson, clientBriefingJson, joinJson, sessionJson, turnJson } from "../present.ts";
import { contextOf, type Route, route } from "../route.ts";
import * as schema from "../schemas/sessions.ts";

const tag = "sessions";
const access = "session";
const SESSION = "/v1/sessions/{session_id}";

type SessionParts = GatewayParts & { streams: EventStreams; opens: RateLimiter };

/** Opening, watching and ending calls. A page's token is good for its own session, and no longer than that. */
export function sessionRoutes({ composer, streams, opens }: SessionParts): Route[] {
  const find = (caller: Caller, id: string): Promise<SessionRow> => {
    if (caller.kind === "principal") return composer.get(id, caller.context);
    if (caller.session.id === id) return Promise.resolve(caller.session);
    // The same answer as for one that does not exist: ids are no oracle.
    throw new AstrocyteError("not_found", `[sessions] no session ${id}. Check the id.`);
  };

  const create = route({
    ...{ method: "POST", tag, access: "principal", path: "/v1/sessions", operation: "createSession" },
    summary:
      "Compose a briefing and open a session with it. Never repeat it blindly: the vendor bills from here.",
    body: schema.createBody,
    status: 201,
    answer: schema.createAnswer,
    async handler({ body: { metadata, ...request }, caller, reply }) {
      opens.spend(caller.id);
      const context = contextOf(caller);
      const opened = await composer.open({ ...request, context, ...(metadata && { metadata }) });
      const { id, state, vendor, join } = opened.session;
      reply.header("location", `/v1/sessions/${id}`);
      return { session_id: id, state, vendor, join: joinJson(join!), session_token: opened.token };
    },
  });

  const list = route({
    ...{ method: "GET", tag, access: "principal", path: "/v1/sessions", operation: "listSessions" },
    summary: "The caller's own sessions, newest first.",
    query: schema.listQuery,
    answer: schema.listAnswer,
    async handler({ query: { state, subject, vendor, after, limit }, caller }) {
      const { principal, tenantId = null } = contextOf(caller);
      const rows = await composer.list({
        principal,
        limit,
        ...(state && { states: [state] }),
        ...(subject !== undefined && { subject }),
        ...(vendor !== undefined && { vendor }),
        ...(after !== undefined && { after }),
      });
      const mine = rows.filter((row) => row.tenantId === tenantId);
      return { sessions: mine.map(sessionJson), next: rows.length === limit ? rows.at(-1)!.id : null };
    },
  });

  const get = route({
    ...{ method: "GET", tag, access, path: SESSION, operation: "getSession", summary: "One session." },
    params: schema.sessionParams,
    answer: schema.session,
    handler: async ({ params, caller }) => sessionJson(await find(caller, params.session_id)),
  });

  const transcript = route({
    ...{ method: "GET", tag, access, path: `${SESSION}/transcript`, operation: "getTranscript" },
    summary: "What was said, as far as consent lets it be kept.",
    params: schema.sessionParams,
    answer: schema.transcriptAnswer,
    async handler({ params, caller }) {
      const { id, settled } = await find(caller, params.session_id);
      return { session_id: id, settled, turns: (await composer.transcript(id)).map(turnJson) };
    },
  });

  const briefing = route({
    ...{ method: "GET", tag, access, path: `${SESSION}/briefing`, operation: "getBriefing" },
    summary: "What the session was opened with, and where each line comes from.",
    params: schema.sessionParams,
    answer: schema.briefingAnswer,
    async handler({ params, caller }) {
      const { id } = await find(caller, params.session_id);
      const found = await composer.briefing(id);
      if (!found)
        throw new AstrocyteError("not_found", `[sessions] the briefing of ${id} is not kept any more.`);
      return caller.kind === "session" ? clientBriefingJson(found) : briefingJson(found);
    },
  });

  const events = route({
    ...{ method: "GET", tag, access, path: `${SESSION}/events`, operation: "streamEvents" },
    summary: "Events as they happen, from after `Last-Event-ID` on. 204 when nothing more is to come.",
    params: schema.sessionParams,
    answer: "text/event-stream",
    async handler({ params, caller, request, reply }) {
      const row = await find(caller, params.session_id);
      const after = Number(/^\d{1,15}$/.exec(String(request.headers["last-event-id"] ?? ""))?.[0] ?? 0);
      const over = row.state === "failed" || (row.state === "ended" && row.settled);
      if (over && (await composer.events(row.id, after, 1)).length === 0) return reply.code(204).send();
      streams.assertRoom(caller.id);
      reply.hijack();
      const headers = reply.getHeaders() as Record<string, string>;
      streams.start({ sessionId: row.id, after, caller: caller.id, response: reply.raw, headers });
      return reply;
    },
  });

  const end = route({
    ...{ method: "POST", tag, access, path: `${SESSION}/end`, operation: "endSession" },
    summary: "End a session. Idempotent.",
    params: schema.sessionParams,
    body: schema.endBody,
    answer: schema.session,
    async handler({ params, body, caller }) {
      const { id } = await find(caller, params.session_id);
      return sessionJson(await composer.end(id, body.reason));
    },
  });

  const tools = route({
    ...{ method: "POST", tag, access, path: `${SESSION}/tools`, operation: "callTool" },
    summary: "Run a tool call that the page relays. A repeat of the same id gets the first answer.",
    params: schema.sessionParams,
    body: schema.toolBody,
    answer: schema.toolAnswer,
    async handler({ params, body, caller }) {
      const { id } = await find(caller, params.session_id);
      const call = { toolCallId: body.tool_call_id, name: body.name, arguments: body.arguments };
      const { message, ...answer } = await composer.relayedTool(id, call);
      const { toolCallId, status, output, result } = answer;
      return { tool_call_id: toolCallId, status, output, result, ...(message && { message }) };
    },
  });

  const told = (path: string, operation: string, kind: "say" | "append_context", summary: string) =>
    route({
      ...{ method: "POST", tag, access, path: `${SESSION}/${path}`, operation, summary },
      params: schema.sessionParams,
      body: schema.textBody,
      status: 202,
      answer: schema.commandAnswer,
      async handler({ params, body: { text }, caller }) {
        const { id } = await find(caller, params.session_id);
        return composer.command(id, { kind, text });
      },
    });

  const say = told("say", "say", "say", "The agent says this word for word.");
  const context = told("context", "appendContext", "append_context", "Joins what the agent knows, silently.");

  const respond = route({
    ...{ method: "POST", tag, access, path: `${SESSION}/respond`, operation: "respond" },
    summary: "The agent answers this, as if it had been said.",
    params: schema.sessionParams,
    body: schema.textBody,
    status: 202,
    answer: schema.personCommandAnswer,
    async handler({ params, body: { text }, caller }) {
      const { id } = await find(caller, params.session_id);
      return composer.command(id, { kind: "respond", text }, caller.kind === "session");
    },
  });

  const interrupt = route({
    ...{ method: "POST", tag, access, path: `${SESSION}/interrupt`, operation: "interrupt" },
    summary: "The agent stops speaking.",
    params: schema.sessionParams,
    status: 202,
    answer: schema.personCommandAnswer,
    async handler({ params, caller }) {
      const { id } = await find(caller, params.session_id);
      return composer.command(id, { kind: "interrupt" }, caller.kind === "session");
    },
  });

  const clientEvents = route({
    ...{ method: "POST", tag, access, path: `${SESSION}/client-events`, operation: "relayClientEvents" },
    summary: "Messages of the vendor's data channel, relayed by the page.",
    params: schema.sessionParams,
    body: schema.clientEventsBody,
    status: 202,
    answer: schema.acceptedAnswer,
    async handler({ params, body, caller }) {
      const { id } = await find(caller, params.session_id);
      await composer.clientEvents(id, body.events);
      return { accepted: body.events.length };
    },
  });

  const personas = route({
    ...{ method: "GET", tag, access: "principal", path: "/v1/personas", operation: "listPersonas" },
    summary: "Personas and vendors to open a session with.",
    answer: schema.personasAnswer,
    handler: async () => ({
      personas: [...composer.parts.personas.values()].map(({ id, name, language, tools, limits }) => ({
        ...{ id, name, language, tools, max_duration_ms: limits.maxDurationMs },
      })),
      vendors: [...composer.parts.adapters.keys()],
    }),
  });

  return [
    ...[create, list, get, transcript, briefing, events, end],
    ...[tools, say, context, respond, interrupt, clientEvents, personas],
  ];
}
