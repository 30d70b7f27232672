import { type Answer, type Call, error, message, ok } from "./simulator-answer.ts";
import { conversationRow, createConversation, endConversation } from "./simulator-conversation.ts";
import {
  getMemoryStore,
  listMemoryStores,
  pinMemory,
  postMemoryStore,
  unpinMemory,
} from "./simulator-memory.ts";
import {
  isoMicros,
  nextId,
  type Row,
  type SimConversation,
  type SimPal,
  type World,
} from "./simulator-world.ts";

type Handler = (world: World, call: Call, id: string, rest: string) => Answer;

/** Path to handler, with one id and what may follow it. Both vocabularies lead to the same things (§0.3). */
const ROUTES: Array<[method: string, pattern: RegExp, handler: Handler]> = [
  ["POST", /^\/v2\/conversations$/, postConversation],
  ["GET", /^\/v2\/conversations$/, listConversations],
  ["GET", /^\/v2\/conversations\/([^/]+)$/, getConversation],
  ["POST", /^\/v2\/conversations\/([^/]+)\/end$/, postEnd],
  ["DELETE", /^\/v2\/conversations\/([^/]+)$/, deleteConversation],
  ["POST", /^\/v2\/(?:pals|personas)$/, postPal],
  [
    "GET",
    /^\/v2\/(?:pals|personas)$/,
    (world, call) =>
      paged(
        [...world.pals.values()].map((pal) => palRow(pal, call)),
        call,
      ),
  ],
  [
    "GET",
    /^\/v2\/(?:pals|personas)\/([^/]+)$/,
    (world, call, id) => onPal(world, id, (pal) => ok(palRow(pal, call))),
  ],
  ["PATCH", /^\/v2\/(?:pals|personas)\/([^/]+)$/, patchPal],
  ["DELETE", /^\/v2\/(?:pals|personas)\/([^/]+)$/, (world, _call, id) => remove(world.pals, id)],
  ["POST", /^\/v2\/(?:pals|personas)\/([^/]+)\/tools$/, attachTools],
  ["GET", /^\/v2\/(?:pals|personas)\/([^/]+)\/tools$/, listPalTools],
  ["GET", /^\/v2\/(?:faces|replicas)$/, (_world, call) => paged([face(call)], call)],
  [
    "GET",
    /^\/v2\/(?:faces|replicas)\/([^/]+)$/,
    (_world, call, id) => ok({ ...face(call), [legacyOf(call) ? "replica_id" : "face_id"]: id }),
  ],
  ["POST", /^\/v2\/tools$/, postTool],
  ["GET", /^\/v2\/tools$/, listTools],
  ["GET", /^\/v2\/tools\/([^/]+)$/, (world, _call, id) => found(world.tools.get(id))],
  ["DELETE", /^\/v2\/tools\/([^/]+)$/, (world, _call, id) => remove(world.tools, id)],
  ["POST", /^\/v2\/memory-stores$/, postMemoryStore],
  ["GET", /^\/v2\/memory-stores$/, listMemoryStores],
  ["GET", /^\/v2\/memory-stores\/([^/]+)$/, getMemoryStore],
  ["POST", /^\/v2\/memory-stores\/([^/]+)\/pinned$/, pinMemory],
  ["DELETE", /^\/v2\/memory-stores\/([^/]+)\/pinned\/([^/]+)$/, unpinMemory],
  ["DELETE", /^\/v2\/memories\/([^/]+)\/([^/]+)$/, () => ({ status: 204 })],
];

export function answerCall(world: World, call: Call): Answer {
  for (const [method, pattern, handler] of ROUTES) {
    const match = method === call.method ? pattern.exec(call.path) : null;
    if (match)
      return handler(world, call, decodeURIComponent(match[1] ?? ""), decodeURIComponent(match[2] ?? ""));
  }
  return { status: 404, body: { message: "Not Found" } };
}

const found = (row: Row | undefined): Answer => (row ? ok(row) : message(404, "Not Found"));
const legacyOf = ({ path }: Call) => /personas|replicas/.test(path);

