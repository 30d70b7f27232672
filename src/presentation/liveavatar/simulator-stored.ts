import { asRow, type Row } from "../read.ts";
import type { SimulatedAnswer, SimulatedCall } from "../simulator-server.ts";
import { requiredVariables } from "./simulator-token.ts";
import { fail, invalid, isUuid, ok, type SimStored, store, type World } from "./simulator-world.ts";

type Kind = {
  path: string;
  rows(world: World): Map<string, SimStored>;
  required: string[];
  check?(world: World, body: Row): SimulatedAnswer | undefined;
  /** How one is shown alone, and in a list; `undefined`: not at all. */
  detail?(row: SimStored): Row;
  item(row: SimStored): Row;
};

const SECRET_TYPES = ["OPENAI_API_KEY", "ELEVENLABS_API_KEY", "GEMINI_API_KEY"];

const KINDS: Kind[] = [
  {
    path: "/v1/contexts",
    rows: (world) => world.contexts,
    required: ["name", "prompt", "opening_text"],
    detail: (row) => ({
      ...row,
      links: row["links"] ?? [],
      required_dynamic_variables: requiredVariables(row),
    }),
    item: ({ id, created_at, ...row }) => ({ id, name: row["name"], created_at }),
  },
  {
    path: "/v1/secrets",
    rows: (world) => world.secrets,
    required: ["secret_name", "secret_value", "secret_type"],
    check: (_world, { secret_type }) =>
      SECRET_TYPES.includes(String(secret_type))
        ? undefined
        : invalid("secret_type", `Input should be ${SECRET_TYPES.join(", ")}`),
    // Never read back, whoever asks.
    item: ({ secret_value: _, ...row }) => row,
  },
  {
    path: "/v1/llm-configurations",
    rows: (world) => world.llmConfigurations,
    required: ["display_name", "model_name", "secret_id"],
    check: (world, { secret_id }) =>
      isUuid(secret_id) && world.secrets.has(secret_id) ? undefined : fail(400, "Secret not found"),
    detail: (row) => row,
    item: ({ base_url: _, ...row }) => row,
  },
];

/** Contexts, secrets and LLM configurations; `undefined` for other paths. */
export function answerStored(world: World, call: SimulatedCall): SimulatedAnswer | undefined {
  for (const kind of KINDS) {
    if (call.path === kind.path) return onAll(world, kind, call);
    if (call.path.startsWith(`${kind.path}/`))
      return onOne(world, kind, call, decodeURIComponent(call.path.slice(kind.path.length + 1)));
  }
  return undefined;
}

function onAll(world: World, kind: Kind, { method, query, body }: SimulatedCall): SimulatedAnswer {
  if (method === "GET") return ok(world, page([...kind.rows(world).values()].map(kind.item), query));
  if (method !== "POST") return fail(405, "Method Not Allowed");
  const row = asRow(body);
  const missing = kind.required.find((field) => typeof row[field] !== "string" || row[field] === "");
  if (missing) return invalid(missing, "Field required");
  const refused = kind.check?.(world, row);
  if (refused) return refused;
  const stored = store(world, kind.rows(world), row);
  return ok(world, (kind.detail ?? kind.item)(stored));
}

function onOne(world: World, kind: Kind, { method, body }: SimulatedCall, id: string): SimulatedAnswer {
  if (!isUuid(id)) return invalid("id", "Input should be a valid UUID");
  const rows = kind.rows(world);
  const row = rows.get(id);
  if (!row) return fail(404, "Not found");
  if (method === "DELETE") {
    rows.delete(id);
    return ok(world, null);
  }
  if (!kind.detail) return fail(405, "Method Not Allowed");
  if (method === "PATCH" || method === "PUT") Object.assign(row, asRow(body), { id });
  else if (method !== "GET") return fail(405, "Method Not Allowed");
  return ok(world, kind.detail(row));
}

/** `{count, next, previous, results}` (contract §1.1, list). */
export function page(rows: Row[], query: URLSearchParams): Row {
  const number = Number(query.get("page") ?? 1);
  const size = Math.min(100, Number(query.get("page_size") ?? 20));
  const at = (n: number) => `?page=${n}&page_size=${size}`;
  return {
    count: rows.length,
    next: number * size < rows.length ? at(number + 1) : null,
    previous: number > 1 ? at(number - 1) : null,
    results: rows.slice((number - 1) * size, number * size),
  };
}
