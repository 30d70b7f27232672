import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { it } from "node:test";
import { CHAIN_START, chainHash } from "../../core/hash-chain.ts";
import { BANK } from "./faults/rows.ts";
import { open } from "./index.ts";

const KILLS = 100;
const AT_A_TIME = 2;
const CHILD = new URL("./faults/crash-child.ts", import.meta.url).pathname;

/** Starts a writer and kills it after a number of acknowledgements that differs from run to run. */
function writeAndKill(path: string, run: number): Promise<string[]> {
  const child = spawn(process.execPath, [CHILD, path, `run${run}`], { stdio: ["ignore", "pipe", "inherit"] });
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (data: string) => {
    output += data;
    if (output.split("\n").length > 1 + ((run * 7) % 30)) child.kill("SIGKILL");
  });
  return new Promise((resolve) =>
    // A line cut off by the kill was not acknowledged.
    child.on("close", () => resolve(output.split("\n").slice(0, -1).join(" ").split(" ").filter(Boolean))),
  );
}

it(`${KILLS} kills in mid-write lose nothing that was acknowledged`, { timeout: 300_000 }, async () => {
  const folder = await mkdtemp(join(tmpdir(), "astrocyte-crash-"));
  const path = join(folder, "store.db");
  const first = await open(path);
  await first.banks.ensure(BANK);
  await first.close();

  const acknowledged: string[] = [];
  for (let run = 0; run < KILLS; run += AT_A_TIME) {
    const runs = Array.from({ length: AT_A_TIME }, (_, i) => writeAndKill(path, run + i));
    acknowledged.push(...(await Promise.all(runs)).flat());
  }

  const store = await open(path);
  assert.ok(acknowledged.length > KILLS);
  const rows = await store.memories.get(BANK.id, acknowledged);
  assert.deepEqual(
    rows.map(({ id }) => id),
    acknowledged,
  );
  const all = await store.memories.select(BANK.id, { all: true });
  assert.equal(all.length % 3, 0, "a batch of three is stored whole or not at all");
  const audit = await store.audit.read(0, all.length);
  assert.equal(audit.length, all.length / 3);
  let previous = CHAIN_START;
  for (const { seq: _seq, previousHash, hash, ...entry } of audit) {
    assert.equal(previousHash, previous);
    assert.equal(hash, chainHash(previous, entry));
    previous = hash;
  }
  await store.close();
  const db = new DatabaseSync(path);
  assert.deepEqual({ ...db.prepare("PRAGMA integrity_check").get() }, { integrity_check: "ok" });
  db.close();
  await rm(folder, { recursive: true });
});