function paged(rows: Row[], { query }: Call): Answer {
  const limit = Number(query.get("limit") ?? 10);
  const first = (Number(query.get("page") ?? 1) - 1) * limit;
  return ok({ data: rows.slice(first, first + limit), total_count: rows.length });
}

function remove(map: Map<string, unknown>, id: string): Answer {
  return map.delete(id) ? { status: 204 } : message(404, "Not Found");
}

// Conversations, §2.

function postConversation(world: World, { body }: Call): Answer {
  const { faults } = world;
  const row = (body ?? {}) as Row;
  const active = [...world.conversations.values()].filter(({ status }) => status === "active").length;
  if (faults.outOfCredits) return message(402, "The user is out of conversational credits");
  if (active >= faults.maxConcurrent) {
    return message(faults.concurrencyStatus, "User has reached maximum concurrent conversations");
  }
  const palId = row["pal_id"] ?? row["persona_id"];
  const pal = world.pals.get(String(palId));
  if (palId !== undefined && !pal) return message(404, "Not Found");
  if (faults.createFails || !(pal || row["face_id"] || row["replica_id"]) || !tagsAreFine(row)) {
    return error(
      400,
      "There was an error creating the conversation, please reach out to support at support@tavus.io!",
    );
  }
  const conversation = createConversation(world, row, pal);
  const token = faults.noMeetingToken ? undefined : conversation.meetingToken;
  const { conversation_id, conversation_name, conversation_url, status, callback_url, created_at } =
    conversationRow(world, conversation);
  return ok({
    conversation_id,
    conversation_name,
    conversation_url,
    status,
    callback_url,
    created_at,
    ...(token !== undefined && { meeting_token: token }),
  });
}

function tagsAreFine(row: Row): boolean {
  const tags = row["participant_tags"];
  const people = row["max_participants"];
  return (
    (tags === undefined || (Array.isArray(tags) && tags.length === 1)) &&
    (people === undefined || Number(people) >= 2)
  );
}

function listConversations(world: World, call: Call): Answer {
  const status = call.query.get("status");
  const rows = [...world.conversations.values()].filter((each) => status === null || each.status === status);
  return paged(
    rows.map((each) => conversationRow(world, each)),
    call,
  );
}

function getConversation(world: World, { query }: Call, id: string): Answer {
  return onConversation(world, id, (conversation) => {
    const row = conversationRow(world, conversation);
    if (query.get("verbose") !== "true") return ok(row);
    const { shutdownReason, events } = conversation;
    return ok({ ...row, ...(shutdownReason !== undefined && { shutdown_reason: shutdownReason }), events });
  });
}

function postEnd(world: World, _call: Call, id: string): Answer {
  return onConversation(world, id, (conversation) => {
    const first = conversation.status === "active";
    endConversation(world, conversation, "end_conversation_endpoint_hit");
    const status = first ? world.faults.firstEnd : world.faults.secondEnd;
    if (status === 409) return message(409, "Conversation has already ended");
    return status === 400 ? error(400, "Invalid conversation_id") : { status };
  });
}

function deleteConversation(world: World, { query }: Call, id: string): Answer {
  return onConversation(world, id, (conversation) => {
    if (query.get("hard") === "true") {
      endConversation(world, conversation, "daily_room_has_been_deleted");
      world.conversations.delete(id);
    }
    return { status: 204 };
  });
}

function onConversation(world: World, id: string, work: (conversation: SimConversation) => Answer): Answer {
  const conversation = world.conversations.get(id);
  return conversation ? work(conversation) : error(400, "Invalid conversation_id");
}

// PALs and faces, §3 and §4.

function postPal(world: World, call: Call): Answer {
  const body = (call.body ?? {}) as Row;
  const name = String(body[legacyOf(call) ? "persona_name" : "pal_name"] ?? "");
  if (body["pipeline_mode"] !== "echo" && !body["system_prompt"])
    return error(400, "system_prompt is required");
  if (!legacyOf(call) && !body["default_face_id"]) return error(400, "default_face_id is required");
  const stored = world.faults.bareNames ? name.replace(/[^\w\s]/g, "") : name;
  const pal: SimPal = {
    id: nextId(world, "p"),
    name: stored,
    body,
    toolIds: [],
    createdAt: world.clock.now(),
  };
  world.pals.set(pal.id, pal);
  const { layers: _layers, ...row } = palRow(pal, call);
  return ok(row);
}

