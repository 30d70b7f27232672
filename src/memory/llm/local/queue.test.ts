import assert from "node:assert/strict";
import { test } from "node:test";
import { AstrocyteError } from "../../../core/errors.ts";
import { EmbedQueue } from "./queue.ts";

/** Workers whose chunks wait until the test lets them go. A vector is the text's length. */
function setup(count: number) {
  const chunks: Array<{
    worker: number;
    texts: string[];
    finish(): Promise<void>;
    fail(error: Error): void;
  }> = [];
  const workers = Array.from(
    { length: count },
    (_, worker) => (texts: string[]) =>
      new Promise<Float32Array>((resolve, reject) => {
        const finish = async () => {
          resolve(Float32Array.from(texts, (text) => text.length));
          await settle();
        };
        chunks.push({ worker, texts, finish, fail: reject });
      }),
  );
  return { queue: new EmbedQueue(workers), chunks };
}

const settle = () => new Promise((resolve) => setImmediate(resolve));
const text = (size: number) => "x".repeat(size);

test("calls of one moment share a chunk, and what comes meanwhile shares the next", async () => {
  const { queue, chunks } = setup(1);
  const first = [queue.embed(["a"]), queue.embed(["bb"])];
  await settle();
  assert.deepEqual(
    chunks.map(({ texts }) => texts),
    [["a", "bb"]],
  );
  const second = [queue.embed(["ccc"]), queue.embed(["dddd", "eeeee"])];
  await chunks[0]!.finish();
  assert.deepEqual((await Promise.all(first)).flat().map(Number), [1, 2]);
  for (const chunk of chunks.slice(1)) await chunk.finish();
  assert.deepEqual(
    (await Promise.all(second)).map((vectors) => vectors.map(Number)),
    [[3], [4, 5]],
  );
});

test("a query overtakes a large call, which still comes back in order", async () => {
  const { queue, chunks } = setup(1);
  const sizes = [300, 10, 200, 400, 50, 100];
  const large = queue.embed(sizes.map(text));
  await settle();
  const query = queue.embed(["q"]);
  await settle();
  assert.deepEqual(chunks[1]?.texts, ["q"]);
  for (let i = 0; i < chunks.length; i++) await chunks[i]!.finish();
  assert.deepEqual((await query).map(Number), [1]);
  assert.deepEqual((await large).map(Number), sizes);
  for (const { texts } of chunks) assert.ok(texts.length === 1 || texts.join("").length <= 512);
});

test("large calls take turns", async () => {
  const { queue, chunks } = setup(1);
  const calls = ["a", "b"].map((letter) => queue.embed(Array.from({ length: 6 }, () => letter.repeat(400))));
  await settle();
  for (let i = 0; i < chunks.length; i++) await chunks[i]!.finish();
  await Promise.all(calls);
  assert.deepEqual(chunks.map(({ texts }) => texts[0]![0]).join(""), "abababababab");
});

test("the other workers start when the first has succeeded, and the least busy one is chosen", async () => {
  const { queue, chunks } = setup(2);
  const large = queue.embed(Array.from({ length: 5 }, () => text(500)));
  await settle();
  assert.deepEqual(
    chunks.map(({ worker }) => worker),
    [0],
  );
  await chunks[0]!.finish();
  assert.deepEqual(
    chunks.map(({ worker }) => worker),
    [0, 0, 1],
  );
  for (let i = 1; i < chunks.length; i++) await chunks[i]!.finish();
  assert.equal((await large).length, 5);
});

test("a failed chunk fails its calls alone", async () => {
  const { queue, chunks } = setup(1);
  const bad = assert.rejects(queue.embed(["bad"]), /broken/);
  await settle();
  const good = queue.embed(["good"]);
  chunks[0]!.fail(new Error("broken"));
  await bad;
  await settle();
  await chunks[1]!.finish();
  assert.deepEqual((await good).map(Number), [4]);
});

test("a cancelled call leaves the queue", async () => {
  const { queue, chunks } = setup(1);
  const controller = new AbortController();
  const isCancelled = (error: unknown) => AstrocyteError.is(error, "cancelled");
  const call = assert.rejects(
    queue.embed(
      Array.from({ length: 5 }, () => text(500)),
      controller.signal,
    ),
    isCancelled,
  );
  await settle();
  controller.abort();
  await call;
  await chunks[0]!.finish();
  assert.equal(chunks.length, 1);
  await assert.rejects(queue.embed(["x"], controller.signal), isCancelled);
  assert.deepEqual(await queue.embed([]), []);
});
