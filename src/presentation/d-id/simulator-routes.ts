import type { SimulatedAnswer, SimulatedCall } from "../simulator-server.ts";
import { beginExport } from "./simulator-exports.ts";
import { badRequest, mayAct, notFound, ok, unauthenticated } from "./simulator-replies.ts";
import { openRoom } from "./simulator-room.ts";
import { chatMessage, closeStream, openStream, streamCall } from "./simulator-streams.ts";
import { nextId, type Row, type SimAgent, type World } from "./simulator-world.ts";

type Handler = (
  world: World,
  call: SimulatedCall,
  ids: string[],
) => SimulatedAnswer | Promise<SimulatedAnswer>;

/** `page` calls may come under a client key too. */
type Route = { method: string; path: RegExp; page?: boolean; handle: Handler };

const ROUTES: Route[] = [
  { method: "POST", path: /^\/agents$/, handle: createAgent },
  { method: "GET", path: /^\/agents\/me$/, handle: listAgents },
  { method: "POST", path: /^\/agents\/client-key$/, handle: createClientKey },
  { method: "GET", path: /^\/agents\/client-key$/, handle: getClientKey },
  { method: "POST", path: /^\/agents\/chats\/exports$/, handle: createExport },
  { method: "GET", path: /^\/agents\/chats\/exports\/([^/]+)$/, handle: getExport },
  { method: "POST", path: /^\/agents\/([^/]+)\/client-keys$/, handle: createClientKey },
  { method: "GET", path: /^\/agents\/([^/]+)$/, handle: withAgent((_, agent) => ok(view(agent))) },
  { method: "PATCH", path: /^\/agents\/([^/]+)$/, handle: withAgent(patchAgent) },
  { method: "DELETE", path: /^\/agents\/([^/]+)$/, handle: withAgent(deleteAgent) },
  { method: "GET", path: /^\/agents\/([^/]+)\/runtime$/, page: true, handle: withAgent(runtime) },
  { method: "POST", path: /^\/v2\/agents\/([^/]+)\/sessions$/, page: true, handle: withAgent(createSession) },
  { method: "POST", path: /^\/agents\/([^/]+)\/streams$/, page: true, handle: withAgent(openStream) },
  { method: "DELETE", path: /^\/agents\/([^/]+)\/streams\/([^/]+)$/, page: true, handle: closeStream },
  {
    method: "POST",
    path: /^\/agents\/([^/]+)\/streams\/([^/]+)(\/sdp|\/ice)?$/,
    page: true,
    handle: streamCall,
  },
  { method: "POST", path: /^\/agents\/([^/]+)\/chat$/, page: true, handle: withAgent(createChat) },
  { method: "POST", path: /^\/agents\/([^/]+)\/chat\/([^/]+)$/, page: true, handle: chatMessage },
  { method: "POST", path: /^\/tools$/, handle: createTool },
  { method: "DELETE", path: /^\/tools\/([^/]+)$/, handle: deleteTool },
];

/** D-ID's API (contract §2). */
export async function answer(world: World, call: SimulatedCall): Promise<SimulatedAnswer> {
  const archive = /^\/archives\/([^/]+)\.zip$/.exec(call.path)?.[1];
  // A signed address of another host in truth: no credential of ours goes there.
  if (archive !== undefined) return download(world, call, archive);
  for (const { method, path, page = false, handle } of ROUTES) {
    const match = method === call.method ? path.exec(call.path) : null;
    if (!match) continue;
    const ids = match.slice(1).map((id) => (id === undefined ? "" : decodeURIComponent(id)));
    if (!mayAct(world, call, page, ids[0])) return unauthenticated();
    return handle(world, call, ids);
  }
  return notFound();
}

function withAgent(handle: (world: World, agent: SimAgent, call: SimulatedCall) => SimulatedAnswer): Handler {
  return (world, call, [id = ""]) => {
    const agent = world.agents.get(id);
    return agent ? handle(world, settled(world, agent), call) : notFound();
  };
}

/** `created` until it is made. */
function settled(world: World, agent: SimAgent): SimAgent {
  const done = world.clock.now() - agent.createdAt >= world.timing.agentReadyAfterMs;
  if (agent.status === "created" && done) agent.status = world.faults.agentsFail ? "error" : "done";
  return agent;
}

function createAgent(world: World, { body }: SimulatedCall): SimulatedAnswer {
  const row = body as Row;
  const problem = agentProblem(row);
  if (problem !== undefined) return badRequest(problem);
  const agent = { id: nextId(world, "agt_"), body: row, status: "created", createdAt: world.clock.now() };
  world.agents.set(agent.id, agent);
  return ok(view(agent));
}

function agentProblem({ preview_name, presenter, llm }: Row): string | undefined {
  const { type, presenter_id, source_url } = (presenter ?? {}) as Row;
  if (typeof preview_name !== "string") return "preview_name is missing";
  if (!["talk", "clip", "expressive"].includes(String(type))) return "presenter.type is unknown";
  if (presenter_id === undefined && source_url === undefined) return "the presenter names no avatar";
  const { provider, custom } = (llm ?? {}) as { provider?: string; custom?: Row };
  if (!["openai", "custom", "google", "d-id", "external"].includes(String(provider)))
    return "llm.provider is unknown";
  if (provider !== "custom") return undefined;
  if (custom?.["type"] !== "basic" || !URL.canParse(String(custom["url"]))) return "llm.custom is malformed";
  return (custom["key"] ?? custom["api_key"]) === undefined ? "llm.custom has no key" : undefined;
}