function palRow({ id, name, body, createdAt }: SimPal, call: Call): Row {
  const kind = legacyOf(call) ? "persona" : "pal";
  return {
    [`${kind}_id`]: id,
    [`${kind}_name`]: name,
    created_at: isoMicros(createdAt),
    layers: body["layers"] ?? {},
  };
}

/** RFC 6902 on the body, `add` and `replace` and `remove` of members. 304 when nothing changes (§1.1). */
function patchPal(world: World, { body }: Call, id: string): Answer {
  if (world.faults.makerChanges) return message(409, "maker_changes: retry with force=true");
  return onPal(world, id, (pal) => {
    const before = JSON.stringify(pal.body);
    for (const { op, path, value } of (body ?? []) as Array<{ op: string; path: string; value: unknown }>) {
      const steps = path.split("/").slice(1);
      const last = steps.pop()!;
      const parent = steps.reduce<Row>((at, step) => (at[step] ??= {}) as Row, pal.body);
      if (op === "remove") delete parent[last];
      else parent[last] = value;
    }
    return before === JSON.stringify(pal.body) ? { status: 304 } : ok({ message: "ok" });
  });
}

function attachTools(world: World, { body }: Call, id: string): Answer {
  return onPal(world, id, (pal) => {
    const ids = ((body as Row | undefined)?.["tool_ids"] ?? []) as string[];
    if (ids.some((tool) => !world.tools.has(tool))) return error(400, "Invalid tool_id");
    pal.toolIds = [...new Set([...pal.toolIds, ...ids])];
    return pal.toolIds.length > 50 ? error(400, "a pal takes 50 tools") : ok({ tool_ids: pal.toolIds });
  });
}

function listPalTools(world: World, _call: Call, id: string): Answer {
  return onPal(world, id, (pal) => ({
    status: 200,
    body: pal.toolIds.map((tool) => world.tools.get(tool)!),
  }));
}

function onPal(world: World, id: string, work: (pal: SimPal) => Answer): Answer {
  const pal = world.pals.get(id);
  return pal ? work(pal) : message(404, "Not Found");
}

function face(call: Call): Row {
  const kind = legacyOf(call) ? "replica" : "face";
  return {
    [`${kind}_id`]: "r90bbd427f71",
    [`${kind}_name`]: "Anna",
    status: "completed",
    [`${kind}_type`]: "system",
  };
}

// Tools, §9.1.

function postTool(world: World, { body }: Call): Answer {
  const tool = (body ?? {}) as Row;
  const name = String(tool["name"]);
  const delivery = (tool["delivery"] ?? { app_message: true }) as Row;
  const size = JSON.stringify([tool["description"], tool["parameters"]]).length;
  if (!/^[a-zA-Z_][a-zA-Z0-9_]{0,63}$/.test(name)) return error(400, "name is malformed");
  if (size > 10_000) return error(400, "description and parameters are too long");
  if ((delivery["app_message"] === true) === (delivery["api"] !== undefined))
    return error(400, "choose one delivery");
  if (tool["on_call"] === "static_filler" && !tool["static_filler"])
    return error(400, "static_filler is required");
  if ([...world.tools.values()].some((other) => other.name === name))
    return error(409, "tool name already used");
  const tool_id = nextId(world, "t");
  world.tools.set(tool_id, { ...tool, tool_id, name });
  return ok({ tool_id, name });
}

function listTools(world: World, call: Call): Answer {
  const part = call.query.get("name_or_uuid") ?? "";
  const rows = [...world.tools.values()].filter(
    ({ name, tool_id }) => name.includes(part) || tool_id === part,
  );
  return paged(rows, call);
}
