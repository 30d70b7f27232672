import { type Clock, systemClock } from "../../core/clock.ts";
import { createLiveKitSimulator } from "../simulator-livekit.ts";
import { type SimulatedOutcome, startSimulatorServer, untilIdle } from "../simulator-server.ts";
import { failure } from "./simulator-replies.ts";
import { endRoom } from "./simulator-room.ts";
import { answer } from "./simulator-routes.ts";
import { endStream } from "./simulator-streams.ts";
import {
  type DIdTiming,
  noFaults,
  type Row,
  type SimSession,
  type SimStream,
  type Thought,
  type World,
} from "./simulator-world.ts";

export type { DIdFaults, DIdTiming } from "./simulator-world.ts";

/** `apiKey` is the only one that the simulator accepts. `think` is D-ID's own model, for agents without a custom one. */
export type DIdSimulatorOptions = {
  apiKey?: string;
  clock?: Clock;
  timing?: Partial<DIdTiming>;
  think?(messages: Row[], tools: Row[]): Thought;
};

/** What is left at the vendor: all zero when nothing leaked. */
export type DIdLeft = { sessions: number; streams: number; agents: number; tools: number };

/** D-ID in a box: what the adapter sees, what a test may do and look at. */
export type DIdSimulator = Pick<
  World,
  "url" | "apiKey" | "faults" | "timing" | "requests" | "llmRequests" | "texts"
> & {
  left(): DIdLeft;
  /** Ids of the sessions and streams that are open. */
  open(): string[];
  session(id: string): SimSession;
  stream(id: string): SimStream;
  /** Ends a session or a stream from D-ID's side, with one of its reasons. */
  end(id: string, reason?: string): void;
  /** Resolves when no turn, tool call or model request is under way. Timers of the clock do not count. */
  idle(): Promise<void>;
  close(): Promise<void>;
};

/**
 * D-ID's Agents on a loopback port (contract §2): API, LiveKit rooms without media, a scripted agent that calls the
 * custom model over HTTP, tools over RPC, chat exports, and each known fault as a switch.
 */
export async function createDIdSimulator(options: DIdSimulatorOptions = {}): Promise<DIdSimulator> {
  const clock = options.clock ?? systemClock;
  const livekit = createLiveKitSimulator({ clock });
  const world: World = {
    ...{ clock, livekit, url: "", faults: noFaults(), counter: 0 },
    apiKey: options.apiKey ?? "d-id-simulator-key",
    timing: {
      agentReadyAfterMs: 0,
      exportAfterMs: 0,
      chatSaveAfterMs: 0,
      inactivityMs: 300_000,
      ...options.timing,
    },
    ...{ agents: new Map(), tools: new Map(), sessions: new Map(), streams: new Map(), chats: new Map() },
    ...{ exports: new Map(), clientKeys: new Map(), requests: [], llmRequests: [], texts: [] },
    running: new Set(),
    think: options.think ?? (() => ({ text: "I see." })),
  };
  const server = await startSimulatorServer((call) => serve(world, call), livekit.upgrade);
  world.url = server.url;
  return { ...world, ...controls(world), close: () => close(world, server.close) };
}

async function serve(world: World, call: Parameters<typeof answer>[1]): Promise<SimulatedOutcome> {
  const { faults } = world;
  const { method, path, headers, body } = call;
  const request = `${method} ${path}`;
  const done = refused(world, request) ?? (await answer(world, call));
  world.requests.push({ method, path, headers, body, status: done.status });
  if (!faults.loseAnswerOf?.test(request)) return done;
  faults.loseAnswerOf = undefined;
  return "lost";
}

function refused({ faults }: World, request: string) {
  if (faults.rateLimited > 0) {
    faults.rateLimited--;
    return failure(429, "TooManyRequestsError", "slow down");
  }
  if (!faults.refuse?.request.test(request)) return undefined;
  const { status, kind } = faults.refuse;
  faults.refuse = undefined;
  return failure(status, kind, "refused");
}

function controls(world: World): Pick<DIdSimulator, "left" | "open" | "session" | "stream" | "end" | "idle"> {
  const open = (all: Map<string, { id: string; open: boolean }>) =>
    [...all.values()].filter((each) => each.open).map(({ id }) => id);
  const required = <T>(found: T | undefined, id: string): T => {
    if (found === undefined) throw new Error(`[d-id simulator] there is no session ${id}`);
    return found;
  };
  return {
    left: () => ({
      sessions: open(world.sessions).length,
      streams: open(world.streams).length,
      agents: world.agents.size,
      tools: world.tools.size,
    }),
    open: () => [...open(world.sessions), ...open(world.streams)],
    session: (id) => required(world.sessions.get(id), id),
    stream: (id) => required(world.streams.get(id), id),
    end(id, reason = "ok") {
      const stream = world.streams.get(id);
      if (stream) endStream(stream);
      else endRoom(required(world.sessions.get(id), id), reason);
    },
    idle: () => untilIdle(world),
  };
}

async function close(world: World, stop: () => Promise<void>): Promise<void> {
  for (const session of world.sessions.values()) session.cancelIdle();
  for (const stream of world.streams.values()) stream.cancelIdle();
  world.livekit.close();
  await stop();
}