/** A custom model's key is never shown again. */
function view({ id, body, status, createdAt }: SimAgent): Row {
  const llm = { ...(body["llm"] as Row) };
  if (llm["custom"]) {
    const { key: _key, api_key: _apiKey, ...custom } = llm["custom"] as Row;
    llm["custom"] = custom;
  }
  return { ...body, llm, id, status, created: new Date(createdAt).toISOString() };
}

/** What a browser may read: no `llm`, no tools (§2.2). */
function runtime(_world: World, { id, body }: SimAgent): SimulatedAnswer {
  const { preview_name: name, greetings = [], starter_message = [], presenter } = body;
  const { type, voice } = presenter as Row;
  return ok({ id, name, greetings, starter_message, avatar: { type, voice } });
}

function listAgents(world: World, { query }: SimulatedCall): SimulatedAnswer {
  const all = [...world.agents.values()];
  const start = Number(query.get("token") ?? 0);
  const end = start + Number(query.get("limit") ?? 10);
  return ok({ agents: all.slice(start, end).map(view), ...(end < all.length && { token: String(end) }) });
}

function patchAgent(world: World, agent: SimAgent, { body }: SimulatedCall): SimulatedAnswer {
  const { tools } = body as { tools?: { items?: Array<{ tool_id: string }> } };
  if (tools?.items?.some(({ tool_id }) => !world.tools.has(tool_id))) return notFound();
  agent.body = { ...agent.body, ...(body as Row) };
  return ok(view(agent));
}

function deleteAgent(world: World, agent: SimAgent): SimulatedAnswer {
  world.agents.delete(agent.id);
  for (const [key, { agentId }] of world.clientKeys) if (agentId === agent.id) world.clientKeys.delete(key);
  return ok({ id: agent.id });
}

function createSession(world: World, agent: SimAgent, { body }: SimulatedCall): SimulatedAnswer {
  const { transport, chat_persist: persist = true } = body as { transport?: Row; chat_persist?: boolean };
  if (transport?.["provider"] !== "livekit") return badRequest("transport.provider must be livekit");
  if ((agent.body["presenter"] as Row)["type"] !== "expressive")
    return badRequest("only expressive agents have sessions");
  if (agent.status !== "done") return badRequest("the agent is not ready");
  const { rewrittenMeanwhile: instructions } = world.faults;
  if (instructions !== undefined)
    agent.body = { ...agent.body, llm: { ...(agent.body["llm"] as Row), instructions } };
  const session = openRoom(world, agent, persist);
  const session_token = session.room.token(session.person, { ttlMs: 3_600_000 });
  const session_url = world.url.replace("http", "ws");
  return { status: 201, body: { id: session.id, session_url, session_token, interrupt_enabled: true } };
}

function createChat(world: World, agent: SimAgent): SimulatedAnswer {
  const chat = {
    id: nextId(world, "cht_"),
    agentId: agent.id,
    createdAt: world.clock.now(),
    messages: [],
  };
  world.chats.set(chat.id, chat);
  return ok({ id: chat.id, agent_id: agent.id, messages: [], chat_mode: "Functional" });
}

function createTool(world: World, { body }: SimulatedCall): SimulatedAnswer {
  const { name, description, schema, config } = body as Row;
  const { type } = (config ?? {}) as Row;
  if (typeof name !== "string" || typeof description !== "string" || (type !== "client" && type !== "server"))
    return badRequest("the tool is malformed");
  if (typeof (schema as Row | undefined)?.["parameters"] !== "object")
    return badRequest("schema has no parameters");
  const id = nextId(world, "tool_");
  world.tools.set(id, { ...(body as Row), id });
  return ok({ ...(body as Row), id });
}

function deleteTool(world: World, _call: SimulatedCall, [id = ""]: string[]): SimulatedAnswer {
  return world.tools.delete(id) ? ok({ id }) : notFound();
}

function createClientKey(world: World, { body }: SimulatedCall, [agentId]: string[]): SimulatedAnswer {
  const { allowed_domains: domains } = body as { allowed_domains?: string[] };
  if (!domains?.length) return badRequest("allowed_domains is missing");
  const client_key = nextId(world, "ck_");
  world.clientKeys.set(client_key, { domains, agentId });
  return ok({ client_key });
}

function getClientKey(world: World): SimulatedAnswer {
  const found = [...world.clientKeys].find(([, { agentId }]) => agentId === undefined);
  return found ? ok({ client_key: found[0], allowed_domains: found[1].domains }) : notFound();
}

function createExport(world: World, { body }: SimulatedCall): SimulatedAnswer {
  const { agent_id: agentId, from } = body as { agent_id?: string; from?: string };
  if (typeof agentId !== "string") return badRequest("agent_id is missing");
  if (world.faults.exportsNeedAgent && !world.agents.has(agentId)) return notFound();
  return ok({ export_id: beginExport(world, agentId, from === undefined ? 0 : Date.parse(from)).id });
}

function getExport(world: World, _call: SimulatedCall, [id = ""]: string[]): SimulatedAnswer {
  const found = world.exports.get(id);
  if (!found) return notFound();
  if (world.clock.now() < found.readyAt) return ok({ export_id: id, status: "started" });
  const result = { result_url: `${world.url}/archives/${id}.zip` };
  const { status } = found;
  return ok({ export_id: id, status, ...(status === "done" && { result, total_files_count: 1 }) });
}

function download(world: World, { headers }: SimulatedCall, id: string): SimulatedAnswer {
  const found = world.exports.get(id);
  if (!found || headers.authorization !== undefined) return notFound();
  return { status: 200, body: found.archive, headers: { "content-type": "application/zip" } };
}
