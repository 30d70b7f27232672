import { asRow } from "../read.ts";
import type { SimulatedAnswer, SimulatedCall } from "../simulator-server.ts";
import { endTalk } from "./simulator-end.ts";
import { recordOf } from "./simulator-record.ts";
import { agentProblem, type Problem, toolProblem } from "./simulator-rules.ts";
import {
  newId,
  partsOf,
  type Row,
  type SimAgent,
  type SimConversation,
  seconds,
  type World,
} from "./simulator-world.ts";

/** ElevenLabs's REST API (contract §A.7, §A.11). */
export function answerCall(world: World, call: SimulatedCall): SimulatedAnswer {
  const [kind = "", id, more] = call.path
    .replace(/^\/v1\/convai\//, "")
    .split("/")
    .map(decodeURIComponent);
  const body = asRow(call.body);
  switch (`${call.method} ${kind}`) {
    case "POST agents":
      return id === "create" ? createAgent(world, body) : notFound(kind);
    case "POST tools":
      return createTool(world, body);
    case "POST secrets":
      return createSecret(world, body);
    case "GET agents":
    case "GET tools":
    case "GET secrets":
      return id === undefined ? list(world, kind as Kind, call) : one(world, kind as Kind, id);
    case "DELETE agents":
    case "DELETE tools":
    case "DELETE secrets":
      return remove(world, kind as Kind, id ?? "", call.query.get("force") === "true");
    case "GET conversation":
      return id === "token"
        ? token(world, call)
        : id === "get-signed-url"
          ? signedUrl(world, call)
          : notFound(kind);
    case "GET conversations":
      return id === undefined ? listConversations(world, call) : readConversation(world, id, more);
    case "DELETE conversations":
      return world.conversations.delete(id ?? "") ? { status: 200, body: {} } : notFound(kind);
    default:
      return notFound(kind);
  }
}

type Kind = "agents" | "tools" | "secrets";

export function failure(status: number, code: string, message: string): SimulatedAnswer {
  return { status, body: { detail: { status: code, message } } };
}

function notFound(what: string): SimulatedAnswer {
  return failure(404, `${what.replace(/s$/, "")}_not_found`, "It does not exist.");
}

/** FastAPI's form. */
function unprocessable({ loc, msg }: Problem): SimulatedAnswer {
  return { status: 422, body: { detail: [{ loc: ["body", ...loc], msg, type: "value_error" }] } };
}

function createAgent(world: World, body: Row): SimulatedAnswer {
  const problem = agentProblem(world, body);
  if (problem) return unprocessable(problem);
  const id = newId(world, "agent");
  world.agents.set(id, { id, body, createdAt: world.clock.now() });
  return { status: 200, body: { agent_id: id } };
}

function createTool(world: World, body: Row): SimulatedAnswer {
  const config = asRow(body["tool_config"]);
  const problem = toolProblem(world, config);
  if (problem) return unprocessable(problem);
  const id = newId(world, "tool");
  world.tools.set(id, { id, config });
  return { status: 200, body: toolRow(world, id) };
}

function createSecret(world: World, body: Row): SimulatedAnswer {
  const { type, name, value } = body;
  if (type !== "new" || typeof name !== "string" || typeof value !== "string")
    return unprocessable({ loc: ["name"], msg: "type, name and value are required" });
  const id = newId(world, "secret");
  world.secrets.set(id, { id, name, value });
  return { status: 200, body: { type: "stored", secret_id: id, name } };
}

function list(world: World, kind: Kind, { query }: SimulatedCall): SimulatedAnswer {
  const search = query.get("search") ?? "";
  const size = Number(query.get("page_size") ?? 30);
  if (size > 100) return unprocessable({ loc: ["page_size"], msg: "at most 100" });
  const rows = [...world[kind].keys()]
    .map((id) => rowOf(world, kind, id))
    .filter((each) => String(each["name"] ?? asRow(each["tool_config"])["name"]).startsWith(search));
  const start = Number(query.get("cursor") ?? 0);
  const page = rows.slice(start, start + size);
  const more = start + size < rows.length;
  return {
    status: 200,
    body: { [kind]: page, has_more: more, next_cursor: more ? String(start + size) : null },
  };
}

function one(world: World, kind: Kind, id: string): SimulatedAnswer {
  if (!world[kind].has(id)) return notFound(kind);
  return { status: 200, body: { ...rowOf(world, kind, id), ...agentDetails(world.agents.get(id)) } };
}

function rowOf(world: World, kind: Kind, id: string): Row {
  if (kind === "tools") return toolRow(world, id);
  if (kind === "secrets") {
    const used_by = { tools: [], agents: [], others: [], phone_numbers: [] };
    return { type: "stored", secret_id: id, name: world.secrets.get(id)!.name, used_by };
  }
  const { body, createdAt } = world.agents.get(id)!;
  return {
    agent_id: id,
    name: body["name"],
    tags: body["tags"] ?? [],
    created_at_unix_secs: seconds(createdAt),
    access_info: ACCESS,
    last_call_time_unix_secs: null,
    archived: false,
    voice_id: asRow(asRow(body["conversation_config"])["tts"])["voice_id"] ?? "cjVigY5qzO86Huf0OWal",
  };
}

function agentDetails(agent: SimAgent | undefined): Row {
  if (!agent) return {};
  const at = seconds(agent.createdAt);
  return { ...agent.body, metadata: { created_at_unix_secs: at, updated_at_unix_secs: at } };
}

const ACCESS = {
  is_creator: true,
  creator_name: "You",
  creator_email: "you@example.com",
  role: "admin",
};

function toolRow(world: World, id: string): Row {
  const usage = { total_calls: 0, avg_latency_secs: 0 };
  return { id, tool_config: world.tools.get(id)!.config, access_info: ACCESS, usage_stats: usage };
}

/** What is in use stays: agents use tools and secrets, tools use secrets. */
function remove(world: World, kind: Kind, id: string, force: boolean): SimulatedAnswer {
  if (!world[kind].has(id)) return notFound(kind);
  const users = [...world.agents.values(), ...(kind === "secrets" ? world.tools.values() : [])];
  const used = kind !== "agents" && !force && users.some((user) => JSON.stringify(user).includes(`"${id}"`));
  if (used) return failure(409, `${kind.slice(0, -1)}_in_use`, "It is used by an agent.");
  world[kind].delete(id);
  if (kind === "agents") agentGone(world, id);
  return kind === "secrets" ? { status: 204 } : { status: 200, body: {} };
}

function agentGone(world: World, id: string): void {
  for (const conversation of world.conversations.values()) {
    if (conversation.agent.id !== id) continue;
    if (world.faults.agentDeletionEndsTalk) endTalk(world, conversation, "Agent was deleted", 1000);
    if (world.faults.agentDeletionHidesRecords) world.conversations.delete(conversation.id);
  }
}

const WAY_MS = 15 * 60_000;

function signedUrl(world: World, { query }: SimulatedCall): SimulatedAnswer {
  const agentId = query.get("agent_id") ?? "";
  if (!world.agents.has(agentId)) return notFound("agents");
  const once = query.get("include_conversation_id") === "true";
  const conversationId = once ? newId(world, "conv") : undefined;
  const signature = newId(world, "cvtkn");
  world.ways.set(signature, { agentId, conversationId, expiresAt: world.clock.now() + WAY_MS });
  const url = new URL(`${world.url.replace(/^http/, "ws")}/v1/convai/conversation`);
  url.search = new URLSearchParams({ agent_id: agentId, conversation_signature: signature }).toString();
  const where = conversationId === undefined ? "none" : world.faults.conversationId;
  if (where === "url") url.searchParams.set("conversation_id", conversationId!);
  return {
    status: 200,
    body: { signed_url: url.href, ...(where === "body" && { conversation_id: conversationId }) },
  };
}

function token(world: World, { query }: SimulatedCall): SimulatedAnswer {
  const agentId = query.get("agent_id") ?? "";
  if (!world.agents.has(agentId)) return notFound("agents");
  const conversationId = newId(world, "conv");
  return { status: 200, body: { token: newId(world, "livekit"), conversation_id: conversationId } };
}

function listConversations(world: World, { query }: SimulatedCall): SimulatedAnswer {
  const agentId = query.get("agent_id");
  const [name, , value] = (query.get("dynamic_variable_params") ?? "").split(":");
  const fits = ({ agent, variables }: SimConversation) =>
    (agentId === null || agent.id === agentId) &&
    (!name || world.faults.ignoreVariableFilter || variables[name] === value);
  const size = Number(query.get("page_size") ?? 30);
  const found = [...world.conversations.values()].filter(fits).toReversed();
  const conversations = found.slice(0, size).map(summaryOf);
  return { status: 200, body: { conversations, has_more: found.length > size, next_cursor: null } };
}

function summaryOf(conversation: SimConversation): Row {
  const { id, agent, status, startedAt, record } = conversation;
  return {
    agent_id: agent.id,
    agent_name: agent.body["name"],
    conversation_id: id,
    start_time_unix_secs: seconds(startedAt),
    call_duration_secs: seconds((conversation.endedAt ?? startedAt) - startedAt),
    message_count: record.length,
    status,
    call_successful: "success",
  };
}

function readConversation(world: World, id: string, more: string | undefined): SimulatedAnswer {
  const conversation = world.conversations.get(id);
  if (!conversation || more !== undefined) return notFound("conversations");
  return { status: 200, body: recordOf(conversation) };
}

/** Does the agent want a signed way in? */
export function needsAuth({ body }: { body: Row }): boolean {
  return asRow(partsOf({ id: "", body, createdAt: 0 }).platform["auth"])["enable_auth"] === true;
}
