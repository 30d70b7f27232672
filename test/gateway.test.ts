import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import { openGateway } from "../src/open-gateway.ts";
import type { Route } from "../src/server/route.ts";
import { FakeClock } from "../src/testing/fake-clock.ts";
import { createScriptedLLM } from "../src/testing/scripted-llm.ts";
import {
  type Answer,
  APP_KEY,
  endAndSettle,
  makeGateway,
  OPS_KEY,
  OTHER_KEY,
  openSession,
  REQUEST,
  RoomPage,
  type World,
} from "./gateway.fixture.ts";

let world: World;
before(async () => {
  world = await makeGateway({}, {});
});
after(() => world.destroy());

const call = (path: string, options: Parameters<World["call"]>[1] = {}) =>
  world.call(path, { key: APP_KEY, ...options });

type Operation = {
  operationId: string;
  parameters?: Array<{ name: string; in: string }>;
  responses: Record<string, { content?: Record<string, { schema: object }> }>;
};
type Document = { openapi: string; paths: Record<string, Record<string, Operation>>; components: object };

const ajv = new Ajv2020({ strict: false, validateFormats: false });
const validators = new Map<string, ValidateFunction>();

/** Checks an answer against what the OpenAPI document says of it. */
async function fits(answer: Answer, method: string, path: string): Promise<Answer> {
  const document = (await call("/openapi.json")).json as unknown as Document;
  const operation = document.paths[path]?.[method.toLowerCase()];
  const schema = operation?.responses[String(answer.status)]?.content?.["application/json"]?.schema;
  assert.ok(schema, `${method} ${path} says nothing of ${answer.status}: ${answer.text}`);
  const id = `${method} ${path}`;
  const validate = validators.get(id) ?? ajv.compile(schema);
  validators.set(id, validate);
  assert.ok(validate(answer.json), `${id}: ${JSON.stringify(validate.errors)}`);
  return answer;
}

test("a session is opened, watched, talked in and ended in the shape of the API", async () => {
  const created = await fits(await call("/v1/sessions", { body: REQUEST }), "POST", "/v1/sessions");
  assert.equal(created.status, 201);
  assert.deepEqual(Object.keys(created.json).sort(), [
    "join",
    "session_id",
    "session_token",
    "state",
    "vendor",
  ]);
  const id = String(created.json["session_id"]);
  const path = "/v1/sessions/{session_id}";
  const at = (rest = "") => `/v1/sessions/${id}${rest}`;
  const got = await fits(await call(at()), "GET", path);
  assert.deepEqual([got.json["state"], got.json["subject"]], ["open", "user:anna"]);
  const { join: room } = created.json as unknown as { join: { url: string; kind: string } };
  const page = await RoomPage.join({ join: room });
  await page.until((event) => event.type === "utterance" && event.text === "Hello from Lisbon.");
  assert.deepEqual(
    (await fits(await call(at("/say"), { body: { text: "One thing." } }), "POST", `${path}/say`)).json,
    {
      via: "server",
    },
  );
  await page.until((event) => event.type === "utterance" && event.text === "One thing.");
  const context = await call(at("/context"), { body: { text: "The cart is empty." } });
  assert.equal((await fits(context, "POST", `${path}/context`)).status, 202);
  const tool = { tool_call_id: "c1", name: "remember", arguments: { fact: "I am allergic to nuts." } };
  const first = await fits(await call(at("/tools"), { body: tool }), "POST", `${path}/tools`);
  assert.deepEqual(first.json, {
    tool_call_id: "c1",
    status: "success",
    output: "Remembered.",
    result: "silent",
  });
  assert.deepEqual((await call(at("/tools"), { body: tool })).json, first.json);
  await page.say("u1", "My sister is called Miriam.");
  const interrupted = await call(at("/interrupt"), { method: "POST" });
  assert.deepEqual((await fits(interrupted, "POST", `${path}/interrupt`)).json, { via: "server" });
  const { seq } = JSON.parse(page.received.at(-1)!) as { seq: number };
  const typed = await call(at("/respond"), { body: { text: "I moved to Porto." } });
  assert.deepEqual((await fits(typed, "POST", `${path}/respond`)).json, { via: "server" });
  await page.until((event) => event.type === "utterance" && event.role === "agent" && event.seq > seq);
  await fits(await call(at("/briefing")), "GET", `${path}/briefing`);
  for (let twice = 0; twice < 2; twice++) {
    const ended = await fits(await call(at("/end"), { body: { reason: "done" } }), "POST", `${path}/end`);
    assert.deepEqual([ended.status, ended.json["state"], ended.json["end_reason"]], [200, "ended", "done"]);
  }
  await call(at("/events"));
  const transcript = await fits(await call(at("/transcript")), "GET", `${path}/transcript`);
  const said = (transcript.json["turns"] as Array<{ role: string; text: string }>).map(({ role, text }) => [
    role,
    text,
  ]);
  assert.deepEqual(said.slice(0, 3), [
    ["agent", "Hello from Lisbon."],
    ["agent", "One thing."],
    ["user", "My sister is called Miriam."],
  ]);
  const list = await fits(await call("/v1/sessions?limit=1"), "GET", "/v1/sessions");
  assert.deepEqual(
    (list.json["sessions"] as Array<{ session_id: string; join?: object }>).map(({ session_id, join }) => [
      session_id,
      join,
    ]),
    [[id, undefined]],
  );
  await fits(await call("/v1/personas"), "GET", "/v1/personas");
});

