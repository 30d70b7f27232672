import { randomUUID } from "node:crypto";
import type { WebSocket } from "ws";
import { type Clock, toIso } from "../../core/clock.ts";
import type { Row } from "../read.ts";
import type { SimulatedLlmCall } from "../simulator-llm.ts";

/** What goes wrong at the simulated Anam, once or until it is set back. */
export type AnamFaults = {
  /** The next session token is refused so. */
  refuseToken?: { status: number; body?: object } | undefined;
  /** The answer to the next session token gets lost. */
  loseToken?: boolean | undefined;
  /** Every start of a session is refused so. */
  refuseStart?: { status: number; body?: object } | undefined;
  /** What the engine answers to the stop of a session that is over. */
  stopsAgain: number;
  /** Sessions that the plan has at a time. */
  concurrency: number;
};

/** What was said, as Anam's record has it. */
export type AnamMessage = Row & { role: "user" | "persona"; message: string; wasInterrupted?: boolean };

/** A session at the simulated Anam. */
export type SimSession = {
  id: string;
  label: string | null;
  config: Row;
  startedAt: number;
  endedAt: number | undefined;
  messages: AnamMessage[];
  /** What the model was told besides: by `addContext`. */
  context: string[];
  /** Data channel and signalling of the page. */
  sockets: { data?: WebSocket; signalling?: WebSocket };
  /** Client tools that the page has yet to answer. */
  waiting: Map<string, (outcome: { text: string }) => void>;
};

export type World = {
  clock: Clock;
  apiKey: string;
  faults: AnamFaults;
  llms: Map<string, Row>;
  tokens: Map<string, Row>;
  sessions: Map<string, SimSession>;
  llmCalls: SimulatedLlmCall[];
  toolCalls: Array<{ headers: Record<string, string>; body: Row; status: number }>;
  running: Set<Promise<unknown>>;
};

/** A model that every account has. */
export const ANAM_LLM = "0934d97d-0c3a-4f33-91b0-5e136a0ef466";

export function newSession({ clock, sessions }: World, { clientLabel, personaConfig }: Row): SimSession {
  const session: SimSession = {
    ...{ id: randomUUID(), label: (clientLabel as string) ?? null, config: personaConfig as Row },
    ...{ startedAt: clock.now(), endedAt: undefined, messages: [], context: [] },
    ...{ sockets: {}, waiting: new Map() },
  };
  sessions.set(session.id, session);
  return session;
}

export function isRunning(session: SimSession): boolean {
  return session.endedAt === undefined;
}

/** The engine lets go of its client. */
export function endSession({ clock }: World, session: SimSession, reason: string): void {
  if (!isRunning(session)) return;
  session.endedAt = clock.now();
  const { data, signalling } = session.sockets;
  const message = { actionType: "endsession", sessionId: session.id, payload: reason };
  signalling?.send(JSON.stringify(message));
  data?.close(1000, reason);
}

/** Those that have lasted as long as their configuration lets them are over. */
export function endOverdue(world: World): void {
  for (const session of world.sessions.values()) {
    const limit = Number(session.config["maxSessionLengthSeconds"] ?? Number.POSITIVE_INFINITY);
    if (world.clock.now() - session.startedAt >= limit * 1000) endSession(world, session, "max length");
  }
}

/** As `GET /v1/sessions` has it. */
export function rowOf({ id, label, config, startedAt, endedAt }: SimSession): Row {
  return {
    ...{ id, clientLabel: label, personaId: null, personaConfig: config },
    startTime: toIso(startedAt),
    endTime: endedAt === undefined ? null : toIso(endedAt),
    exitStatus: endedAt === undefined ? null : "NORMAL_EXIT",
    createdAt: toIso(startedAt),
  };
}
