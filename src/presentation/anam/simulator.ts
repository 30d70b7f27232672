import { WebSocketServer } from "ws";
import { type Clock, systemClock } from "../../core/clock.ts";
import type { SimulatedLlmCall } from "../simulator-llm.ts";
import { type SimulatorServer, startSimulatorServer, untilIdle } from "../simulator-server.ts";
import { greet, hear, receive } from "./simulator-engine.ts";
import { route } from "./simulator-routes.ts";
import { type AnamFaults, endSession, isRunning, type SimSession, type World } from "./simulator-world.ts";

export type { AnamFaults, AnamMessage, SimSession as AnamSimulatedSession } from "./simulator-world.ts";

/** Anam in a box. */
export type AnamSimulator = SimulatorServer & {
  apiKey: string;
  faults: AnamFaults;
  /** Each asking of a registered model, and each call of a webhook tool. */
  llmCalls: SimulatedLlmCall[];
  toolCalls: World["toolCalls"];
  /** Every request: `POST /v1/llms`, its body, and how it ended. */
  requests: Array<{ request: string; body: unknown; status: number | "lost" }>;
  /** What sessions left, and those that run. */
  left(): { sessions: number; llms: number };
  /** Those that were started with tokens of this label, oldest first. */
  sessionsOf(label: string): SimSession[];
  /** A person speaks in a session. */
  say(sessionId: string, words: string): void;
  /** Anam ends a session by itself. */
  end(sessionId: string, reason?: string): void;
  /** When no answer is under way. */
  idle(): Promise<void>;
};

/**
 * Anam's API and engine on a loopback port, after its OpenAPI document and its SDK. In place of WebRTC the data
 * channel is a WebSocket, `/data?session_id=…`; signalling is Anam's own, `/ws`.
 */
export async function createAnamSimulator({
  apiKey = "anam-key",
  clock = systemClock,
}: {
  apiKey?: string;
  clock?: Clock;
} = {}): Promise<AnamSimulator> {
  const world: World = {
    ...{ clock, apiKey, faults: { stopsAgain: 409, concurrency: 10 } },
    ...{ llms: new Map(), tokens: new Map(), sessions: new Map(), llmCalls: [], toolCalls: [] },
    running: new Set(),
  };
  const requests: AnamSimulator["requests"] = [];
  const sockets = new WebSocketServer({ noServer: true });
  const server = await startSimulatorServer(
    (call) => {
      const outcome = route(world, call, call.headers.host ?? "");
      const status = outcome === "lost" ? outcome : outcome.status;
      requests.push({ request: `${call.method} ${call.path}`, body: call.body, status });
      return outcome;
    },
    (request, socket, head) => {
      const { pathname, searchParams } = new URL(request.url ?? "/", "http://anam");
      const session = world.sessions.get(searchParams.get("session_id") ?? "");
      if (!session || !isRunning(session)) return void socket.destroy();
      sockets.handleUpgrade(request, socket, head, (opened) => {
        const read = (text: string) => JSON.parse(text) as Record<string, unknown>;
        if (pathname === "/ws") {
          session.sockets.signalling = opened;
          opened.on("message", (text) => {
            if (read(String(text))["actionType"] !== "offer") return;
            const answer = {
              actionType: "answer",
              sessionId: session.id,
              payload: { type: "answer", sdp: "" },
            };
            opened.send(JSON.stringify(answer));
          });
          return;
        }
        session.sockets.data = opened;
        opened.on("message", (text) => receive(world, session, read(String(text))));
        greet(world, session);
      });
    },
  );
  const all = () => [...world.sessions.values()];
  return {
    ...{ url: server.url, apiKey, faults: world.faults, requests },
    ...{ llmCalls: world.llmCalls, toolCalls: world.toolCalls },
    left: () => ({ sessions: all().filter(isRunning).length, llms: world.llms.size }),
    sessionsOf: (wanted) => all().filter(({ label }) => label === wanted),
    say: (id, words) => hear(world, world.sessions.get(id)!, words),
    end: (id, reason = "Session ended") => endSession(world, world.sessions.get(id)!, reason),
    idle: () => untilIdle(world),
    async close() {
      for (const socket of sockets.clients) socket.terminate();
      await server.close();
    },
  };
}