test("the next session knows what the one before learned, and what a record overrides is not injected", async () => {
  const one = await openSession(world, { subject: "user:ben" });
  const page = await RoomPage.join(one);
  await page.say("u1", "My dog is called Rufus and he loves the beach.");
  await page.say("u2", "I am on the pro plan.");
  await endAndSettle(world, one.session_id);
  const briefing = await call("/v1/briefings", {
    body: { persona: "support", subject: "user:ben", vendor: "local" },
  });
  await fits(briefing, "POST", "/v1/briefings");
  const lines = briefing.json["lines"] as Array<{ text: string; memory?: { session_id: string | null } }>;
  assert.ok(
    lines.some(({ text, memory }) => text.includes("Rufus") && memory?.session_id === one.session_id),
  );
  assert.ok(!lines.some(({ text }) => text.includes("No language model")));
  const lost = briefing.json["overridden"] as Array<{ text: string; by: { field: string } }>;
  assert.ok(lost.some(({ text, by }) => text.includes("pro plan") && by.field === "plan_tier"));
  const two = await openSession(world, { subject: "user:ben" });
  const again = await RoomPage.join(two);
  await again.say("u1", "Which plan am I on?");
  const answers = again.received.join("\n");
  assert.match(answers, /Plan: free/);
  assert.doesNotMatch(answers, /on the pro plan/);
  await again.say("u2", "What is the name of my dog Rufus?");
  assert.match(again.received.join("\n"), /Rufus/);
  await endAndSettle(world, two.session_id);
});

test("memory is kept, found, reflected on, dated, forgotten and brought back under the upstream's names", async () => {
  const bank_id = "person:carla";
  const post = async (path: string, body: object) => fits(await call(path, { body }), "POST", path);
  const retained = await post("/v1/retain", {
    content: "Carla plays the cello on Sundays.",
    bank_id,
    tags: ["music"],
    metadata: { from: "chat" },
    occurred_at: "2025-06-01T10:00:00Z",
  });
  const id = String(retained.json["memory_id"]);
  assert.deepEqual([retained.json["stored"], retained.json["retention_action"]], [true, "stored"]);
  const found = await post("/v1/recall", { query: "Who plays the cello?", bank_id });
  const [hit] = found.json["hits"] as Array<Record<string, unknown>>;
  assert.deepEqual(
    [hit?.["memory_id"], hit?.["occurred_at"], hit?.["metadata"], hit?.["tags"]],
    [id, "2025-06-01T10:00:00.000Z", { from: "chat" }, ["music"]],
  );
  const debug = await post("/v1/debug/recall", { query: "cello", banks: [bank_id] });
  assert.equal(debug.json["result_count"], 1);
  assert.doesNotMatch(debug.text, /Sundays/);
  assert.match(
    String((await post("/v1/reflect", { query: "Who plays the cello?", bank_id })).json["answer"]),
    /cello/,
  );
  const history = (as_of: string) => post("/v1/history", { query: "cello", bank_id, as_of, max_results: 5 });
  assert.deepEqual((await history("2025-05-01T00:00:00Z")).json["hits"], []);
  assert.equal(((await history("2025-07-01T00:00:00Z")).json["hits"] as unknown[]).length, 1);
  const dry = await post("/v1/forget", { bank_id, tags: ["music"], dry_run: true });
  assert.deepEqual([dry.json["deleted_count"], dry.json["dry_run"]], [1, true]);
  await post("/v1/forget", { bank_id, memory_ids: [id] });
  assert.deepEqual((await post("/v1/recall", { query: "cello", bank_id })).json["hits"], []);
  assert.deepEqual((await post("/v1/restore", { bank_id, memory_ids: [id] })).json, { restored_count: 1 });
  const gone = await post("/v1/forget", { bank_id, scope: "all", compliance: true });
  assert.deepEqual([gone.json["deleted_count"], gone.json["mode"]], [1, "hard"]);
  assert.deepEqual((await post("/v1/purge", { bank_id, memory_ids: [id] })).json, { purged_count: 0 });
});

