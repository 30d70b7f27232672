import { randomUUID } from "node:crypto";
import { asRow, asRows, type Row } from "../read.ts";
import type { SimulatedAnswer, SimulatedCall, SimulatedOutcome } from "../simulator-server.ts";
import { speak } from "./simulator-engine.ts";
import {
  ANAM_LLM,
  endOverdue,
  endSession,
  isRunning,
  newSession,
  rowOf,
  type World,
} from "./simulator-world.ts";

/** Of `personaConfig` in Anam's OpenAPI document. */
const PERSONA_FIELDS = new Set(
  "name avatarId avatarModel voiceId llmId systemPrompt maxSessionLengthSeconds skipGreeting uninterruptibleGreeting initialMessage voiceDetectionOptions languageCode voiceGenerationOptions directorNotes tools toolIds".split(
    " ",
  ),
);
const MAX_SCHEMA_BYTES = 10_000;

/** Anam's API, and its engine's, on one port. */
export function route(world: World, call: SimulatedCall, host: string): SimulatedOutcome {
  endOverdue(world);
  const { method, path, query, headers } = call;
  const body = asRow(call.body);
  const token = /^Bearer (.+)$/.exec(headers.authorization ?? "")?.[1] ?? "";
  const [, , area, id = "", what] = path.split("/");
  if (path === "/talk") return talk(world, query.get("session_id") ?? "", body);
  if (path === "/v1/metrics/client") return { status: 204 };
  if (path === "/v1/engine/session") return start(world, token, host);
  if (token !== world.apiKey) return { status: 401, body: { error: "Unauthorized" } };
  if (path === "/v1/auth/session-token") return mint(world, body);
  if (path === "/v1/sessions/concurrency") return ok(concurrency(world));
  if (path === "/v1/sessions") return ok(list(sessionsOf(world, query.get("search") ?? ""), query));
  if (area === "llms") return llms(world, method, id, body, query);
  const session = world.sessions.get(id);
  if (!session) return { status: 404, body: { error: "Session not found" } };
  if (what === "stop" && !isRunning(session)) return { status: world.faults.stopsAgain };
  if (what === "stop") {
    endSession(world, session, "Stopped by API");
    return ok({});
  }
  if (what !== "transcript") return ok(rowOf(session));
  if (isRunning(session)) return { status: 404, body: { error: "No transcript available" } };
  const messages = session.messages.map(({ id: _id, ...message }) => message);
  return ok({ sessionId: id, transcriptsEnabled: true, totalMessages: messages.length, messages });
}

function mint({ faults, tokens }: World, body: Row): SimulatedOutcome {
  const { refuseToken, loseToken } = faults;
  Object.assign(faults, { refuseToken: undefined, loseToken: undefined });
  if (refuseToken) return refuseToken;
  const config = asRow(body["personaConfig"]);
  const unknown = Object.keys(config).filter((field) => !PERSONA_FIELDS.has(field));
  if (unknown.length > 0 || asRows(config["tools"]).some(isMalformed)) return { status: 400 };
  const payload = { type: "ephemeral", accountId: "org_1", jti: randomUUID() };
  const parts = [{ alg: "HS256", typ: "JWT" }, payload].map(encode);
  const token = [...parts, "signature"].join(".");
  tokens.set(token, body);
  return loseToken ? "lost" : ok({ sessionToken: token });
}

function isMalformed({ type, subtype, name, parameters, url, description }: Row): boolean {
  const known =
    type === "client" || (type === "server" && subtype === "webhook" && URL.canParse(String(url)));
  const size = Buffer.byteLength(JSON.stringify(parameters));
  return !known || typeof name !== "string" || size > MAX_SCHEMA_BYTES || String(description).length > 1024;
}

/** The page's SDK starts the session, with nothing but its token. Billing starts here. */
function start(world: World, token: string, host: string): SimulatedAnswer {
  const { refuseStart, concurrency: limit } = world.faults;
  const bound = world.tokens.get(token);
  if (!bound) return { status: 401, body: { error: "Unauthorized" } };
  if (refuseStart) return refuseStart;
  if (concurrency(world).active >= limit)
    return { status: 429, body: { error: "Concurrent session limit reached", message: "Upgrade." } };
  const { llmId } = asRow(bound["personaConfig"]);
  if (llmId !== ANAM_LLM && !world.llms.has(String(llmId)))
    return { status: 400, body: { error: "Bad request", message: "Unknown llmId" } };
  const { id: sessionId } = newSession(world, bound);
  const clientConfig = { heartbeatIntervalSeconds: 5, maxWsReconnectionAttempts: 1, iceServers: [] };
  return ok({ sessionId, engineHost: host, engineProtocol: "http", signallingEndpoint: "/ws", clientConfig });
}

function concurrency({ sessions, faults }: World) {
  const active = [...sessions.values()].filter(isRunning).length;
  const canStartSession = active < faults.concurrency;
  return { limit: faults.concurrency, active, canStartSession, estimatedWaitSeconds: 0 };
}

function sessionsOf({ sessions }: World, search: string): Row[] {
  const found = [...sessions.values()].filter(({ id, label }) => id === search || label?.includes(search));
  return found.map(rowOf).toReversed();
}

function llms(world: World, method: string, id: string, body: Row, query: URLSearchParams): SimulatedAnswer {
  if (method === "DELETE") return { status: world.llms.delete(id) ? 204 : 404 };
  if (method === "GET") {
    const rows = [...world.llms].map(([id, { secret: _secret, ...llm }]) => ({ ...llm, id }));
    return ok(list(rows, query));
  }
  const missing = ["displayName", "urls", "llmFormat", "modelName", "secret"].some(
    (field) => !(field in body),
  );
  if (missing) return { status: 400 };
  const created = randomUUID();
  world.llms.set(created, body);
  return { status: 201, body: { ...body, id: created, secret: undefined } };
}

function talk(world: World, id: string, { content }: Row): SimulatedAnswer {
  const session = world.sessions.get(id);
  if (!session || !isRunning(session)) return { status: 404 };
  speak(world, session, String(content));
  return ok({});
}

function list(rows: Row[], query: URLSearchParams): Row {
  const [page, perPage] = [Number(query.get("page") ?? 1), Number(query.get("perPage") ?? 10)];
  const data = rows.slice((page - 1) * perPage, page * perPage);
  const lastPage = Math.max(1, Math.ceil(rows.length / perPage));
  return { data, meta: { total: rows.length, lastPage, currentPage: page, perPage } };
}

function ok(body: object): SimulatedAnswer {
  return { status: 200, body };
}

function encode(part: object): string {
  return Buffer.from(JSON.stringify(part)).toString("base64url");
}
