import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { it, type TestContext } from "node:test";
import type { EchoTask } from "./fixtures/echo-worker.ts";
import { WorkerPool, workerUrl } from "./worker-pool.ts";

type Echo = { value: unknown; threadId: number; workerData: unknown };

function newPool(t: TestContext, size: number): WorkerPool {
  const url = workerUrl("./fixtures/echo-worker", import.meta.url);
  const pool = new WorkerPool({ url, name: "test", size, workerData: "data" });
  t.after(() => pool.close());
  return pool;
}

function echo(value: unknown): EchoTask {
  return { kind: "echo", value };
}

/** A task that holds its worker until `open` is called. */
function gated(value: unknown): { task: EchoTask; open(): void } {
  const gate = new Int32Array(new SharedArrayBuffer(4));
  return {
    task: { kind: "wait", gate, value },
    open() {
      Atomics.store(gate, 0, 1);
      Atomics.notify(gate, 0);
    },
  };
}

it("answers, with the worker's data", async (t) => {
  const pool = newPool(t, 2);
  const answer = await pool.run<Echo>(echo({ list: [1, "two", new Uint8Array(3)] }));
  assert.deepEqual(answer.value, { list: [1, "two", new Uint8Array(3)] });
  assert.equal(answer.workerData, "data");
});

it("errors cross with their code; the worker lives on", async (t) => {
  const pool = newPool(t, 1);
  const { threadId } = await pool.run<Echo>(echo(1));
  await assert.rejects(pool.run({ kind: "fail" }), {
    code: "rate_limited",
    retryable: true,
    details: { wait: 1 },
  });
  await assert.rejects(pool.run({ kind: "unclonable" }), { code: "internal" });
  await assert.rejects(
    pool.run(() => {}),
    { name: "DataCloneError" },
  );
  assert.equal((await pool.run<Echo>(echo(1))).threadId, threadId);
});

it("a busy lane does not hold up another", async (t) => {
  const pool = newPool(t, 1);
  const order: unknown[] = [];
  const gate = gated("first");
  const note = (answer: Echo) => order.push(answer.value);
  const all = [pool.run<Echo>(gate.task, { lane: "busy" }).then(note)];
  for (let i = 0; i < 4; i++) all.push(pool.run<Echo>(echo(`busy${i}`), { lane: "busy" }).then(note));
  all.push(pool.run<Echo>(echo("other"), { lane: "other" }).then(note));
  gate.open();
  await Promise.all(all);
  assert.deepEqual(order, ["first", "busy0", "other", "busy1", "busy2", "busy3"]);
});

it("a subject stays with the worker that knows it, and moves when that one is busy", async (t) => {
  const pool = newPool(t, 2);
  const threadOf = async (affinity: string) =>
    (await pool.run<Echo>(echo(0), { lane: "bank", affinity })).threadId;
  const [a, b] = await Promise.all([threadOf("a"), threadOf("b")]);
  assert.notEqual(a, b);
  for (let i = 0; i < 5; i++) assert.deepEqual([await threadOf("b"), await threadOf("a")], [b, a]);
  const gate = gated(0);
  const held = pool.run(gate.task, { lane: "bank", affinity: "a" });
  assert.equal(await threadOf("a"), b);
  gate.open();
  await held;
  // Now both know it.
  assert.deepEqual(new Set(await Promise.all([threadOf("a"), threadOf("a")])), new Set([a, b]));
});

it("tasks wait for who knows their subject, others do not; when many wait another worker is taught", async (t) => {
  const url = workerUrl("./fixtures/echo-worker", import.meta.url);
  const lessons: string[] = [];
  const learn = (affinity: string) => {
    lessons.push(affinity);
    return echo(affinity);
  };
  const pool = new WorkerPool({ url, name: "test", size: 2, learn, patience: 1 });
  t.after(() => pool.close());
  const threadOf = async (affinity?: string) =>
    (await pool.run<Echo>(echo(0), affinity === undefined ? {} : { lane: affinity, affinity })).threadId;
  const [, b] = await Promise.all([threadOf("a"), threadOf("b")]);
  const gate = gated(0);
  const held = pool.run(gate.task, { lane: "a", affinity: "a" });
  const waiting = threadOf("a");
  assert.deepEqual([await threadOf(), await threadOf("new"), lessons], [b, b, []]);
  // The second one that waits is one too many.
  assert.deepEqual([await threadOf("a"), await waiting, lessons], [b, b, ["a"]]);
  gate.open();
  await held;
});