test("turns and their speakers can be retained, and what is no memory of ours can be blended in", async () => {
  const bank_id = "person:dora";
  const turns = [
    {
      speaker: "dora",
      text: "My train leaves from platform nine.",
      occurred_at: "2026-01-02T08:00:00+01:00",
      id: "t1",
    },
    { speaker: "agent", text: "I will write that down for you." },
  ];
  await call("/v1/retain", {
    body: { content: turns, bank_id, content_type: "conversation", session_id: "s" },
  });
  const external_context = [{ text: "Platform nine is closed this week.", source: "notices" }];
  const { json } = await call("/v1/recall", {
    body: { query: "Which platform?", bank_id, external_context },
  });
  const hits = json["hits"] as Array<Record<string, unknown>>;
  const own = hits.find(({ origin, speaker }) => origin === "memory" && speaker === "dora");
  assert.equal(own?.["occurred_at"], "2026-01-02T07:00:00.000Z");
  assert.ok(hits.some(({ origin, text }) => origin === "external" && text === external_context[0]!.text));
});

test("a bank leaves as lines and comes back from a file of the one folder that is allowed", async () => {
  const exchange = await makeGateway({ server: { exchange_dir: world.folder } });
  try {
    const body = (more: object) => ({ key: OPS_KEY, body: { bank_id: "person:emil", ...more } });
    await exchange.call("/v1/retain", body({ content: "Emil collects stamps." }));
    const lines = await exchange.call("/v1/export", body({}));
    assert.equal(lines.headers.get("content-type"), "application/x-ndjson");
    assert.match(lines.text, /Emil collects stamps/);
    const saved = await exchange.call("/v1/export", body({ path: "emil.jsonl" }));
    assert.deepEqual(saved.json, { bank_id: "person:emil", path: "emil.jsonl", exported: 1 });
    assert.match(await readFile(join(world.folder, "emil.jsonl"), "utf8"), /stamps/);
    const back = await exchange.call("/v1/import", {
      key: OPS_KEY,
      body: { bank_id: "person:copy", path: "emil.jsonl", on_conflict: "skip" },
    });
    assert.equal(back.json["imported"], 1, back.text);
    for (const path of ["../emil.jsonl", "/etc/passwd", "a/b", ".."])
      assert.equal((await exchange.call("/v1/export", body({ path }))).status, 400);
    assert.equal((await exchange.call("/v1/import", body({ path: "missing.jsonl" }))).status, 404);
    assert.equal(
      (await exchange.call("/v1/export", { key: OTHER_KEY, body: { bank_id: "person:emil" } })).status,
      403,
    );
    assert.equal((await call("/v1/export", { body: { bank_id: "person:emil", path: "x" } })).status, 422);
  } finally {
    await exchange.destroy();
  }
});

