import { asRow, type Row, text } from "../read.ts";
import type { SimulatedAnswer, SimulatedCall, SimulatedOutcome } from "../simulator-server.ts";
import { end, start, touch } from "./simulator-session.ts";
import { answerStored, page } from "./simulator-stored.ts";
import { createToken } from "./simulator-token.ts";
import {
  fail,
  invalid,
  isUuid,
  ok,
  type SimRequest,
  type SimSession,
  type World,
} from "./simulator-world.ts";

/** Calls that a session's own token may make; `start` takes nothing else. */
const BY_SESSION = ["/v1/sessions/start", "/v1/sessions/keep-alive", "/v1/sessions/stop"];

/** One call of the API, with everything that comes before its work: faults, credentials, limits. */
export function serve(world: World, call: SimulatedCall): SimulatedOutcome {
  const answer = faults(world) ?? authorised(world, call);
  const lost = call.method === "POST" && world.switches.loseAnswerOf === call.path && answer.status < 300;
  const { method, path, query, body } = call;
  const auth = authOf(call);
  const status = lost ? "lost" : answer.status;
  world.requests.push({ method, path, query: Object.fromEntries(query), body, auth, status });
  if (lost) return "lost";
  const limits = { "X-RateLimit-Remaining": "9", "X-RateLimit-Reset": "1" };
  return { ...answer, headers: { ...limits, ...answer.headers } };
}

function faults({ switches }: World): SimulatedAnswer | undefined {
  if (switches.rateLimitNext > 0) {
    switches.rateLimitNext--;
    return { ...fail(429, "Too many requests"), headers: { "Retry-After": "1" } };
  }
  if (switches.failNext <= 0) return undefined;
  switches.failNext--;
  return fail(503, "Service Unavailable");
}

/** With both credentials in one request nobody knows whose call it is. */
function authorised(world: World, call: SimulatedCall): SimulatedAnswer {
  const session = sessionOf(world, call);
  const withKey = call.headers["x-api-key"] === world.apiKey && authOf(call) === "key";
  const withSession = authOf(call) === "session" && session !== undefined && BY_SESSION.includes(call.path);
  if (world.switches.badKey || (!withKey && !withSession)) return fail(401, "Unauthorized");
  if (call.path !== "/v1/sessions/start") return answerStored(world, call) ?? route(world, call, session);
  if (call.method !== "POST") return fail(405, "Method Not Allowed");
  return withSession ? start(world, session) : fail(401, "Unauthorized");
}

function authOf({ headers }: SimulatedCall): SimRequest["auth"] {
  const key = headers["x-api-key"] !== undefined;
  const session = headers.authorization !== undefined;
  return key && session ? "both" : key ? "key" : session ? "session" : "none";
}

function sessionOf(world: World, { headers }: SimulatedCall): SimSession | undefined {
  const token = headers.authorization?.replace(/^Bearer /, "");
  return [...world.sessions.values()].find((session) => session.token === token);
}

function route(world: World, call: SimulatedCall, caller: SimSession | undefined): SimulatedAnswer {
  const { method, path, query } = call;
  const body = asRow(call.body);
  switch (`${method} ${path}`) {
    case "POST /v1/sessions/token":
      return createToken(world, body);
    case "POST /v1/sessions/keep-alive":
      return onNamed(world, body, caller, (session) => {
        if (session.state !== "active") return fail(400, "Session is not active");
        touch(world, session);
        return ok(world, null);
      });
    case "POST /v1/sessions/stop":
      return onNamed(world, body, caller, (session) => stop(world, session, body));
    case "GET /v1/sessions":
      return ok(world, page(listed(world, query), query));
    case "GET /v1/users/credits":
      return ok(world, { credits_left: world.switches.creditsLeft.toFixed(1) });
  }
  const [, id = "", rest = ""] = /^\/v1\/sessions\/([^/]+)(\/.*)?$/.exec(path) ?? [];
  return id === "" ? fail(404, "Not Found") : onOne(world, call, decodeURIComponent(id), rest);
}

/** By the id in the body, or by the token that calls. */
function onNamed(
  world: World,
  { session_id }: Row,
  caller: SimSession | undefined,
  work: (session: SimSession) => SimulatedAnswer,
): SimulatedAnswer {
  if (session_id !== undefined && !isUuid(session_id))
    return invalid("session_id", "Input should be a valid UUID");
  const session = caller ?? world.sessions.get(text(session_id) ?? "");
  return session ? work(session) : fail(404, "Session not found");
}

function stop(world: World, session: SimSession, { reason }: Row): SimulatedAnswer {
  const { stopsAgain } = world.switches;
  if (session.state === "ended" && stopsAgain !== 200) return fail(stopsAgain, "Session already ended");
  end(world, session, text(reason) ?? "UNKNOWN");
  return ok(world, null);
}

function onOne(world: World, { method, query }: SimulatedCall, id: string, rest: string): SimulatedAnswer {
  if (rest === "" && method !== "GET") return fail(405, "Method Not Allowed");
  if (!isUuid(id)) return invalid("session_id", "Input should be a valid UUID");
  const session = world.sessions.get(id);
  if (!session) return fail(404, "Session not found");
  if (rest === "") return ok(world, item(session));
  if (rest === "/transcript" && method === "GET") return ok(world, transcript(world, session, query));
  if (rest !== "/events" || method !== "DELETE") return fail(404, "Not Found");
  session.transcript = [];
  return ok(world, null);
}

function listed({ sessions, switches }: World, query: URLSearchParams): Row[] {
  const type = query.get("type");
  const active = ({ state }: SimSession) =>
    state === "active" || (state === "created" && switches.listsUnstarted);
  return [...sessions.values()]
    .filter((session) => (type === "historic" ? session.state === "ended" : active(session)))
    .filter(({ context }) => !query.has("context_id") || context?.id === query.get("context_id"))
    .map(item);
}

/** Without any name: that is how LiveAvatar shows a session. */
function item(session: SimSession): Row {
  const { id, createdAt, startedAt, endedAt, endReason, body, creditsConsumed } = session;
  const iso = (at: number) => new Date(at).toISOString();
  return {
    ...{ id, created_at: iso(createdAt), updated_at: iso(endedAt ?? startedAt ?? createdAt) },
    duration: endedAt !== undefined && startedAt !== undefined ? (endedAt - startedAt) / 1000 : 0,
    ...{ source: "API", mode: "FULL", is_sandbox: body["is_sandbox"] === true },
    credits_consumed: creditsConsumed,
    ...(endedAt !== undefined && { end_at: iso(endedAt), end_reason: endReason }),
  };
}

function transcript({ switches }: World, session: SimSession, query: URLSearchParams): Row {
  const from = Number(query.get("start_timestamp") ?? 0);
  const to = Number(query.get("end_timestamp") ?? Number.POSITIVE_INFINITY);
  const unit = (ms: number) => (switches.timestamps === "s" ? Math.floor(ms / 1000) : ms);
  const rows = session.transcript
    .map(({ role, transcript, at }) => ({
      ...{ role, transcript, absolute_timestamp: unit(at) },
      relative_timestamp: unit(at - (session.startedAt ?? at)),
    }))
    .filter(({ absolute_timestamp: at }) => at >= from && at <= to);
  return {
    session_active: session.state === "active",
    next_timestamp: rows[switches.transcriptPage]?.absolute_timestamp ?? null,
    transcript_data: rows.slice(0, switches.transcriptPage),
  };
}
