import assert from "node:assert/strict";
import { test } from "node:test";
import { AstrocyteError, MultimodalNotSupported } from "../core/errors.ts";
import { createScriptedLLM } from "../testing/scripted-llm.ts";
import { openTestMemory, storedRows, testFolder } from "./memory.fixture.ts";

const bankId = "anna";
const is = (code: Parameters<typeof AstrocyteError.is>[1]) => (error: unknown) =>
  AstrocyteError.is(error, code);
const texts = (rows: Array<Record<string, unknown>>) => rows.map(({ text }) => text);

test("the first retain makes the bank, and the next recall knows", async (t) => {
  const { brain, clock } = await openTestMemory(t);
  const result = await brain.retain("The boiler was serviced in May", {
    bankId,
    tags: ["home"],
    source: "chat",
  });
  assert.equal(result.action, "stored");
  const [bank] = await brain.banks();
  assert.deepEqual(
    { ...bank, embeddingModel: undefined },
    { bankId, owner: "user:local", memories: 1, createdAt: clock.now(), embeddingModel: undefined },
  );
  const { hits } = await brain.recall("when was the boiler serviced", { bankId });
  assert.equal(hits[0]?.memoryId, result.memoryId);
  assert.deepEqual([hits[0]?.tags, hits[0]?.source, hits[0]?.occurredAt], [["home"], "chat", clock.now()]);
});

test("the same fact is merged and not embedded again; tags, speakers and people keep facts apart", async (t) => {
  const { brain, embedder } = await openTestMemory(t);
  const first = await brain.retain("I like the sea", { bankId });
  const calls = embedder.calls.length;
  const again = await brain.retain("I really like the sea!", { bankId });
  assert.deepEqual([again.action, again.deduplicated, again.memoryId], ["merged", true, first.memoryId]);
  assert.equal(embedder.calls.length, calls);
  for (const options of [
    { tags: ["user:bob"] },
    { speaker: "Bob" },
    {
      context: { principal: "user:local", onBehalfOf: { type: "user", id: "local" } } as const,
      speaker: "Carla",
    },
  ]) {
    assert.equal((await brain.retain("I like the sea", { bankId, ...options })).action, "stored");
  }
  const [row] = await storedRows(brain, bankId);
  assert.equal(row?.["seen_count"], 2);
});

test("equal contents in one batch are stored once", async (t) => {
  const { brain } = await openTestMemory(t);
  const items = ["The sea is cold", "The sea is cold!", "The sea is warm"].map((content) => ({
    content,
    bankId,
  }));
  const results = await brain.retainMany(items);
  assert.deepEqual(
    results.map(({ action }) => action),
    ["stored", "merged", "stored"],
  );
  assert.equal(results[1]?.memoryId, results[0]?.memoryId);
});

test("turns are neighbours in their session, also over several calls and when they say the same", async (t) => {
  const { brain } = await openTestMemory(t);
  const options = { bankId, sessionId: "call-1" };
  await brain.retain(
    [
      { speaker: "user", text: "ok" },
      { speaker: "agent", text: "Anything else?" },
      { speaker: "user", text: "ok" },
    ],
    options,
  );
  await brain.retain([{ speaker: "user", text: "Goodbye" }], options);
  await brain.retain([{ speaker: "user", text: "ok" }], { bankId, sessionId: "call-2" });
  const rows = await storedRows(brain, bankId);
  assert.deepEqual(
    rows.map(({ session_id, position, text }) => [session_id, position, text]),
    [
      ["call-1", 0, "ok"],
      ["call-1", 1, "Anything else?"],
      ["call-1", 2, "ok"],
      ["call-1", 3, "Goodbye"],
      ["call-2", 0, "ok"],
    ],
  );
});

test("a conversation that is delivered twice is stored once", async (t) => {
  const { brain, clock } = await openTestMemory(t);
  const content = "[10:02] Anna: ok\n[10:03] Bob: fine\n[10:04] Anna: ok";
  const first = await brain.retain(content, { bankId, contentType: "transcript" });
  await clock.advance(60_000);
  const second = await brain.retain(content, { bankId, contentType: "transcript" });
  assert.equal(second.action, "merged");
  assert.deepEqual(
    second.chunks.map(({ memoryId }) => memoryId),
    first.chunks.map(({ memoryId }) => memoryId),
  );
});

