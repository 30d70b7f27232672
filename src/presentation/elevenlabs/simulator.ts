import { type Clock, systemClock } from "../../core/clock.ts";
import {
  type SimulatedCall,
  type SimulatedOutcome,
  startSimulatorServer,
  untilIdle,
} from "../simulator-server.ts";
import { endTalk } from "./simulator-end.ts";
import { type ElevenLabsPerson, type JoinOptions, joinTalk } from "./simulator-person.ts";
import { type ElevenLabsCaller, type Ring, ring } from "./simulator-phone.ts";
import { answerCall, failure } from "./simulator-routes.ts";
import { createSockets } from "./simulator-socket.ts";
import {
  type ElevenLabsTiming,
  newWorld,
  type Row,
  type SimAgent,
  type SimConversation,
  type SimPostCall,
  type World,
} from "./simulator-world.ts";

export { sign as signElevenLabsWebhook } from "./simulator-end.ts";
export type { ElevenLabsPerson, JoinOptions as ElevenLabsJoinOptions } from "./simulator-person.ts";
export type { ElevenLabsCaller } from "./simulator-phone.ts";
export type { ElevenLabsFaults, ElevenLabsTiming } from "./simulator-world.ts";

/** `apiKey` is the only one that the simulator accepts. */
export type ElevenLabsSimulatorOptions = {
  apiKey?: string;
  clock?: Clock;
  timing?: Partial<ElevenLabsTiming>;
};

/** What is left in the workspace: all zero when nothing leaked. */
export type ElevenLabsLeft = { agents: number; tools: number; secrets: number };

/** ElevenLabs in a box: what the adapter sees, what a test may do and look at. */
export type ElevenLabsSimulator = Pick<
  World,
  "url" | "apiKey" | "faults" | "timing" | "requests" | "llmRequests" | "webhooks" | "toolCalls"
> & {
  /** Makes an agent as somebody does in the dashboard. Returns its id. */
  makeAgent(body: Row): string;
  /** Makes a stored secret, or a tool, likewise. */
  makeSecret(name: string, value: string): string;
  makeTool(config: Row): string;
  agent(id: string): SimAgent;
  /** Sets the workspace's post-call webhook. */
  setPostCall(hook: SimPostCall): void;
  isPostCallDisabled(): boolean;
  /** Sets the webhook that telephone calls ask. */
  setInitiation(hook: NonNullable<World["initiation"]>): void;
  /** A person joins by a signed url. */
  join(signedUrl: string, options?: JoinOptions): Promise<ElevenLabsPerson>;
  /** Somebody calls an agent's number. */
  ring(call: Ring): Promise<ElevenLabsCaller | undefined>;
  conversation(id: string): SimConversation;
  /** Ids of all conversations, oldest first. */
  conversations(): string[];
  /** Talks that run now, of one agent or all. */
  talking(agentId?: string): number;
  /** Fifteen minutes have passed: a way in, or every one, is closed. */
  expire(signedUrl?: string): void;
  /** Ways in that are still good. */
  open(): number;
  /** Ends a talk from the vendor's side. */
  end(conversationId: string, reason: string): void;
  left(): ElevenLabsLeft;
  /** Resolves when no webhook, model request or tool call is under way. Timers of the clock do not count. */
  idle(): Promise<void>;
  close(): Promise<void>;
};

/**
 * ElevenLabs Agents on a loopback port (voice contract §A.7 to §A.11): API, conversations that call the custom
 * model over HTTP, telephone calls, webhooks, and each known fault as a switch. It hears no audio: a person's
 * chunks say what they sound like.
 */
export async function createElevenLabsSimulator(
  options: ElevenLabsSimulatorOptions = {},
): Promise<ElevenLabsSimulator> {
  const { clock = systemClock, apiKey = "elevenlabs-simulator-key", timing = {} } = options;
  const world = newWorld(clock, apiKey, timing);
  const sockets = createSockets(world);
  const server = await startSimulatorServer((call) => serve(world, call), sockets.upgrade);
  world.url = server.url;
  const conversation = (id: string) => found(world.conversations.get(id), id);
  const { url, faults, requests, llmRequests, webhooks, toolCalls } = world;
  return {
    ...{ url, apiKey, faults, timing: world.timing, requests, llmRequests, webhooks, toolCalls },
    makeAgent: (body) => made(world, "POST", "/v1/convai/agents/create", body, "agent_id"),
    makeSecret: (name, value) =>
      made(world, "POST", "/v1/convai/secrets", { type: "new", name, value }, "secret_id"),
    makeTool: (tool_config) => made(world, "POST", "/v1/convai/tools", { tool_config }, "id"),
    agent: (id) => found(world.agents.get(id), id),
    setPostCall(hook) {
      world.postCall = { ...hook, failures: 0, lastSuccess: clock.now(), disabled: false };
    },
    isPostCallDisabled: () => world.postCall?.disabled === true,
    setInitiation(hook) {
      world.initiation = hook;
    },
    join: joinTalk,
    ring: (call) => ring(world, call),
    conversation,
    conversations: () => [...world.conversations.keys()],
    talking: (agentId) =>
      [...world.conversations.values()].filter(
        ({ agent, endedAt }) => endedAt === undefined && (agentId === undefined || agent.id === agentId),
      ).length,
    expire(signedUrl) {
      const only = signedUrl && URL.parse(signedUrl)?.searchParams.get("conversation_signature");
      for (const way of only ? [only] : [...world.ways.keys()]) world.ways.delete(way);
    },
    open: () => world.ways.size,
    end: (id, reason) => endTalk(world, conversation(id), reason, 1000),
    left: () => ({ agents: world.agents.size, tools: world.tools.size, secrets: world.secrets.size }),
    idle: () => untilIdle(world),
    async close() {
      for (const each of world.conversations.values()) for (const cancel of each.timers) cancel();
      sockets.close();
      await server.close();
    },
  };
}

function found<T>(value: T | undefined, id: string): T {
  if (value === undefined) throw new Error(`[elevenlabs simulator] there is no ${id}`);
  return value;
}

function made(world: World, method: string, path: string, body: Row, field: string): string {
  const answer = answerCall(world, { method, path, query: new URLSearchParams(), headers: {}, body });
  const id = (answer.body as Row)[field];
  if (typeof id === "string") return id;
  throw new Error(`[elevenlabs simulator] refused: ${JSON.stringify(answer.body)}`);
}

function serve(world: World, call: SimulatedCall): SimulatedOutcome {
  const { method, path } = call;
  const answer = refusal(world, call) ?? answerCall(world, call);
  const query = Object.fromEntries(call.query);
  world.requests.push({ method, path, query, body: call.body, status: answer.status });
  return world.faults.loseAnswerOf === `${method} ${path}` ? "lost" : answer;
}

function refusal({ apiKey, faults }: World, { method, path, headers }: SimulatedCall) {
  if (headers["xi-api-key"] !== apiKey) return failure(401, "invalid_api_key", "Invalid API key");
  const { refuseNext } = faults;
  if (refuseNext?.call !== `${method} ${path}`) return undefined;
  faults.refuseNext = undefined;
  return refuseNext;
}