test("banks, grants, holds and audit are administered by whom the bank's grants allow", async () => {
  const bank_id = "person:frida";
  const at = (rest: string) => `/v1/admin/banks/${encodeURIComponent(bank_id)}${rest}`;
  const path = "/v1/admin/banks/{bank_id}";
  await call("/v1/retain", { body: { content: "Frida climbs.", bank_id } });
  const banks = await fits(await call("/v1/admin/banks"), "GET", "/v1/admin/banks");
  assert.ok((banks.json["banks"] as Array<{ bank_id: string }>).some((bank) => bank.bank_id === bank_id));
  await fits(await call(at("/health")), "GET", `${path}/health`);
  const other = (body: object) =>
    world.call("/v1/recall", { key: OTHER_KEY, body: { query: "climbs", bank_id, ...body } });
  assert.equal((await other({})).status, 403);
  const grant = { principal: "service:other", permissions: ["read"] };
  await fits(await call(at("/grants"), { body: grant }), "POST", `${path}/grants`);
  assert.equal((await other({})).status, 200);
  const revoked = await call(at("/grants/service:other"), { method: "DELETE" });
  await fits(revoked, "DELETE", `${path}/grants/{principal}`);
  assert.equal((await other({})).status, 403);
  const hold = await fits(
    await call(at("/hold"), { body: { hold_id: "case-7", reason: "A dispute.", set_by: "user:mallory" } }),
    "POST",
    `${path}/hold`,
  );
  assert.equal(hold.json["set_by"], "service:app");
  const held = await call("/v1/forget", { body: { bank_id, scope: "all" } });
  assert.deepEqual([held.status, held.json["code"]], [409, "legal_hold"]);
  assert.equal((await fits(await call(at("/hold")), "GET", `${path}/hold`)).json["under_hold"], true);
  const release = await call(at("/hold/case-7"), { method: "DELETE" });
  assert.equal((await fits(release, "DELETE", `${path}/hold/{hold_id}`)).json["released"], true);
  const audit = await fits(await call(at("/audit")), "GET", `${path}/audit`);
  assert.doesNotMatch(audit.text, /climbs/);
  const operations = (audit.json["entries"] as Array<{ operation: string }>).map(
    ({ operation }) => operation,
  );
  assert.ok(operations.includes("holds") && operations.includes("grants"));
  assert.equal((await call("/v1/admin/lifecycle", { method: "POST" })).status, 403);
  const lifecycle = await world.call("/v1/admin/lifecycle", { key: OPS_KEY, method: "POST" });
  await fits(lifecycle, "POST", "/v1/admin/lifecycle");
  await fits(await call(at(""), { method: "DELETE" }), "DELETE", path);
});

test("a person is forgotten over banks and sessions, and a bank that could not be is named", async () => {
  const opened = await openSession(world, { subject: "user:gil" });
  const page = await RoomPage.join(opened);
  await page.say("u1", "My locker code is the year of the comet.");
  await endAndSettle(world, opened.session_id);
  const forget = () =>
    world.call("/v1/dsar/forget_principal", {
      key: OPS_KEY,
      body: { tenant_id: null, principal: "user:gil" },
    });
  await call("/v1/admin/banks/person:gil/hold", { body: { reason: "A dispute.", hold_id: "h" } });
  const blocked = await forget();
  assert.deepEqual(blocked.json["banks"], [{ bank_id: "person:gil", deleted_count: 0, error: "legal_hold" }]);
  await call("/v1/admin/banks/person:gil/hold/h", { method: "DELETE" });
  const done = await fits(await forget(), "POST", "/v1/dsar/forget_principal");
  assert.ok(Number(done.json["deleted_count"]) > 0);
  assert.equal(done.json["sessions"], 1);
  assert.deepEqual((await call(`/v1/sessions/${opened.session_id}/transcript`)).json["turns"], []);
  assert.equal((await call(`/v1/sessions/${opened.session_id}/briefing`)).status, 404);
  const recalled = await call("/v1/recall", { body: { query: "locker code comet", bank_id: "person:gil" } });
  assert.deepEqual(recalled.json["hits"], []);
  assert.equal((await call("/v1/dsar/forget_principal", { body: { principal: "user:gil" } })).status, 403);
});

