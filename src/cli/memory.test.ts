import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { DatabaseSync } from "node:sqlite";
import { test } from "node:test";
import { makeCli } from "./cli.fixture.ts";

const ANNA = ["--bank", "person:anna"];

test("what is remembered is recalled by the next process, as text and as JSON", async (t) => {
  const { run } = await makeCli(t);
  const stored = await run([
    "remember",
    "Anna",
    "drinks",
    "oat",
    "milk",
    ...ANNA,
    "--tag",
    "drinks",
    "--json",
  ]);
  assert.equal(stored.code, 0);
  assert.equal(stored.json()["action"], "stored");
  assert.equal(stored.stderr, "");

  const found = await run(["recall", "what does Anna drink?", ...ANNA, "--json"]);
  assert.equal(found.code, 0);
  const { hits } = found.json<{ hits: Array<Record<string, unknown>> }>();
  assert.equal(hits[0]?.["text"], "Anna drinks oat milk");
  assert.equal(hits[0]?.["memory_id"], stored.json()["memory_id"]);
  assert.match(String(hits[0]?.["occurred_at"]), /^\d{4}-\d\d-\d\dT[\d:.]+Z$/);

  const shown = await run(["recall", "what does Anna drink?", ...ANNA, "--trace"]);
  assert.match(shown.stdout, /^score .*\n.*Anna drinks oat milk/);
  assert.match(shown.stdout, /lexical +1 /);
  assert.doesNotMatch(shown.stdout, /\x1b/, "no colours where there is no terminal");
});

test("a text comes from standard input and from a file; a conversation keeps its speakers", async (t) => {
  const { run, file } = await makeCli(t);
  assert.equal((await run(["remember", "-", ...ANNA], "The spare key hangs behind the door.")).code, 0);
  await writeFile(file("call.txt"), "Anna: I moved to Lisbon.\nMara: How do you like it?\n");
  const args = ["remember", "--file", "call.txt", "--conversation", "--session", "call-1", ...ANNA];
  assert.equal((await run(args)).code, 0);
  const { hits } = (await run(["recall", "where did Anna move?", ...ANNA, "--json"])).json<{
    hits: Array<{ speaker: string; text: string; session_id: string }>;
  }>();
  const moved = hits.find(({ text }) => text.includes("Lisbon"));
  assert.equal(moved?.speaker, "Anna");
  assert.equal(moved?.session_id, "call-1");
});

test("exit codes tell what went wrong", async (t) => {
  const { run } = await makeCli(t);
  await run(["remember", "Anna drinks oat milk", ...ANNA]);
  const codes = async (...args: string[]) => (await run(args)).code;
  assert.equal(await codes("recall", "what does Anna drink?", ...ANNA, "--principal", "user:eve"), 4);
  assert.equal(await codes("recall", "boiling point of tungsten", ...ANNA, "--tag", "none"), 3);
  assert.equal(await codes("recall", "x", ...ANNA, "--max", "none"), 2);
  assert.equal(await codes("recall", "x", ...ANNA, "--as-of", "yesterday"), 2);
  assert.equal(await codes("nonsense"), 2);
  assert.equal(await codes("remember", "--file", "missing.txt"), 3);
  assert.equal(await codes("banks", "--config", "missing.yaml"), 6);
  assert.equal(await codes("--help"), 0);
});

test("an error is one line with its code, and one JSON document for programs", async (t) => {
  const { run } = await makeCli(t);
  await run(["remember", "Anna drinks oat milk", ...ANNA]);
  const denied = ["recall", "x", ...ANNA, "--principal", "user:eve"];
  const shown = await run(denied);
  assert.match(shown.stderr, /^error: \[access\] .+ \(access_denied\)\n$/);
  assert.equal(shown.stdout, "");
  const machine = await run([...denied, "--json"]);
  assert.equal(machine.json<{ error: { code: string } }>().error.code, "access_denied");
  assert.equal(machine.stderr, "");
});

