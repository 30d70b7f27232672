import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { DatabaseSync } from "node:sqlite";
import { it, type TestContext } from "node:test";
import { auditEntry, BANK, batchOf, NOW, rowOf } from "./faults/rows.ts";
import { open, type SqliteOptions } from "./index.ts";

async function newFile(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "astrocyte-faults-"));
  t.after(() => rm(folder, { recursive: true }));
  return join(folder, "store.db");
}

async function openBank(path: string, options?: SqliteOptions) {
  const store = await open(path, options);
  await store.banks.ensure(BANK);
  return store;
}

it("two processes on one file each see the other's writes in their next search", async (t) => {
  const path = await newFile(t);
  const store = await openBank(path);
  const script = new URL("./faults/peer-child.ts", import.meta.url).pathname;
  const child = spawn(process.execPath, [script, path], { stdio: ["pipe", "pipe", "inherit"] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const tell = async (command: string) => {
    child.stdin.write(`${command}\n`);
    return (await lines.next()).value as string;
  };
  assert.equal((await lines.next()).value, "ready");
  const find = async () => (await store.search.lexical(BANK.id, "lighthouse", { now: NOW }, 100)).ids.sort();
  const expected: string[] = [];
  for (let i = 0; i < 20; i++) {
    const [mine, theirs] = [`mine${i}`, `theirs${i}`];
    await Promise.all([
      store.memories.write(batchOf([rowOf(mine, `lighthouse ${i}`)])),
      tell(`write ${theirs} lighthouse ${i}`),
    ]);
    expected.push(mine, theirs);
    expected.sort();
    assert.deepEqual(await find(), expected);
    assert.equal(await tell("find lighthouse"), expected.join(" "));
  }
  await store.memories.softDelete(BANK.id, ["mine0"], NOW, auditEntry("forget"));
  await store.memories.purge(BANK.id, ["theirs0"], auditEntry("forget"));
  const left = expected.filter((id) => id !== "mine0" && id !== "theirs0");
  assert.equal(await tell("find lighthouse"), left.join(" "));
  child.stdin.end();
  await new Promise((resolve) => child.on("close", resolve));
  await store.close();
});

it("a full disk is store_full, leaves nothing half written, and passes when there is room", async (t) => {
  const path = await newFile(t);
  const small = await openBank(path, { maxPages: 300 });
  const stored: string[] = [];
  let refused = 0;
  for (let i = 0; refused < 3; i++) {
    const ids = [`a${i}`, `b${i}`];
    try {
      await small.memories.write(batchOf(ids.map((id) => rowOf(id, "filler ".repeat(500)))));
      stored.push(...ids);
    } catch (error) {
      assert.equal((error as { code: string }).code, "store_full");
      refused++;
    }
  }
  const burst = await Promise.allSettled(
    Array.from({ length: 5 }, (_, i) =>
      small.memories.write(batchOf([rowOf(`c${i}`, "filler ".repeat(9000))])),
    ),
  );
  for (const { status } of burst) assert.equal(status, "rejected");
  assert.ok(stored.length > 4);
  assert.deepEqual(await small.memories.select(BANK.id, { all: true }), stored);
  assert.equal((await small.audit.read(0, 1000)).length, stored.length / 2);
  assert.equal((await small.search.recent(BANK.id, { now: NOW }, 1)).matched, stored.length);
  // Room again, on the same connection: deleted pages are reused.
  await small.memories.purge(BANK.id, stored.splice(0, 2), auditEntry("forget"));
  await small.memories.write(batchOf([rowOf("small", "lighthouse")]));
  assert.deepEqual((await small.search.lexical(BANK.id, "lighthouse", { now: NOW }, 5)).ids, ["small"]);
  await small.close();
  const roomy = await open(path);
  await roomy.memories.write(batchOf([rowOf("large", "filler ".repeat(5000))]));
  await roomy.close();
  const db = new DatabaseSync(path);
  assert.deepEqual({ ...db.prepare("PRAGMA integrity_check").get() }, { integrity_check: "ok" });
  db.close();
});

it("a file of a newer release is refused", async (t) => {
  const path = await newFile(t);
  await (await openBank(path)).close();
  const db = new DatabaseSync(path);
  db.exec("PRAGMA user_version = 9999");
  db.close();
  await assert.rejects(open(path), { code: "store_newer", details: { found: 9999, known: 3 } });
});

it("what is no database is refused", async (t) => {
  const path = await newFile(t);
  await writeFile(path, "no database ".repeat(500));
  await assert.rejects(open(path), { code: "store_failed" });
  await assert.rejects(open(join(path, "in", "a", "file")), { code: "store_failed" });
});

it("the audit can be neither changed nor shortened nor replaced, even by SQL", async (t) => {
  const path = await newFile(t);
  const store = await openBank(path);
  await store.audit.append([auditEntry("one"), auditEntry("two")]);
  await store.close();
  const db = new DatabaseSync(path);
  const attempts = [
    "UPDATE audit SET operation = 'x'",
    "DELETE FROM audit WHERE seq = 1",
    "REPLACE INTO audit SELECT seq, at, 'x', operation, bank_id, outcome, facts, previous_hash, hash FROM audit",
    "INSERT INTO audit SELECT 0, at, 'x', operation, bank_id, outcome, facts, previous_hash, hash FROM audit LIMIT 1",
  ];
  for (const attempt of attempts) assert.throws(() => db.exec(attempt), /append-only/);
  db.close();
});

/** Which of the words lie in the file or its log, in any part of it. */
async function traces(path: string, words: string[]): Promise<string[]> {
  const files = await Promise.all([path, `${path}-wal`].map((name) => readFile(name).catch(() => "")));
  const bytes = files.map((file) => file.toString("latin1")).join("\n");
  return words.filter((word) => bytes.includes(Buffer.from(word).toString("latin1")));
}

it("no byte of a purged text stays in the file or its log, also while others read", async (t) => {
  const path = await newFile(t);
  const store = await openBank(path);
  const words = ["xylophonist", "Žižkovská", "ZanzibarSpeaker", "quetzalcoatl-metadata"];
  const row = rowOf("a", "A xylophonist at Žižkovská street", {
    speaker: "ZanzibarSpeaker",
    metadata: { note: "quetzalcoatl-metadata" },
  });
  await store.memories.write(batchOf([row, rowOf("b", "harmless")]));
  assert.deepEqual((await store.search.lexical(BANK.id, "xylophonist", { now: NOW }, 5)).ids, ["a"]);
  assert.deepEqual(await traces(path, words), words);
  const [count] = await Promise.all([
    store.memories.purge(BANK.id, ["a"], auditEntry("forget")),
    ...Array.from({ length: 50 }, () => store.search.recent(BANK.id, { now: NOW }, 5)),
  ]);
  assert.equal(count, 1);
  assert.deepEqual(await traces(path, words), []);
  assert.deepEqual(await traces(path, ["harmless"]), ["harmless"]);
  await store.close();
});

it("no purged text survives page splits and merges in the unused space of a page", async (t) => {
  const path = await newFile(t);
  const store = await open(path);
  const banks = ["bank", "left", "right"];
  for (const id of banks) await store.banks.ensure({ ...BANK, id });
  const word = (i: number) => `zq${((i * 2654435761) % 2 ** 32).toString(36)}x${i}qz`;
  const live = new Map<number, string>();
  for (let i = 0; i < 1500; i++) {
    const bankId = banks[(i * i) % 3]!;
    live.set(i, bankId);
    const text = `${word(i)} `.repeat(1 + ((i * 31) % 97));
    const row = rowOf(`m${i}`, text, { bankId, speaker: word(i), metadata: { word: word(i) } });
    void store.memories.write({ ...batchOf([row]), bankId });
  }
  const gone: number[] = [];
  for (let round = 0; round < 12; round++) {
    const bankId = banks[round % 3]!;
    const chosen = [...live].filter(([i, bank]) => bank === bankId && (i * 7 + round * 13) % 5 === 0);
    for (const [i] of chosen) live.delete(i);
    gone.push(...chosen.map(([i]) => i));
    await store.memories.purge(
      bankId,
      chosen.map(([i]) => `m${i}`),
      auditEntry("forget"),
    );
  }
  await store.banks.drop("right", auditEntry("drop"));
  gone.push(...[...live].filter(([, bank]) => bank === "right").map(([i]) => i));
  assert.ok(gone.length > 700);
  assert.deepEqual(await traces(path, gone.map(word)), []);
  await store.close();
});

it("a reader of another process that holds the log makes a purge say so, and the next one finish it", async (t) => {
  const path = await newFile(t);
  const store = await openBank(path, { busyTimeoutMs: 50 });
  await store.memories.write(batchOf([rowOf("a", "A xylophonist")]));
  const other = new DatabaseSync(path, { readOnly: true });
  other.exec("BEGIN");
  other.prepare("SELECT count(*) FROM memories").get();
  await assert.rejects(store.memories.purge(BANK.id, ["a"], auditEntry("forget")), { code: "store_busy" });
  assert.deepEqual(await store.memories.get(BANK.id, ["a"]), []);
  other.exec("COMMIT");
  other.close();
  assert.equal(await store.memories.purge(BANK.id, ["a"], auditEntry("forget")), 0);
  assert.deepEqual(await traces(path, ["xylophonist"]), []);
  await store.close();
});

it("a temporary store needs no file", async () => {
  const store = await openBank(":memory:");
  await store.memories.write(batchOf([rowOf("a", "lighthouse")]));
  assert.deepEqual((await store.search.lexical(BANK.id, "lighthouse", { now: NOW }, 5)).ids, ["a"]);
  await store.close();
});
