import { randomUUID } from "node:crypto";
import { asRow, type Row, text } from "../read.ts";
import type { SimulatedAnswer } from "../simulator-server.ts";
import { fail, invalid, isUuid, ok, type SimSession, type World } from "./simulator-world.ts";

const VARIABLE = /\$\{(\w+)\}/g;

/** `POST /v1/sessions/token`: everything is checked but the LLM configuration, which start looks up. */
export function createToken(world: World, body: Row): SimulatedAnswer {
  const refused = malformed(body) ?? badVariables(body);
  if (refused) return refused;
  const contextId = contextOf(world, body);
  const context = contextId === undefined ? undefined : world.contexts.get(contextId);
  if (contextId !== undefined && !context) return fail(400, "Context not found");
  const variables = variablesOf(body);
  const missing = context && requiredVariables(context).find((name) => !(name in variables));
  if (missing) return invalid("dynamic_variables", `Missing required dynamic variable: ${missing}`);

  const id = randomUUID();
  const session: SimSession = {
    id,
    token: mint(id, body),
    body,
    context,
    variables,
    state: "created",
    createdAt: world.clock.now(),
    creditsConsumed: 0,
    listening: body["interactivity_type"] !== "PUSH_TO_TALK",
    greeted: false,
    turn: 0,
    history: [],
    transcript: [],
    cancelIdle: () => {},
    cancelTimers: [],
  };
  world.sessions.set(id, session);
  return ok(world, { session_id: id, session_token: session.token });
}

/** Names that a context's texts ask for. */
export function requiredVariables({ prompt, opening_text }: Row): string[] {
  const names = [...`${String(prompt)} ${String(opening_text)}`.matchAll(VARIABLE)].map((match) => match[1]!);
  return [...new Set(names)];
}

export function filled({ context, variables }: SimSession, field: "prompt" | "opening_text"): string {
  return String(context?.[field] ?? "").replace(VARIABLE, (_, name: string) => variables[name] ?? "");
}

function malformed(body: Row): SimulatedAnswer | undefined {
  const persona = body["avatar_persona"];
  const agent = body["voice_agent"];
  const ids = { ...asRow(persona), ...body } as Row;
  if (!isUuid(body["avatar_id"])) return invalid("avatar_id", "Input should be a valid UUID");
  if ((persona === undefined) === (agent === undefined))
    return invalid("avatar_persona", "Provide exactly one of avatar_persona or voice_agent");
  for (const field of ["llm_configuration_id", "context_id", "voice_id"]) {
    if (ids[field] !== undefined && !isUuid(ids[field]))
      return invalid(field, "Input should be a valid UUID");
  }
  const seconds = body["max_session_duration"];
  if (seconds !== undefined && !(Number.isInteger(seconds) && Number(seconds) > 0))
    return invalid("max_session_duration", "Input should be a valid integer");
  return undefined;
}

function badVariables(body: Row): SimulatedAnswer | undefined {
  if (
    body["dynamic_variables"] !== undefined &&
    asRow(body["voice_agent"])["dynamic_variables"] !== undefined
  )
    return fail(400, "dynamic_variables cannot be set both at the top level and in voice_agent");
  const entries = Object.entries(variablesOf(body));
  if (entries.length > 50) return invalid("dynamic_variables", "Dictionary should have at most 50 items");
  if (entries.some(([name]) => name.length > 64))
    return invalid("dynamic_variables", "String should have at most 64 characters");
  if (entries.some(([, value]) => typeof value !== "string" || [...value].length > 1_000))
    return invalid("dynamic_variables", "String should have at most 1000 characters");
  return undefined;
}

function variablesOf(body: Row): Record<string, string> {
  const agent = asRow(body["voice_agent"]);
  return asRow(body["dynamic_variables"] ?? agent["dynamic_variables"]) as Record<string, string>;
}

function contextOf(world: World, body: Row): string | undefined {
  const agent = text(asRow(body["voice_agent"])["id"]);
  if (agent !== undefined) return world.voiceAgents.get(agent) ?? "unknown";
  return text(asRow(body["avatar_persona"])["context_id"]);
}

/** A JWT whose payload the web SDK reads (contract §1.1, auth). */
function mint(sessionId: string, body: Row): string {
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const payload = { session_id: sessionId, start_session_data: { mode: body["mode"] ?? "FULL" } };
  return `${part({ alg: "HS256", typ: "JWT" })}.${part(payload)}.${part(randomUUID())}`;
}
