import { randomUUID } from "node:crypto";
import { type Clock, systemClock } from "../../core/clock.ts";
import { createLiveKitSimulator } from "../simulator-livekit.ts";
import { startSimulatorServer, untilIdle } from "../simulator-server.ts";
import { joinRoom, type LiveAvatarPerson } from "./simulator-person.ts";
import { serve } from "./simulator-routes.ts";
import { end } from "./simulator-session.ts";
import { goodDay, type LiveAvatarSwitches, type SimSession, store, type World } from "./simulator-world.ts";

export type { LiveAvatarPerson } from "./simulator-person.ts";
export type { LiveAvatarSwitches } from "./simulator-world.ts";

/** `apiKey` is the only one that the simulator accepts. */
export type LiveAvatarSimulatorOptions = {
  apiKey?: string;
  clock?: Clock;
  switches?: Partial<LiveAvatarSwitches>;
};

/** What is left at the vendor: all zero when nothing leaked. `sessions` run, and cost, now. */
export type LiveAvatarLeft = {
  sessions: number;
  contexts: number;
  secrets: number;
  llmConfigurations: number;
};

/** LiveAvatar in a box: what the adapter sees, what a test may do and look at. */
export type LiveAvatarSimulator = Pick<World, "url" | "apiKey" | "switches" | "requests" | "llmRequests"> & {
  session(id: string): SimSession;
  left(): LiveAvatarLeft;
  /** A context of the customer's own; its id. */
  addContext(body: { name: string; prompt: string; opening_text: string }): string;
  /** A stored voice agent over a context; its id. */
  addVoiceAgent(contextId: string): string;
  /** Ends a session from the vendor's side, with one of LiveAvatar's reasons. */
  end(sessionId: string, reason: string): void;
  room(sessionId: string): { join(token: string): Promise<LiveAvatarPerson> };
  /** Resolves when the avatar neither thinks nor speaks. Timers of the clock do not count. */
  idle(): Promise<void>;
  close(): Promise<void>;
};

/**
 * LiveAvatar's FULL mode on a loopback port (contract §1.1): API, LiveKit room, a scripted avatar that calls the
 * custom model over HTTP, credits, timers, and each known fault as a switch. For tests and for trying without a key.
 */
export async function createLiveAvatarSimulator(
  options: LiveAvatarSimulatorOptions = {},
): Promise<LiveAvatarSimulator> {
  const world = newWorld(options);
  const server = await startSimulatorServer((call) => serve(world, call), world.livekit.upgrade);
  world.url = server.url;
  const session = (id: string) => {
    const found = world.sessions.get(id);
    if (!found) throw new Error(`[liveavatar simulator] there is no session ${id}`);
    return found;
  };
  return {
    ...world,
    session,
    left: () => ({
      sessions: [...world.sessions.values()].filter(({ state }) => state === "active").length,
      contexts: world.contexts.size,
      secrets: world.secrets.size,
      llmConfigurations: world.llmConfigurations.size,
    }),
    addContext: (body) => store(world, world.contexts, body).id,
    addVoiceAgent(contextId) {
      const id = randomUUID();
      world.voiceAgents.set(id, contextId);
      return id;
    },
    end: (id, reason) => end(world, session(id), reason),
    room: (id) => ({ join: (token) => joinRoom(roomOf(world, session(id)), token) }),
    idle: () => untilIdle(world),
    async close() {
      for (const each of world.sessions.values()) end(world, each, "UNKNOWN");
      world.livekit.close();
      await server.close();
    },
  };
}

function newWorld({
  apiKey = "liveavatar-simulator-key",
  clock = systemClock,
  switches,
}: LiveAvatarSimulatorOptions): World {
  return {
    url: "",
    apiKey,
    clock,
    switches: { ...goodDay(), ...switches },
    livekit: createLiveKitSimulator({ clock }),
    sessions: new Map(),
    contexts: new Map(),
    secrets: new Map(),
    llmConfigurations: new Map(),
    voiceAgents: new Map(),
    requests: [],
    llmRequests: [],
    running: new Set(),
  };
}

function roomOf({ url }: World, { room }: SimSession): string {
  if (!room) throw new Error("[liveavatar simulator] the session was not started");
  return url;
}