it("a crash fails its task as retryable, spares the queue, and is made good", async (t) => {
  const pool = newPool(t, 1);
  const { threadId } = await pool.run<Echo>(echo(1));
  const crash = pool.run({ kind: "crash" });
  const next = pool.run<Echo>(echo("after"));
  await assert.rejects(crash, { code: "memory_unavailable", retryable: true });
  const answer = await next;
  assert.equal(answer.value, "after");
  assert.notEqual(answer.threadId, threadId);
});

it("a signal ends the wait of a queued task and no other", async (t) => {
  const pool = newPool(t, 1);
  const gate = gated("held");
  const controller = new AbortController();
  const { signal } = controller;
  const held = pool.run<Echo>(gate.task, { signal });
  const queued = pool.run(echo("queued"), { signal });
  const other = pool.run<Echo>(echo("other"));
  controller.abort();
  await assert.rejects(queued, { code: "cancelled" });
  await assert.rejects(pool.run(echo("late"), { signal }), { code: "cancelled" });
  gate.open();
  assert.deepEqual([(await held).value, (await other).value], ["held", "other"]);
});

it("everywhere reaches each worker once", async (t) => {
  const pool = newPool(t, 3);
  pool.warm(3);
  const seen = new Int32Array(new SharedArrayBuffer(4));
  Atomics.store(seen, 0, 1);
  await pool.everywhere({ kind: "wait", gate: seen, value: 0 });
  await pool.everywhere({ kind: "echo", value: 0 });
  await assert.rejects(pool.everywhere({ kind: "fail" }), { code: "rate_limited" });
});

it("closing lets accepted tasks finish and takes no more", async (t) => {
  const pool = newPool(t, 1);
  const answers = [1, 2, 3].map((value) => pool.run<Echo>(echo(value)));
  const closed = pool.close();
  await assert.rejects(pool.run(echo(4)), { code: "cancelled" });
  assert.deepEqual(
    (await Promise.all(answers)).map(({ value }) => value),
    [1, 2, 3],
  );
  await closed;
});

it("tasks that wait together are served as one batch, each with its own outcome", async (t) => {
  const url = workerUrl("./fixtures/batch-worker", import.meta.url);
  const pool = new WorkerPool({ url, name: "test", size: 1, inFlight: 8 });
  t.after(() => pool.close());
  await pool.run("warm");
  const gate = new Int32Array(new SharedArrayBuffer(8));
  const held = pool.run(gate);
  while (Atomics.load(gate, 1) === 0) await new Promise((resolve) => setImmediate(resolve));
  const rest = ["x", "fail", "y"].map((message) => pool.run(message));
  Atomics.store(gate, 0, 1);
  Atomics.notify(gate, 0);
  const settled = await Promise.allSettled([held, ...rest]);
  assert.deepEqual(
    settled.map(({ status }) => status),
    ["fulfilled", "fulfilled", "rejected", "fulfilled"],
  );
  // The three came in while the worker waited at the gate.
  const last = settled.at(-1)!;
  assert.ok(last.status === "fulfilled" && (last.value as number) >= 3);
});

it("idle workers let the process end", () => {
  const script = `
    import { WorkerPool, workerUrl } from ${JSON.stringify(new URL("./worker-pool.ts", import.meta.url).href)};
    const url = workerUrl("./fixtures/echo-worker", ${JSON.stringify(import.meta.url)});
    const pool = new WorkerPool({ url, name: "test", size: 2 });
    pool.warm(2);
    console.log((await pool.run({ kind: "echo", value: "answered" })).value);
  `;
  const { stdout, status } = spawnSync(process.execPath, ["--input-type=module", "-e", script], {
    encoding: "utf8",
    timeout: 60_000,
  });
  assert.deepEqual([stdout, status], ["answered\n", 0]);
});
