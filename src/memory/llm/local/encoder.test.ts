import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { loadEncoder } from "./encoder.ts";
import reference from "./reference.fixture.json" with { type: "json" };

const folder = await mkdtemp(join(tmpdir(), "astrocyte-"));
after(() => rm(folder, { recursive: true }));
const encode = await loadEncoder(folder);
const row = (vectors: Float32Array, index: number) => vectors.subarray(index * 512, (index + 1) * 512);

function cosine(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let [product, squareA, squareB] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    product += a[i]! * b[i]!;
    squareA += a[i]! ** 2;
    squareB += b[i]! ** 2;
  }
  return product / Math.sqrt(squareA * squareB);
}

/** The float vectors of the package's own runtime, kept as 16-bit floats. */
const expected = reference.map(({ vector }) => {
  const bytes = Uint8Array.from(Buffer.from(vector, "base64"));
  return new Float16Array(bytes.buffer);
});

test("8 bits stay within 0.998 of the reference's vectors", async () => {
  const vectors = await encode(reference.map(({ text }) => text));
  for (const [index, vector] of expected.entries()) {
    const similarity = cosine(row(vectors, index), vector);
    assert.ok(similarity >= 0.998, `${similarity} for: ${reference[index]!.text}`);
  }
});

test("a text has the same unit vector alone and in any batch", async () => {
  const together = await encode(reference.map(({ text }) => text));
  for (const [index, { text }] of reference.entries()) {
    const alone = await encode([text]);
    assert.ok(cosine(alone, row(together, index)) > 0.999999);
    assert.ok(Math.abs(Math.hypot(...alone) - 1) < 1e-5);
  }
});

test("meaning decides, not words", async () => {
  const vectors = await encode(["How old is he?", "What is his age?", "The invoice was paid on Monday."]);
  assert.ok(cosine(row(vectors, 0), row(vectors, 1)) > cosine(row(vectors, 0), row(vectors, 2)) + 0.3);
});

test("a text of several windows is the average, and an empty text has a vector", async () => {
  const long = "Anna likes green tea with honey in the morning. ".repeat(40);
  const vectors = await encode([long, "Anna likes green tea with honey.", "The server crashed again.", ""]);
  assert.ok(cosine(row(vectors, 0), row(vectors, 1)) > cosine(row(vectors, 0), row(vectors, 2)) + 0.3);
  for (let i = 0; i < 4; i++) assert.ok(Math.abs(Math.hypot(...row(vectors, i)) - 1) < 1e-5);
});

test("the converted model is kept, and a damaged one is made again", async () => {
  const [name] = await readdir(folder);
  const original = await readFile(join(folder, name!));
  await writeFile(join(folder, name!), original.subarray(0, 1000));
  const again = await loadEncoder(folder);
  assert.ok(cosine(await again(["hello"]), await encode(["hello"])) > 0.999999);
  assert.ok(original.equals(await readFile(join(folder, name!))));
});

test("without a cache folder the model is made in memory", async () => {
  const vectors = await (await loadEncoder("/dev/null/none"))(["hello"]);
  assert.ok(cosine(vectors, await encode(["hello"])) > 0.999999);
});