test("what a memory holds cannot drive the terminal", async (t) => {
  const { run } = await makeCli(t);
  await run(["remember", "-", ...ANNA], "Anna likes \x1b[2J\x1b[31mred\x1b]0;owned\x07 apples \u202egnp.exe");
  const { stdout } = await run(["recall", "which apples does Anna like?", ...ANNA]);
  assert.match(stdout, /apples/);
  assert.doesNotMatch(stdout, /[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]/);
});

test("forget asks first, and does nothing where nobody can answer", async (t) => {
  const { run } = await makeCli(t);
  await run(["remember", "Anna drinks oat milk", ...ANNA]);
  const dry = await run(["forget", "--all", ...ANNA, "--dry-run", "--json"]);
  assert.equal(dry.json()["deleted_count"], 1);
  const unasked = await run(["forget", "--all", ...ANNA]);
  assert.equal(unasked.code, 5);
  assert.match(unasked.stderr, /--yes/);
  const recall = async () => (await run(["recall", "what does Anna drink?", ...ANNA])).code;
  assert.equal(await recall(), 0, "still there");

  const soft = await run(["forget", "--all", ...ANNA, "--yes", "--json"]);
  const { memory_ids } = soft.json<{ memory_ids: string[] }>();
  assert.equal(await recall(), 3);
  assert.equal((await run(["restore", ...memory_ids, ...ANNA])).code, 0);
  assert.equal(await recall(), 0);

  assert.equal((await run(["forget", ...memory_ids, ...ANNA, "--hard", "--yes"])).code, 0);
  assert.equal((await run(["restore", ...memory_ids, ...ANNA, "--json"])).json()["restored_count"], 0);
  assert.equal((await run(["forget", ...ANNA, "--yes"])).code, 2, "without a selector nothing is meant");
});

test("a hold stands in the way of forget until it is released", async (t) => {
  const { run } = await makeCli(t);
  await run(["remember", "Anna drinks oat milk", ...ANNA]);
  assert.equal((await run(["holds", "set", "case-17", "--reason", "court order", ...ANNA])).code, 0);
  const held = await run(["forget", "--all", ...ANNA, "--yes"]);
  assert.equal(held.code, 5);
  assert.match(held.stderr, /legal_hold/);
  assert.equal((await run(["holds", "release", "other", ...ANNA])).code, 3);
  assert.equal((await run(["holds", "release", "case-17", ...ANNA])).code, 0);
  assert.equal((await run(["forget", "--all", ...ANNA, "--yes"])).code, 0);
});

test("a grant lets another principal in, and revoke puts it out", async (t) => {
  const { run } = await makeCli(t);
  await run(["remember", "Anna drinks oat milk", ...ANNA]);
  const eve = async () =>
    (await run(["recall", "what does Anna drink?", ...ANNA, "--principal", "user:eve"])).code;
  assert.equal(await eve(), 4);
  const granted = await run(["grants", "grant", "user:eve", "read", ...ANNA, "--json"]);
  assert.deepEqual(granted.json()["grants"], [{ principal: "user:eve", permissions: ["read"] }]);
  assert.equal(await eve(), 0);
  assert.equal((await run(["grants", "revoke", "user:eve", ...ANNA])).code, 0);
  assert.equal(await eve(), 4);
  assert.equal((await run(["grants", "grant", "user:eve", "everything", ...ANNA])).code, 2);
});

test("an exported bank comes back in another file, byte for byte", async (t) => {
  const { run, file } = await makeCli(t);
  await run(["remember", "Anna drinks oat milk", ...ANNA, "--occurred-at", "2026-01-15T12:00:00Z"]);
  await run(["remember", "Anna moved to Lisbon", ...ANNA]);
  const exported = await run(["export", "anna.jsonl", ...ANNA, "--json"]);
  assert.equal(exported.json()["memories"], 2);
  const other = ["--db", "other.db"];
  const imported = await run(["import", "anna.jsonl", ...ANNA, ...other, "--json"]);
  assert.equal(imported.json()["imported"], 2);
  const again = await run(["export", "-", ...ANNA, ...other]);
  const [, ...before] = (await readFile(file("anna.jsonl"), "utf8")).split("\n");
  const [, ...after] = again.stdout.split("\n");
  assert.deepEqual(after, before);
  assert.equal((await run(["import", "anna.jsonl", ...ANNA, ...other, "--json"])).json()["skipped"], 2);
  await writeFile(file("broken.jsonl"), "not an export\n");
  assert.equal((await run(["import", "broken.jsonl", ...ANNA, ...other])).code, 2);
});

