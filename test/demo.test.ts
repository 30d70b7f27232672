import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";

const MAIN = join(import.meta.dirname, "../examples/demo/main.ts");

test("the demo tells its story to the end, at Tavus and in our own room", async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [MAIN]);
  const told = stdout.match(/^(?:yes|NO) .+$/gm) ?? [];
  assert.ok(told.length > 10);
  assert.deepEqual(
    told.filter((line) => line.startsWith("NO")),
    [],
  );
  assert.match(stdout, /Overridden by a record/);
});
