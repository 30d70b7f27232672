import { text } from "../read.ts";
import type { SimulatedAnswer } from "../simulator-server.ts";
import { emit, greet, hear, obey } from "./simulator-avatar.ts";
import { fail, ok, type SimSession, type World } from "./simulator-world.ts";

const MINUTE = 60_000;
/** Credits of a minute in FULL mode. */
const CREDITS = 2;
const SANDBOX_SECONDS = 60;

/** `POST /v1/sessions/start`: room, avatar and bill begin. */
export function start(world: World, session: SimSession): SimulatedAnswer {
  const refused = refusal(world, session);
  if (refused) return refused;
  const { clock, livekit } = world;
  const room = livekit.createRoom(`liveavatar-${session.id}`, {
    presence: (identity, present) => {
      if (present && identity === "client") greet(world, session);
    },
  });
  room.join("heygen");
  const agent = room.join(`liveavatar-agent-${session.id}`, {
    speech: (_from, said) => hear(world, session, said),
    data: ({ topic, payload }) => {
      if (topic === "agent-control") obey(world, session, new TextDecoder().decode(payload));
    },
  });
  Object.assign(session, { state: "active", startedAt: clock.now(), room, agent });
  const seconds = durationOf(world, session);
  session.cancelTimers.push(clock.after(seconds * 1000, () => end(world, session, "MAX_DURATION_REACHED")));
  if (session.body["is_sandbox"] !== true) bill(world, session);
  touch(world, session);
  return ok(
    world,
    {
      session_id: session.id,
      livekit_url: world.url.replace(/^http/, "ws"),
      livekit_client_token: room.token("client", { ttlMs: seconds * 1000 }),
      livekit_agent_token: null,
      max_session_duration: seconds,
      ws_url: null,
    },
    201,
  );
}

/** Activity: the idle timer starts anew. */
export function touch(world: World, session: SimSession): void {
  session.cancelIdle();
  if (session.state !== "active") return;
  session.cancelIdle = world.clock.after(world.switches.idleMs, () => end(world, session, "IDLE_TIMEOUT"));
}

/** Ends a session for one of LiveAvatar's reasons; the room is told, then closed. */
export function end(world: World, session: SimSession, reason: string): void {
  if (session.state === "ended") return;
  if (session.agent) emit(session, "session.stopped", { [world.switches.stopReasonField]: reason });
  session.cancelIdle();
  for (const cancel of session.cancelTimers) cancel();
  Object.assign(session, { state: "ended", endedAt: world.clock.now(), endReason: reason });
  session.turn++;
  session.room?.close();
}

function refusal(world: World, session: SimSession): SimulatedAnswer | undefined {
  const { switches } = world;
  if (session.state !== "created") return fail(400, "Session cannot be started");
  const configuration = text(session.body["llm_configuration_id"]);
  if (configuration !== undefined && !world.llmConfigurations.has(configuration))
    return fail(400, `LLM configuration with id '${configuration}' not found in your space`);
  const active = [...world.sessions.values()].filter(({ state }) => state === "active").length;
  if (active >= switches.maxConcurrent) return fail(400, "Concurrency limit reached");
  if (session.body["is_sandbox"] === true || switches.creditsLeft >= CREDITS) return undefined;
  const message = "Insufficient credits to start a session";
  return switches.refusesCredits === "status"
    ? fail(402, message)
    : { status: 200, body: { code: 4002, data: null, message } };
}

function durationOf({ switches }: World, { body }: SimSession): number {
  const wished = Number(body["max_session_duration"] ?? switches.planSeconds);
  const limit = body["is_sandbox"] === true ? SANDBOX_SECONDS : switches.planSeconds;
  return Math.min(wished, limit);
}

/** One minute in advance; then each minute, as long as there is something to take. */
function bill(world: World, session: SimSession): void {
  world.switches.creditsLeft -= CREDITS;
  session.creditsConsumed += CREDITS;
  const next = () => {
    if (session.state !== "active") return;
    if (world.switches.creditsLeft < CREDITS) end(world, session, "NO_CREDITS");
    else bill(world, session);
  };
  session.cancelTimers.push(world.clock.after(MINUTE, next));
}
