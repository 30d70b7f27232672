import assert from "node:assert/strict";
import { mkdtempSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { systemClock } from "../../../core/clock.ts";
import { parseCsv } from "./csv.ts";
import { parseSource } from "./index.ts";
import { parsePath, readPath } from "./path.ts";

const anna = { principal: "user:anna", id: "anna" };
const folder = mkdtempSync(join(tmpdir(), "astrocyte-file-"));

function source(name: string, content: string, more: Record<string, unknown> = {}) {
  const path = join(folder, name);
  writeFileSync(path, content);
  return parseSource(
    "crm",
    { kind: "file", path, fields: { plan: { ttl: 0 } }, ...more },
    { clock: systemClock },
  );
}

async function plan(crm: ReturnType<typeof source>, subject = anna) {
  return (await crm.fetch(subject)).fields[0]?.value;
}

test("JSON: by property name, by a path within rows, and under a root", async () => {
  assert.equal(await plan(source("a.json", '{"anna": {"plan": "pro"}}')), "pro");
  const rows = '{"data": [{"ref": {"id": "bob"}, "plan": "free"}, {"ref": {"id": "anna"}, "plan": "pro"}]}';
  assert.equal(await plan(source("b.json", rows, { root: "$.data", key: "$.ref.id" })), "pro");
});

test("CSV: by a column, with the header's names", async () => {
  const csv = 'id,plan,note\r\nbob,free,"a, ""b"""\r\nanna,pro,\r\n';
  assert.equal(await plan(source("a.csv", csv, { key: "id" })), "pro");
});

test("a changed file is read again", async () => {
  const crm = source("c.json", '{"anna": {"plan": "pro"}}', { fields: { plan: { ttl: 60_000 } } });
  assert.equal(await plan(crm), "pro");
  const path = join(folder, "c.json");
  writeFileSync(path, '{"anna": {"plan": "free!"}}');
  utimesSync(path, 1, 2);
  crm.forget(anna);
  assert.equal(await plan(crm), "free!");
});

test("a subject is no path, and names of the prototype are no rows", async () => {
  const crm = source("d.json", '{"anna": {"plan": "pro"}}');
  for (const id of ["../d", "__proto__", "constructor", "toString"]) {
    assert.equal(await plan(crm, { principal: `user:${id}`, id }), undefined);
  }
  assert.equal(readPath({}, parsePath("$.constructor.name")), undefined);
});

test("a broken file fails without quoting it", async () => {
  for (const [name, content] of [
    ["e.json", '{"anna": secret'],
    ["f.json", "[1]"],
    ["g.csv", 'id,plan\nx,"secret'],
  ] as const) {
    await assert.rejects(source(name, content).fetch(anna), (error: Error & { code: string }) => {
      assert.equal(error.code, "source_failed");
      assert.doesNotMatch(error.message, /secret/);
      return true;
    });
  }
  const missing = parseSource(
    "crm",
    { kind: "file", path: "/nowhere.json", fields: { plan: {} } },
    { clock: systemClock },
  );
  await assert.rejects(missing.fetch(anna), { code: "source_failed" });
});

test("CSV: quotes, doubled quotes, line ends within quotes, blank lines, empty cells, byte order mark", () => {
  assert.deepEqual(parseCsv('\uFEFFa,b\n"1\n2","x ""y"""\n\n,\n3'), [
    { a: "1\n2", b: 'x "y"' },
    { a: "", b: "" },
    { a: "3", b: "" },
  ]);
  assert.deepEqual(parseCsv(""), []);
});

test("a path that is none is a mistake in the configuration", () => {
  assert.throws(() => parsePath("a..b"), { code: "config_invalid" });
  assert.throws(() => source("h.json", "{}", { fields: { plan: { path: "a[" } } }), {
    code: "config_invalid",
  });
  assert.throws(() => source("i.json", "{}", { fields: { Plan: {} } }), { code: "config_invalid" });
});
