import assert from "node:assert/strict";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { after, test } from "node:test";
import { systemClock } from "../../../core/clock.ts";
import { parseSource, type SystemOfRecord } from "./index.ts";
import { loadPeer } from "./peer.ts";
import { bind, SUBJECT } from "./sql.ts";

const anna = { principal: "user:anna", id: "anna" };
const open: SystemOfRecord[] = [];
after(async () => {
  for (const source of open) await source.close();
});

function database(): string {
  const path = join(mkdtempSync(join(tmpdir(), "astrocyte-sql-")), "crm.db");
  const db = new DatabaseSync(path);
  db.exec(
    "create table customers (id text, plan text, seats integer, big integer, updated text, secret text)",
  );
  const insert = db.prepare("insert into customers values (?, ?, ?, ?, ?, 'x')");
  insert.run("anna", "pro", 25, 9_007_199_254_740_993n, "2026-01-01 00:00:00");
  insert.run("o'brien; drop table customers --", "free", 1, 1, "2026-01-01 00:00:00");
  db.close();
  return path;
}

function source(more: Record<string, unknown>): SystemOfRecord {
  const fields = { plan: { column: "plan" }, seats: {}, big: {} };
  const made = parseSource("crm", { kind: "sql", fields, ...more }, { clock: systemClock });
  open.push(made);
  return made;
}

const query = "select * from customers where id = :subject";

test("SQLite: the first row's allowlisted columns, with the row's own time", async () => {
  const { fields } = await source({ database: database(), query, as_of: "updated" }).fetch(anna);
  assert.deepEqual(
    fields.map(({ name, value }) => [name, value]),
    [
      ["plan", "pro"],
      ["seats", 25],
      ["big", "9007199254740993"],
    ],
  );
  assert.equal(fields[0]?.asOf, Date.parse("2026-01-01T00:00:00Z"));
});

test("SQLite: a subject is a value and never part of the statement", async () => {
  const path = database();
  const crm = source({ database: path, query });
  const id = "o'brien; drop table customers --";
  assert.equal((await crm.fetch({ principal: `user:${id}`, id })).fields[0]?.value, "free");
  assert.deepEqual((await crm.fetch({ principal: "user:x", id: "x' or '1'='1" })).fields, []);
  assert.equal((await crm.fetch(anna)).fields.length, 3);
});

test("SQLite: the connection is read-only, and a missing file is a failure", async () => {
  const writing = source({
    database: database(),
    query: "update customers set plan = 'x' where id = :subject returning *",
  });
  await assert.rejects(writing.fetch(anna), { code: "source_failed" });
  await assert.rejects(source({ database: "/nowhere/x.db", query }).fetch(anna), { code: "source_failed" });
});

test("SQLite: a slow query does not hold up the event loop", async () => {
  const slow =
    "with recursive n(i) as (select 1 union all select i + 1 from n where i < 300000) select max(i) as seats from n where :subject = :subject";
  const running = source({ database: database(), query: slow }).fetch(anna);
  let turns = 0;
  let done = false;
  const finished = running.then(() => (done = true));
  while (!done) {
    turns++;
    await new Promise((resolve) => setImmediate(resolve));
  }
  await finished;
  assert.ok(turns > 10);
});

test("parameters are found outside of strings, comments and casts", () => {
  const sql = `select ':subject', "a:subject", x::text -- :subject
    /* :other */ from t where id = :subject and p = :subject_principal or $a$ :subject $a$ = :subject`;
  const { text, names } = bind(sql, (index) => `$${index}`, SUBJECT);
  assert.deepEqual(names, ["subject", "subject_principal", "subject"]);
  assert.match(text, /id = \$1 and p = \$2 or \$a\$ :subject \$a\$ = \$3/);
  assert.match(text, /':subject', "a:subject", x::text -- :subject/);
});

test("a query without a subject, or with another parameter, is a mistake in the configuration", () => {
  assert.throws(() => bind("select * from t", () => "?", SUBJECT), { code: "config_invalid" });
  assert.throws(() => source({ database: "x", query: "select :id" }), { code: "config_invalid" });
});

test("an optional driver that is missing is named", async () => {
  await assert.rejects(loadPeer("a-package-that-nobody-has/promise", "source crm"), {
    code: "dependency_missing",
    message: /npm install a-package-that-nobody-has/,
  });
});