test("errors are problem details that name the field and quote nothing", async () => {
  const cases: Array<[Promise<Answer>, number, string, RegExp]> = [
    [call("/v1/recall", { body: '{"query": "hidden-words' }), 400, "invalid_input", /valid JSON/],
    [
      call("/v1/recall", { body: { query: "x", bank_id: "b", principal: "user:root" } }),
      400,
      "invalid_input",
      /principal/,
    ],
    [call("/v1/recall", { body: { query: 7, bank_id: "b" } }), 400, "invalid_input", /\/query/],
    [call("/v1/recall", { body: { query: "x" } }), 400, "invalid_input", /bank_id or banks/],
    [
      call("/v1/recall", { body: "x", headers: { "content-type": "text/plain" } }),
      400,
      "invalid_input",
      /application\/json/,
    ],
    [
      call("/v1/retain", { body: { content: "x".repeat(3_000_000), bank_id: "b" } }),
      413,
      "payload_too_large",
      /too large/,
    ],
    [call("/v1/nothing"), 404, "not_found", /openapi/],
    [call("/v1/sessions/ses_none"), 404, "not_found", /ses_none/],
    [
      call("/v1/sessions", { body: { ...REQUEST, vendor: "nobody" } }),
      400,
      "invalid_input",
      /not configured/,
    ],
    [call("/v1/sessions", { body: { ...REQUEST, subject: "anna" } }), 400, "invalid_input", /user:<id>/],
    [
      world.call("/v1/recall", { key: OTHER_KEY, body: { query: "x", bank_id: "person:anna" } }),
      403,
      "access_denied",
      /grant/,
    ],
  ];
  for (const [answer, status, code, detail] of cases) {
    const { json, headers, text, status: got } = await answer;
    assert.deepEqual([got, json["status"], json["code"]], [status, status, code], text);
    assert.match(String(json["detail"]), detail);
    assert.match(headers.get("content-type")!, /^application\/problem\+json/);
    assert.equal(json["request_id"], headers.get("x-request-id"));
    assert.doesNotMatch(text, /hidden-words/);
  }
});

test("what is not ours to say is told as an internal error, without its words", async () => {
  const embedder = createScriptedLLM();
  const logged: unknown[] = [];
  const log = (fields: object) => void logged.push(fields);
  const logger = { debug: log, info: log, warn: log, error: log };
  const broken = await makeGateway({}, { embedder, logger });
  try {
    embedder.failEmbeds(...Array.from({ length: 8 }, () => new Error("password=hunter2 in /srv/models")));
    const { status, json, text } = await broken.call("/v1/retain", {
      key: OPS_KEY,
      body: { content: "Words of a person.", bank_id: "person:x" },
    });
    assert.ok(status >= 500, text);
    assert.doesNotMatch(text, /hunter2|srv/);
    assert.match(String(json["detail"]), /request id/);
    const lines = JSON.stringify(logged);
    assert.match(lines, /frames/);
    assert.doesNotMatch(lines, /Words of a person|operator-key|hunter2/);
  } finally {
    await broken.destroy();
  }
});

test("the OpenAPI document describes every route, validly, and nothing else", async () => {
  const document = (await call("/openapi.json", { key: undefined })).json as unknown as Document;
  assert.match(document.openapi, /^3\.1\./);
  const described = Object.entries(document.paths).flatMap(([path, operations]) =>
    Object.keys(operations).map((method) => `${method.toUpperCase()} ${path}`),
  );
  assert.deepEqual(
    described.sort(),
    world.gateway.routes.map(({ method, path }) => `${method} ${path}`).sort(),
  );
  const ids = new Set<string>();
  for (const [path, operations] of Object.entries(document.paths)) {
    for (const operation of Object.values(operations)) {
      assert.ok(!ids.has(operation.operationId));
      ids.add(operation.operationId);
      const named = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name).sort();
      const declared = (operation.parameters ?? [])
        .filter((each) => each.in === "path")
        .map(({ name }) => name);
      assert.deepEqual(declared.sort(), named, path);
    }
  }
  for (const schema of schemasIn(document))
    assert.doesNotThrow(() => new Ajv2020({ strict: false, validateFormats: false }).compile(schema));
  const references = [...JSON.stringify(document).matchAll(/"\$ref":"#\/([^"]+)"/g)].map(([, path]) =>
    path!.split("/"),
  );
  for (const parts of references) {
    const target = parts.reduce<unknown>((at, part) => (at as Record<string, unknown>)?.[part], document);
    assert.ok(target, parts.join("/"));
  }
});