test("a transcript without a date ended now", async (t) => {
  const { brain, clock } = await openTestMemory(t);
  await brain.retain("[10:02] Anna: first\n[10:04] Bob: last", { bankId, contentType: "transcript" });
  const rows = await storedRows(brain, bankId);
  const at = rows.map(({ occurred_at }) => Date.parse(String(occurred_at)) - clock.now());
  assert.deepEqual(at, [-120_000, 0]);
});

test("a document's chunks are neighbours and know their headings", async (t) => {
  const { brain } = await openTestMemory(t);
  const result = await brain.retain("# Terms\n\nOne.\n\n# Contact\n\nTwo.", {
    bankId,
    contentType: "document",
  });
  assert.equal(result.chunks.length, 2);
  const rows = await storedRows(brain, bankId);
  assert.deepEqual(
    rows.map(({ position, metadata }) => [position, metadata]),
    [
      [0, { heading: "Terms" }],
      [1, { heading: "Contact" }],
    ],
  );
  assert.match(String(rows[0]?.["session_id"]), /^doc_/);
});

test("one refused chunk refuses the whole, and nothing is stored or embedded", async (t) => {
  const { brain, embedder } = await openTestMemory(t, {
    policy: { barriers: { pii: { type_overrides: { card: { action: "reject" } } } } },
  });
  const result = await brain.retain(
    [
      { speaker: "user", text: "Hello there" },
      { speaker: "user", text: "My card is 4111 1111 1111 1111" },
    ],
    { bankId, idempotencyKey: "k" },
  );
  assert.deepEqual([result.stored, result.action, result.chunks], [false, "refused", []]);
  assert.match(result.reason ?? "", /card/);
  assert.equal(embedder.calls.length, 0);
  assert.deepEqual(await brain.banks(), []);
});

test("what is redacted is nowhere, neither in the text nor in speaker, metadata or heading", async (t) => {
  const { brain } = await openTestMemory(t);
  const secret = "anna@secret.example";
  const options = { bankId, metadata: { note: `write to ${secret}` } };
  await brain.retain([{ speaker: secret, text: `my mail is ${secret}` }], options);
  const result = await brain.retain(`# ${secret}\n\nText.`, { bankId, contentType: "document" });
  assert.deepEqual(result.redactions, [{ kind: "email", count: 1 }]);
  assert.ok(!JSON.stringify(await storedRows(brain, bankId)).includes(secret));
});

test("an idempotency key returns the first result, also to calls at the same time", async (t) => {
  const { brain, embedder } = await openTestMemory(t);
  const options = { bankId, idempotencyKey: "webhook-1", contentType: "conversation" as const };
  const results = await Promise.all([
    brain.retain("Anna: hi", options),
    brain.retain("Anna: hi", options),
    brain.retain("Anna: something else", options),
  ]);
  const calls = embedder.calls.length;
  assert.equal(calls, 1);
  assert.deepEqual(results[1], results[0]);
  assert.deepEqual(results[2], results[0]);
  assert.equal((await storedRows(brain, bankId)).length, 1);
});

test("concurrent calls on one session get positions of their own", async (t) => {
  const { brain } = await openTestMemory(t);
  const speak = (i: number) =>
    brain.retain([{ speaker: "user", text: `turn number ${i}` }], { bankId, sessionId: "s" });
  await Promise.all(Array.from({ length: 40 }, (_, i) => speak(i)));
  const positions = (await storedRows(brain, bankId)).map(({ position }) => position);
  assert.deepEqual(
    positions.sort((a, b) => Number(a) - Number(b)),
    Array.from({ length: 40 }, (_, i) => i),
  );
});

test("many are stored in order, in batches, with progress; a refused one stops nobody", async (t) => {
  const { brain, embedder } = await openTestMemory(t, {
    policy: { barriers: { pii: { type_overrides: { card: { action: "reject" } } } } },
  });
  const items = Array.from({ length: 600 }, (_, i) => ({
    content: i === 7 ? "card 4111 1111 1111 1111" : `fact number ${i}`,
    bankId,
    sessionId: "import",
  }));
  const progress: unknown[] = [];
  const results = await brain.retainMany(items, { onProgress: (step) => progress.push(step) });
  assert.deepEqual([results.length, results[7]?.action], [600, "refused"]);
  assert.deepEqual(
    progress,
    [256, 512, 600].map((done) => ({ done, total: 600 })),
  );
  assert.equal(embedder.calls.length, 3);
  const rows = await storedRows(brain, bankId);
  assert.deepEqual(
    texts(rows),
    items.filter((_, i) => i !== 7).map(({ content }) => content),
  );
  assert.deepEqual(
    rows.map(({ position }) => position),
    rows.map((_, i) => i),
  );
});

