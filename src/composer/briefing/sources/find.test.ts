import assert from "node:assert/strict";
import { mkdtempSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { after, test } from "node:test";
import { systemClock } from "../../../core/clock.ts";
import { functionSource, parseSource, type SystemOfRecord } from "./index.ts";

const PEOPLE = [
  { id: "cus_anna", name: "Anna", phone: "030 901820" },
  { id: "cus_ben", name: "Ben", phone: "+49 40 428280" },
  { id: "cus_carla", name: "Carla", phone: "(040) 42 82 80" },
];
const ANNA = "+4930901820";
const SHARED = "+4940428280";

const folder = mkdtempSync(join(tmpdir(), "astrocyte-find-"));
const open: SystemOfRecord[] = [];
const asked: string[] = [];
const server = createServer((req, res) => {
  asked.push(req.url!);
  const phone = new URL(req.url!, "http://x").searchParams.get("phone");
  const found = PEOPLE.filter(({ id }) =>
    phone === ANNA ? id === "cus_anna" : phone === SHARED && id !== "cus_anna",
  );
  res.writeHead(found.length > 0 ? 200 : 404).end(JSON.stringify({ customers: found }));
});
await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
const { port } = server.address() as AddressInfo;
after(async () => {
  for (const source of open) await source.close();
  server.close();
});

function source(raw: object): SystemOfRecord {
  const common = {
    country: "DE",
    subject: { template: "cus_{subject.id}" },
    fields: { name: {}, phone: {} },
  };
  const made = parseSource("crm", { ...common, ...raw }, { clock: systemClock });
  open.push(made);
  return made;
}

function file(name: string, text: string, raw: object = {}): SystemOfRecord {
  writeFileSync(join(folder, name), text);
  return source({ kind: "file", path: join(folder, name), key: "id", ...raw });
}

function database(): string {
  const path = join(folder, `${open.length}.db`);
  const db = new DatabaseSync(path);
  db.exec("create table people (id text, name text, phone text)");
  const e164: Record<string, string> = { cus_anna: ANNA, cus_ben: SHARED, cus_carla: SHARED };
  for (const { id, name } of PEOPLE)
    db.prepare("insert into people values (?, ?, ?)").run(id, name, e164[id]!);
  db.close();
  return path;
}

const query = "select * from people where id = :subject";
const csv = ["id,name,phone", ...PEOPLE.map(({ id, name, phone }) => `${id},${name},${phone}`)].join("\n");
const SOURCES: Record<string, () => SystemOfRecord> = {
  json: () => file("people.json", JSON.stringify(PEOPLE)),
  csv: () => file("people.csv", csv),
  sqlite: () =>
    source({
      kind: "sql",
      database: database(),
      query,
      find: { phone: "select id from people where phone = :value" },
    }),
  http: () =>
    source({
      kind: "http",
      url: `http://127.0.0.1:${port}/{subject}`,
      allow_http: true,
      allow_hosts: [{ host: "127.0.0.1", allow_private: true }],
      find: { phone: { url: `http://127.0.0.1:${port}/?phone={value}`, root: "customers" } },
    }),
};

for (const [name, make] of Object.entries(SOURCES)) {
  test(`${name}: a person is found by a number, nobody is guessed of several, and a stranger is nobody`, async () => {
    const crm = make();
    assert.ok(crm.searchable.includes("phone"));
    assert.deepEqual(await crm.find("phone", ANNA), ["anna"]);
    assert.deepEqual((await crm.find("phone", SHARED)).sort(), ["ben", "carla"]);
    assert.deepEqual(await crm.find("phone", "+4989123456"), []);
    assert.deepEqual(await crm.find("phone", "' or '1'='1"), []);
    await assert.rejects(crm.find("nothing", ANNA), { code: "not_supported" });
  });
}

test("a file that has changed is looked through anew; a list counts with each of its values", async () => {
  const crm = file("changes.json", JSON.stringify(PEOPLE));
  assert.deepEqual(await crm.find("phone", ANNA), ["anna"]);
  const moved = [{ id: "cus_dora", phone: ["040 999", "030 901820"] }];
  writeFileSync(join(folder, "changes.json"), JSON.stringify(moved));
  assert.deepEqual(await crm.find("phone", ANNA), ["dora"]);
});

test("a key that is none of a subject's is nobody's", async () => {
  const crm = file("keys.json", JSON.stringify([{ id: "lead-7", phone: ANNA }]));
  assert.deepEqual(await crm.find("phone", ANNA), []);
  const prefixed = file("keys.json", JSON.stringify([{ id: "lead-7", phone: ANNA }]), {
    subject: { strip_prefix: "crm-" },
  });
  assert.deepEqual(await prefixed.find("phone", ANNA), ["crm-lead-7"]);
});

test("HTTP: the value goes in encoded, and cannot leave its place", async () => {
  const crm = SOURCES["http"]!();
  await crm.find("phone", "+49&admin=1#/../x");
  assert.equal(asked.at(-1), "/?phone=%2B49%26admin%3D1%23%2F..%2Fx");
});

test("code of the application looks people up as well", async () => {
  const find = { phone: async (value: string) => (value === ANNA ? "anna" : undefined) };
  const read = async () => ({});
  const crm = functionSource({ name: "own", fields: { phone: {} }, read, find, country: "DE" }, systemClock);
  assert.deepEqual(await crm.find("phone", "030 90 18 20"), ["anna"]);
  assert.deepEqual(await crm.find("phone", SHARED), []);
});

test("a look-up that would find everybody is a mistake in the configuration", () => {
  const url = "http://127.0.0.1/{subject}";
  const http = { kind: "http", url, allow_http: true };
  for (const bad of [
    { kind: "sql", database: "x.db", query, find: { phone: "select id from people" } },
    { kind: "sql", database: "x.db", query, find: { phone: "select id from people where id = :subject" } },
    { ...http, find: { phone: { url: "http://127.0.0.1/all" } } },
    {
      ...http,
      allow_http: false,
      url: "https://crm.example/{subject}",
      find: { phone: { url: "http://crm.example/?q={value}" } },
    },
    { ...http, find: { phone: { url: "http://{value}/" } } },
    { ...http, country: "XX" },
  ])
    assert.throws(() => source(bad), { code: "config_invalid" }, JSON.stringify(bad));
});