test("audit verify finds an entry that was changed behind our back", async (t) => {
  const { run, file } = await makeCli(t);
  const db = ["--db", "memory.db"];
  await run(["remember", "Anna drinks oat milk", ...ANNA, ...db]);
  const { entries } = (await run(["audit", ...ANNA, ...db, "--json"])).json<{
    entries: Array<{ operation: string; seq: number }>;
  }>();
  assert.deepEqual(
    entries.map(({ operation }) => operation),
    ["banks", "retain"],
  );
  assert.equal((await run(["audit", "verify", ...db, "--json"])).json()["ok"], true);
  const database = new DatabaseSync(file("memory.db"));
  // Whoever can write to the file can also take the guard off it.
  for (const { name } of database.prepare("SELECT name FROM sqlite_master WHERE type = 'trigger'").all()) {
    database.exec(`DROP TRIGGER "${name}"`);
  }
  database.exec("UPDATE audit SET principal = 'user:eve' WHERE seq = 2");
  database.close();
  const verdict = await run(["audit", "verify", ...db, "--json"]);
  assert.equal(verdict.code, 1);
  assert.equal(verdict.json()["broken_at"], 2);
});

test("history answers as of then", async (t) => {
  const { run } = await makeCli(t);
  await run(["remember", "I live in Berlin", ...ANNA, "--occurred-at", "2026-01-15"]);
  await run(["remember", "I moved to Lisbon", ...ANNA, "--occurred-at", "2026-03-15"]);
  const { hits } = (
    await run(["history", "where do I live?", "--as-of", "2026-02-01", ...ANNA, "--json"])
  ).json<{
    hits: Array<{ text: string }>;
  }>();
  assert.deepEqual(
    hits.map(({ text }) => text),
    ["I live in Berlin"],
  );
});

test("reindex and maintain report what they did", async (t) => {
  const { run } = await makeCli(t);
  await run(["remember", "Anna drinks oat milk", ...ANNA]);
  const reindexed = await run(["reindex", "person:anna"]);
  assert.equal(reindexed.code, 0);
  assert.match(reindexed.stdout, /Reindexed 1 memory of person:anna/);
  assert.match(reindexed.stderr, /reindex person:anna: 100 %/);
  assert.equal((await run(["reindex", "nobody"])).code, 4);
  assert.equal((await run(["maintain", "--json"])).json()["banks"], 1);
});

test("a brain key is shown once, with its hash for the configuration", async (t) => {
  const { run } = await makeCli(t);
  const { key, config } = (await run(["brain", "key", "notes", "--bank", "app:{user}", "--json"])).json<{
    key: string;
    config: { key_sha256: string; principal: string; allow_user_scope: boolean };
  }>();
  const { sha256 } = await import("../core/secrets.ts");
  assert.equal(config.key_sha256, sha256(key));
  assert.equal(config.principal, "service:notes");
  const { brainConfigSchema } = await import("../brain/config.ts");
  assert.equal(brainConfigSchema.parse({ keys: [config] }).keys.length, 1);
});

test("doctor finds nothing wrong with a default install, and names what is", async (t) => {
  const { run, file } = await makeCli(t);
  const fine = await run(["doctor", "--json"]);
  assert.equal(fine.code, 0);
  const { checks } = fine.json<{ checks: Array<{ name: string; state: string }> }>();
  assert.deepEqual(
    checks.map(({ name }) => name),
    ["node", "embedder", "disk", "store", "audit"],
  );
  assert.ok(checks.every(({ state }) => state === "ok"));
  await writeFile(file("astrocyte.yaml"), "acces_control: {}\n");
  const broken = await run(["doctor"]);
  assert.equal(broken.code, 1);
  assert.match(broken.stdout, /fail +configuration .*acces_control.*access_control/s);
});