test("an error stops many and says how many are stored", async (t) => {
  const { brain } = await openTestMemory(t);
  async function* items() {
    for (let i = 0; i < 300; i++) yield { content: `fact ${i}`, bankId };
    yield { content: " ", bankId };
  }
  await assert.rejects(brain.retainMany(items()), (error: AstrocyteError) => {
    assert.deepEqual([error.code, error.details["done"]], ["invalid_input", 256]);
    return true;
  });
  const abort = new AbortController();
  const many = Array.from({ length: 900 }, (_, i) => ({ content: `other ${i}`, bankId }));
  const stopped = brain.retainMany(many, { signal: abort.signal, onProgress: () => abort.abort() });
  await assert.rejects(stopped, is("cancelled"));
});

test("parts other than text are stored only in the way that the caller chose", async (t) => {
  const llm = createScriptedLLM({ replies: ["A red bicycle by a wall."], modalities: ["image"] });
  const { brain } = await openTestMemory(t, { llm });
  const parts = [
    { type: "text" as const, text: "My new bike" },
    { type: "image_base64" as const, mimeType: "image/png", base64Data: "AAAA" },
  ];
  await assert.rejects(brain.retain(parts, { bankId }), MultimodalNotSupported);
  await assert.rejects(
    brain.retain(parts, { bankId, multimodal: "multimodal_embed" }),
    MultimodalNotSupported,
  );
  assert.equal(llm.calls.length, 0);
  await brain.retain(parts, { bankId, multimodal: "caption_then_embed" });
  await brain.retain(parts, { bankId, multimodal: "text_only" });
  assert.deepEqual(texts(await storedRows(brain, bankId)), [
    "My new bike\n\n[image] A red bicycle by a wall.",
    "My new bike",
  ]);
});

test("without a model a caption is refused", async (t) => {
  const { brain } = await openTestMemory(t);
  const parts = [{ type: "image_url" as const, url: "https://x.example/a.png" }];
  await assert.rejects(
    brain.retain(parts, { bankId, multimodal: "caption_then_embed" }),
    MultimodalNotSupported,
  );
});

test("another embedding model is refused, naming both and the way out", async (t) => {
  const path = `${await testFolder(t)}/memory.db`;
  const { brain } = await openTestMemory(t, { path });
  await brain.retain("The sea is cold", { bankId });
  const other = await openTestMemory(t, {
    path,
    embedder: createScriptedLLM({ embeddingModel: "other:v2" }),
  });
  await assert.rejects(other.brain.retain("The sea is warm", { bankId }), (error: AstrocyteError) => {
    assert.equal(error.code, "embedding_model_changed");
    assert.match(error.message, /scripted:words@256.*other:v2.*astrocyte reindex anna/);
    return true;
  });
});

test("an embedder that fails leaves nothing behind", async (t) => {
  const { brain, embedder } = await openTestMemory(t);
  await brain.retain("one", { bankId });
  embedder.failEmbeds(new AstrocyteError("llm_unavailable", "[test] down."));
  await assert.rejects(brain.retain("two", { bankId, idempotencyKey: "k" }), is("llm_unavailable"));
  assert.equal((await storedRows(brain, bankId)).length, 1);
  assert.equal((await brain.retain("two", { bankId, idempotencyKey: "k" })).stored, true);
});

test("inputs of the wrong kind are named", async (t) => {
  const { brain } = await openTestMemory(t);
  const wrong: Array<[object, RegExp]> = [
    [{ occurredAt: "yesterday" }, /occurredAt is not a time/],
    [{ sessionId: "" }, /sessionId/],
    [{ source: 5 }, /source/],
    [{ idempotencyKey: "x".repeat(600) }, /idempotencyKey/],
    [{ tags: Array.from({ length: 100 }, (_, i) => `t${i}`) }, /tags/],
  ];
  for (const [options, message] of wrong) {
    await assert.rejects(brain.retain("text", { bankId, ...options }), (error: AstrocyteError) => {
      assert.equal(error.code, "invalid_input");
      assert.match(error.message, message);
      return true;
    });
  }
  await assert.rejects(brain.retain([{ speaker: "a" }] as never, { bankId }), is("invalid_input"));
  await assert.rejects(brain.retain({} as never, { bankId }), is("invalid_input"));
});