function schemasIn(value: unknown): object[] {
  if (typeof value !== "object" || value === null) return [];
  const own = "schema" in value ? [value.schema as object] : [];
  return [...own.filter((schema) => !("$ref" in schema)), ...Object.values(value).flatMap(schemasIn)];
}

test("every route asks for its kind of credential before it reads anything else", async () => {
  const { session_id, session_token } = await openSession(world);
  const expected = (route: Route, who: string): number[] => {
    if (route.access === "public") return [200];
    if (who === "nobody" || who === "wrong key") return [401];
    if (who === "page" && route.access !== "session") return [403];
    return route.access === "operator" && who === "other app" ? [403] : [];
  };
  const callers = {
    nobody: undefined,
    "wrong key": "no-such-key",
    page: session_token,
    "other app": OTHER_KEY,
  };
  for (const route of world.gateway.routes) {
    const path = route.path
      .replace("{session_id}", session_id)
      .replace("{bank_id}", "person:anna")
      .replace(/\{\w+\}/g, "x");
    for (const [who, key] of Object.entries(callers)) {
      const wanted = expected(route, who);
      const foreign = who === "other app" && path.includes(session_id);
      if (wanted.length === 0 && !foreign) continue;
      const body = route.method === "POST" ? { body: foreign ? bodyFor(path) : "{not json" } : {};
      const { status } = await world.call(path, { key, method: route.method, ...body });
      assert.deepEqual(
        [status],
        foreign && wanted.length === 0 ? [404] : wanted,
        `${who}: ${route.method} ${route.path}`,
      );
    }
  }
  await endAndSettle(world, session_id);
});

/** A body that is right, so that the answer is about the caller. */
function bodyFor(path: string): object {
  if (path.endsWith("/tools")) return { tool_call_id: "c", name: "recall" };
  if (path.endsWith("/client-events")) return { events: [{}] };
  return path.endsWith("/end") ? {} : { text: "x" };
}

test("events come as they happen, and go on after the last one that was seen", async () => {
  const { session_id } = await openSession(world, { subject: "user:hana" });
  const open = (last?: number) =>
    fetch(`${world.url}/v1/sessions/${session_id}/events`, {
      headers: {
        authorization: `Bearer ${APP_KEY}`,
        ...(last !== undefined && { "last-event-id": String(last) }),
      },
    });
  const live = await open();
  assert.match(live.headers.get("content-type")!, /^text\/event-stream/);
  const reader = live.body!.getReader();
  let seen = "";
  const until = async (word: string) => {
    while (!seen.includes(word)) seen += Buffer.from((await reader.read()).value!).toString();
  };
  await until("event: open");
  const page = await RoomPage.join((await call(`/v1/sessions/${session_id}`)).json as never);
  await until("event: live");
  await reader.cancel();
  const last = Math.max(...[...seen.matchAll(/^id: (\d+)$/gm)].map(([, id]) => Number(id)));
  await page.say("u1", "Hello there, it is me.");
  await call(`/v1/sessions/${session_id}/end`, { body: {} });
  const rest = await (await open(last)).text();
  const ids = [...rest.matchAll(/^id: (\d+)$/gm)].map(([, id]) => Number(id));
  assert.ok(ids.every((id, i) => id > last && (i === 0 || id > ids[i - 1]!)));
  const types = [...rest.matchAll(/^event: (\w+)$/gm)].map(([, type]) => type);
  assert.deepEqual([...new Set(types)].sort(), ["ended", "ending", "settled", "turn"]);
  assert.equal(types.at(-1), "settled");
  assert.doesNotMatch(seen + rest, /it is me/);
  const all = await (await open()).text();
  const both = [...(seen + rest).matchAll(/^id: \d+$/gm)].map(String);
  assert.deepEqual([...all.matchAll(/^id: \d+$/gm)].map(String), [...new Set(both)]);
  assert.equal((await open(ids.at(-1))).status, 204);
});

test("a caller who asks too often is told to wait; another one is not", async () => {
  const slow = await makeGateway({
    server: { limits: { requests_per_minute: 60, failures_per_minute: 60 } },
  });
  try {
    const ask = (key?: string) => slow.call("/v1/personas", { key });
    const statuses = [];
    for (let i = 0; i < 8; i++) statuses.push((await ask(APP_KEY)).status);
    assert.deepEqual(statuses, [200, 200, 200, 200, 200, 200, 429, 429]);
    const refused = await ask(APP_KEY);
    assert.deepEqual([refused.json["code"], refused.headers.get("retry-after")], ["rate_limited", "1"]);
    assert.equal((await ask(OTHER_KEY)).status, 200);
    await slow.clock.advance(1_000);
    assert.equal((await ask(APP_KEY)).status, 200);
    const guesses = [];
    for (let i = 0; i < 8; i++) guesses.push((await ask(`guess-${i}`)).status);
    assert.deepEqual([guesses[0], guesses.at(-1)], [401, 429]);
  } finally {
    await slow.destroy();
  }
});

test("other sites may read answers only where they are listed", async () => {
  const shared = await makeGateway({ server: { cors: { origins: ["https://app.example"] } } });
  try {
    const from = (origin: string, more: object = {}) => ({ key: APP_KEY, headers: { origin, ...more } });
    const listed = await shared.call("/v1/personas", from("https://app.example"));
    assert.equal(listed.headers.get("access-control-allow-origin"), "https://app.example");
    assert.equal(listed.headers.get("access-control-allow-credentials"), null);
    const preflight = await shared.call("/v1/sessions", {
      method: "OPTIONS",
      ...{ headers: { origin: "https://app.example", "access-control-request-method": "POST" } },
    });
    assert.equal(preflight.status, 204);
    assert.match(preflight.headers.get("access-control-allow-headers")!, /authorization/);
    for (const origin of ["https://app.example.evil.test", "https://evil.test", "null"]) {
      const foreign = await shared.call("/v1/personas", from(origin));
      assert.equal(foreign.headers.get("access-control-allow-origin"), null);
    }
    for (const [name, value] of [
      ["x-content-type-options", "nosniff"],
      ["x-frame-options", "DENY"],
      ["cache-control", "no-store"],
    ] as const)
      assert.equal(listed.headers.get(name), value);
  } finally {
    await shared.destroy();
  }
});

test("metrics count what happened, for operators", async () => {
  assert.equal((await call("/metrics")).status, 403);
  const { text, headers } = await world.call("/metrics", { key: OPS_KEY });
  assert.match(headers.get("content-type")!, /^text\/plain/);
  assert.match(text, /astrocyte_brain_turns_total\{outcome="completed",memory="ok"\} [1-9]/);
  assert.match(text, /astrocyte_recall_duration_seconds_count\{path="api"\} [1-9]/);
  assert.match(text, /astrocyte_sessions_leaked 0/);
  assert.match(text, /astrocyte_session_minutes_total\{vendor="local"\}/);
  assert.doesNotMatch(text, /ses_|person:|user:/);
});

test("a gateway that stops ends its rooms and streams, finishes what is under way, and takes no more", async () => {
  const stopping = await makeGateway();
  const opened = await openSession(stopping);
  const page = await RoomPage.join(opened);
  await page.until((event) => event.type === "joined");
  const stream = await fetch(`${stopping.url}/v1/sessions/${opened.session_id}/events`, {
    headers: { authorization: `Bearer ${APP_KEY}` },
  });
  const reader = stream.body!.getReader();
  let seen = "";
  while (!seen.includes("event: live")) seen += Buffer.from((await reader.read()).value!).toString();
  await stopping.close();
  for (let done = false; !done; ) ({ done } = await reader.read());
  const ended = await page.until((event) => event.type === "ended");
  assert.equal(ended.type === "ended" && ended.reason, "drain");
  await assert.rejects(fetch(`${stopping.url}/live`));
  await stopping.destroy();
});

test("an answer that is under way is finished when the gateway stops; one that takes too long is cut", async () => {
  for (const { delayMs, advanceMs, status } of [
    { delayMs: 5_000, advanceMs: 5_000, status: 200 },
    { delayMs: 50_000, advanceMs: 10_000, status: undefined },
  ]) {
    const clock = new FakeClock();
    const llm = createScriptedLLM({ clock, reply: () => ({ text: "At last.", delayMs }) });
    const key = "brain-key-of-at-least-24-characters";
    const brain = { keys: [{ name: "k", key, principal: "service:app" }] };
    const stopping = await makeGateway({ brain }, { clock, llm });
    const body = { messages: [{ role: "user", content: "Hello" }] };
    const answer = stopping.call("/brain/v1/chat/completions", { key, body }).then(
      ({ status }) => status,
      () => undefined,
    );
    while (llm.calls.length === 0) await new Promise((resolve) => setImmediate(resolve));
    const closing = stopping.gateway.close();
    while ((await reachable(stopping.url)) !== false);
    await clock.advance(advanceMs);
    assert.equal(await answer, status);
    await closing;
    await stopping.destroy();
  }
});

function reachable(url: string): Promise<boolean> {
  return fetch(`${url}/live`).then(
    () => true,
    () => false,
  );
}

test("a gateway that was killed finds its rooms gone at the next start, and ends their sessions", async () => {
  const folder = world.folder;
  const config = {
    store: { path: join(folder, "restart.db"), readers: 1 },
    personas: { plain: { name: "P", prompt: "Help." } },
    server: { secret: "s".repeat(32) },
  };
  const options = { embedder: createScriptedLLM() };
  const first = await openGateway(config, options);
  const url = await first.listen({ port: 0 });
  const body = JSON.stringify({ ...REQUEST, persona: "plain" });
  const headers = { "content-type": "application/json" };
  const { session_id } = (await (
    await fetch(`${url}/v1/sessions`, { method: "POST", headers, body })
  ).json()) as {
    session_id: string;
  };
  await first.composer.close();
  const second = await openGateway(config, options);
  await second.composer.sweep();
  const row = await second.composer.get(session_id);
  assert.deepEqual([row.state, row.endReason], ["ended", "ended_at_vendor"]);
  await second.close();
  await first.close();
});

test("without keys only this machine is served, and the gateway does not listen to others", async () => {
  const open = await makeGateway({ server: { keys: [], operators: [] } });
  try {
    const ask = (headers: Record<string, string>) => open.call("/v1/personas", { headers });
    assert.equal((await ask({})).status, 200);
    const { host } = new URL(open.url);
    assert.equal((await ask({ origin: `http://${host}` })).status, 200);
    for (const headers of [
      { "x-forwarded-for": "203.0.113.9" },
      { forwarded: "for=203.0.113.9" },
      { origin: "https://evil.test" },
      { origin: "null" },
      { "sec-fetch-site": "cross-site" },
    ])
      assert.equal((await ask(headers as Record<string, string>)).status, 401, JSON.stringify(headers));
    assert.equal((await rebound(open.url)).status, 401);
    await assert.rejects(open.gateway.listen({ host: "0.0.0.0", port: 0 }), { code: "config_invalid" });
    const page = await open.call("/");
    assert.match(page.headers.get("content-security-policy")!, /default-src 'none'; script-src 'self'/);
    assert.match((await open.call("/assets/server/page/main.ts")).text, /import \{ connect/);
    for (const path of [
      "server/app.ts",
      "client/../server/app.ts",
      "client/%2e%2e/server/config.ts",
      "server/page/../app.ts",
    ])
      assert.equal((await open.call(`/assets/${path}`)).status, 404, path);
  } finally {
    await open.destroy();
  }
  assert.equal((await world.call("/", { key: APP_KEY })).status, 404);
});

/** As a browser whose name server says that evil.test is this machine. */
async function rebound(url: string): Promise<{ status: number }> {
  const { request } = await import("node:http");
  return new Promise((resolve, reject) => {
    const sent = request(`${url}/v1/personas`, { headers: { host: "evil.test" } }, (answer) => {
      answer.resume();
      resolve({ status: answer.statusCode! });
    });
    sent.on("error", reject).end();
  });
}
