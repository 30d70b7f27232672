import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { AstrocyteError } from "../core/errors.ts";
import type { FakeClock } from "../testing/fake-clock.ts";
import { found, NOW, never, nothing, row, scripted } from "./recall.fixture.ts";
import { recall, recallBanks, warmUp } from "./recall.ts";
import type { SearchFilter } from "./store.ts";
import type { RecallOptions, RecallResult } from "./types.ts";

const ids = ({ hits }: RecallResult) => hits.map(({ memoryId }) => memoryId);
/** What can be done at once is done before time goes on. */
async function pass(clock: FakeClock, ms: number): Promise<void> {
  await clock.advance(0);
  await clock.advance(ms);
}
const texts = ["a", "b", "c", "d"].map((id) => row(id));

describe("recall", () => {
  it("fuses what words and vectors find, and traces how", async () => {
    const { engine } = scripted({
      rows: texts,
      search: { lexical: async () => found("a", "b"), dense: async () => found("a", "c") },
    });
    const result = await recall(engine, "where is the key", { bankId: "bank", maxResults: 2 });
    assert.equal(ids(result)[0], "a");
    assert.equal(result.hits.length, 2);
    assert.deepEqual([result.totalAvailable, result.truncated, result.degraded], [3, true, false]);
    const { strategiesUsed, strategyCandidateCounts, totalCandidates, late, failed, cut } = result.trace;
    assert.deepEqual(strategiesUsed, ["lexical", "dense"]);
    assert.deepEqual(strategyCandidateCounts, { lexical: 2, dense: 2 });
    assert.deepEqual([totalCandidates, late, failed, cut], [3, [], {}, 0]);
    for (const { score } of result.hits) assert.ok(score >= 0 && score <= 1);
  });

  it("ranks what has arrived at the deadline and names the rest", async () => {
    const { engine, clock } = scripted({
      rows: texts,
      search: { lexical: async () => found("a", "b"), dense: never },
    });
    const pending = recall(engine, "where is the key", { bankId: "bank", deadlineMs: 150 });
    await pass(clock, 150);
    const result = await pending;
    assert.deepEqual(ids(result), ["a", "b"]);
    assert.deepEqual([result.degraded, result.trace.late], [true, ["dense"]]);
    assert.equal(clock.pending, 0);
  });

  it("answers at the deadline although the store hangs, without claiming that nothing is known", async () => {
    const { engine, clock } = scripted({ search: { lexical: never, dense: never } });
    const pending = recall(engine, "where is the key", { bankId: "bank", deadlineMs: 150 });
    await pass(clock, 150);
    const result = await pending;
    assert.deepEqual([result.hits, result.nothingFits, result.degraded], [[], false, true]);
    assert.deepEqual(result.trace.late, ["lexical", "dense"]);
  });

  it("keeps the deadline when the texts do not come", async () => {
    const { engine, clock } = scripted({ search: { lexical: async () => found("a") }, get: never });
    const pending = recall(engine, "where is the key", { bankId: "bank", deadlineMs: 150 });
    await pass(clock, 150);
    assert.deepEqual((await pending).trace.late, ["rows"]);
  });

  it("takes the deadline from the settings when the call gives none", async () => {
    const { engine, clock } = scripted({
      rows: texts,
      search: { lexical: async () => found("a"), dense: never },
      settings: { recallDeadlineMs: 100 },
    });
    const pending = recall(engine, "where is the key", { bankId: "bank" });
    await pass(clock, 100);
    assert.deepEqual((await pending).trace.late, ["dense"]);
  });

  it("does without a strategy that fails", async () => {
    const { engine, embedder } = scripted({ rows: texts, search: { lexical: async () => found("a") } });
    embedder.failEmbeds(new AstrocyteError("llm_unavailable", "[llm] down."));
    const result = await recall(engine, "where is the key", { bankId: "bank" });
    assert.deepEqual(ids(result), ["a"]);
    assert.deepEqual([result.degraded, result.trace.failed], [true, { dense: "llm_unavailable" }]);
  });

  it("does not compare vectors of two models", async () => {
    const { engine } = scripted({ rows: texts, search: { lexical: async () => found("a") } });
    engine.store.banks.get = async (id) => ({ id, owner: "user:test", createdAt: 0, embeddingModel: "old" });
    const { trace } = await recall(engine, "where is the key", { bankId: "bank" });
    assert.deepEqual(trace.failed, { dense: "embedding_model_changed" });
  });

  it("raises in mode required where it would degrade", async () => {
    const slow = scripted({ rows: texts, search: { lexical: async () => found("a"), dense: never } });
    const options = { bankId: "bank", mode: "required", deadlineMs: 50 } as const;
    const pending = assert.rejects(recall(slow.engine, "key", options), { code: "deadline_exceeded" });
    await pass(slow.clock, 50);
    await pending;
    const broken = scripted({ rows: texts, search: { lexical: async () => found("a") } });
    broken.embedder.failEmbeds(new AstrocyteError("llm_unavailable", "[llm] down."));
    await assert.rejects(recall(broken.engine, "key", options), { code: "memory_unavailable" });
  });

  it("stops when the caller gives up", async () => {
    const { engine } = scripted({ search: { lexical: never } });
    const caller = new AbortController();
    const pending = recall(engine, "key", { bankId: "bank", signal: caller.signal });
    caller.abort();
    await assert.rejects(pending, { code: "cancelled" });
  });

  it("hands the filters to the store", async () => {
    const seen: SearchFilter[] = [];
    const lexical = async (_bank: string, _text: string, filter: SearchFilter) => {
      seen.push(filter);
      return nothing;
    };
    const { engine } = scripted({ search: { lexical } });
    const timeRange = { from: "2025-01-01", to: new Date("2025-02-01") };
    await recall(engine, "key", { bankId: "bank", tags: ["x"], timeRange, sessionId: "s", asOf: 5 });
    const [from, to] = [Date.parse("2025-01-01"), Date.parse("2025-02-01")];
    assert.deepEqual(seen, [{ now: NOW, tags: ["x"], from, to, sessionId: "s", asOf: 5 }]);
  });

  it("brings in memories of a time that the question names, whatever their words", async () => {
    const rows = [
      row("words", { text: "We talked about the garden", occurredAt: NOW - 200 * 86_400_000 }),
      row("then", { text: "The roof leaks", occurredAt: Date.parse("2026-01-14T09:00:00Z") }),
    ];
    const { engine } = scripted({
      rows,
      search: { dense: async () => found("words"), recent: async () => found("then") },
    });
    const result = await recall(engine, "What did I say yesterday?", { bankId: "bank" });
    assert.ok(ids(result).includes("then"));
    assert.deepEqual(result.trace.timeRange, {
      from: Date.parse("2026-01-14"),
      to: Date.parse("2026-01-15"),
    });
    assert.deepEqual(result.trace.strategyCandidateCounts, { lexical: 0, dense: 1, time: 1 });
  });

  it("puts a replaced memory below its successor, which need not have been found", async () => {
    const rows = [
      row("old", { text: "Lives in Graz", supersededBy: "new", supersededAt: NOW - 10 }),
      row("new", { text: "Lives in Linz" }),
      row("b"),
    ];
    const { engine } = scripted({ rows, search: { lexical: async () => found("old", "b") } });
    const options = { bankId: "bank" };
    assert.deepEqual(ids(await recall(engine, "residence", options)), ["new", "old", "b"]);
    const before = await recall(engine, "residence", { ...options, asOf: NOW - 20 });
    assert.deepEqual(ids(before), ["old", "b"]);
    assert.equal(before.hits[0]?.supersededBy, undefined);
  });

  it("leaves out what was deleted or expired between search and reading", async () => {
    const rows = [row("a", { deletedAt: NOW - 1 }), row("b", { expiresAt: NOW }), row("c")];
    const { engine } = scripted({ rows, search: { lexical: async () => found("a", "b", "c", "purged") } });
    assert.deepEqual(ids(await recall(engine, "key", { bankId: "bank" })), ["c"]);
  });

  it("says that nothing fits in a bank that holds nothing", async () => {
    const result = await recall(scripted({}).engine, "key", { bankId: "bank" });
    assert.deepEqual([result.hits, result.nothingFits, result.degraded], [[], true, false]);
  });

  it("shortens texts to titles, and keeps to the token budget", async () => {
    const rows = [
      row("a", { text: "The key is under the mat. It is rusty. Nobody uses it." }),
      row("b", { text: "A long story about a key ".repeat(40) }),
      row("c", { text: "No key." }),
    ];
    const { engine } = scripted({ rows, search: { lexical: async () => found("a", "b", "c") } });
    const titles = await recall(engine, "key", { bankId: "bank", detailLevel: "titles" });
    assert.equal(titles.hits[0]?.text, "The key is under the mat.");
    assert.ok(titles.hits.every(({ text }) => text.length <= 120));
    const short = await recall(engine, "key", { bankId: "bank", maxTokens: 40 });
    assert.deepEqual([ids(short), short.trace.cut, short.truncated], [["a", "c"], 1, true]);
  });

  it("refuses a call without a bank or with an impossible number of results", async () => {
    const { engine } = scripted({});
    assert.throws(() => recallBanks({}), { code: "invalid_input" });
    assert.deepEqual(recallBanks({ bankId: "a", banks: ["b", "a"] }), ["a", "b"]);
    await assert.rejects(recall(engine, "key", { bankId: "a", maxResults: 0 }), { code: "invalid_input" });
  });
});

describe("recall over several banks", () => {
  const rows = ["a1", "a2", "b1", "b2"].map((id) => row(id, { bankId: id[0]! }));
  const asked: string[] = [];
  const search = (fitting: Record<string, string[]>) => ({
    lexical: async (bankId: string) => {
      asked.push(bankId);
      return found(...(fitting[bankId] ?? []));
    },
  });

  it("parallel: one ranking over all", async () => {
    const { engine } = scripted({ rows, search: search({ a: ["a1", "a2"], b: ["b1", "b2"] }) });
    const result = await recall(engine, "key", { banks: ["a", "b"] });
    assert.deepEqual(ids(result), ["a1", "b1", "a2", "b2"]);
    assert.deepEqual(
      result.hits.map(({ bankId }) => bankId),
      ["a", "b", "a", "b"],
    );
  });

  it("cascade: goes on until there are enough", async () => {
    const { engine } = scripted({ rows, search: search({ a: ["a1", "a2"], b: ["b1"] }) });
    const options: RecallOptions = { banks: ["a", "b"], strategy: "cascade" };
    asked.length = 0;
    assert.deepEqual(ids(await recall(engine, "key", { ...options, maxResults: 2 })), ["a1", "a2"]);
    assert.deepEqual(asked, ["a"]);
    assert.deepEqual(ids(await recall(engine, "key", { ...options, maxResults: 3 })), ["a1", "b1", "a2"]);
  });

  it("first_match: the first bank that knows anything, alone", async () => {
    const { engine } = scripted({ rows, search: search({ b: ["b1", "b2"] }) });
    asked.length = 0;
    const options: RecallOptions = { banks: ["a", "b", "c"], strategy: "first_match" };
    assert.deepEqual(ids(await recall(engine, "key", options)), ["b1", "b2"]);
    assert.deepEqual(asked, ["a", "b"]);
  });
});

describe("recall with external context", () => {
  const rows = [row("m", { text: "The invoice was sent in May" }), row("n", { text: "Tea with sugar" })];
  const lexical = async () => ({ ids: ["m"], scores: [2], contexts: [2], matched: 1 });
  const dense = async () => ({ ids: ["m", "n"], scores: [0.6, 0.1], contexts: [0.6, 0.1], matched: 2 });

  it("ranks external hits by the same measure and says where they came from", async () => {
    const { engine } = scripted({ rows, search: { lexical, dense } });
    const result = await recall(engine, "who paid the invoice 4711", {
      bankId: "bank",
      externalContext: [
        { text: "Invoice 4711 was paid by Anna", source: "crm", score: 0.01 },
        { text: "The canteen is closed", source: "crm", score: 0.99 },
      ],
    });
    assert.equal(result.hits[0]?.text, "Invoice 4711 was paid by Anna");
    assert.deepEqual([result.hits[0]?.origin, result.hits[0]?.source], ["external", "crm"]);
    const order = result.hits.map(({ text }) => text);
    assert.ok(order.indexOf("The canteen is closed") > order.indexOf("The invoice was sent in May"));
  });

  it("drops an external hit that memory holds already, and counts both under one budget", async () => {
    const { engine } = scripted({ rows, search: { lexical, dense } });
    const externalContext = [{ text: "the invoice was sent in May." }, { text: "Invoice 12 is open" }];
    const all = await recall(engine, "invoice", { bankId: "bank", externalContext });
    assert.equal(all.hits.filter(({ text }) => /sent in may/i.test(text)).length, 1);
    assert.ok(all.hits.some(({ memoryId }) => memoryId === "m"));
    const few = await recall(engine, "invoice", { bankId: "bank", externalContext, maxTokens: 8 });
    assert.ok(few.trace.cut > 0);
  });

  it("ranks by words alone when no vectors come in time", async () => {
    const { engine, clock, embedder } = scripted({ rows, search: { lexical } });
    embedder.delayEmbeds(1_000);
    const pending = recall(engine, "who paid the invoice", {
      bankId: "bank",
      deadlineMs: 100,
      externalContext: [{ text: "Anna paid the invoice" }],
    });
    await pass(clock, 100);
    const result = await pending;
    assert.equal(result.hits[0]?.origin, "external");
    assert.deepEqual(result.trace.late, ["dense", "external"]);
  });
});

describe("recall beside the data", () => {
  it("answers at the deadline, and lets go of the task", async () => {
    const { engine, clock } = scripted({});
    let given: AbortSignal | undefined;
    engine.store.beside = async <T>(_module: URL, _task: unknown, bankId: string, signal?: AbortSignal) => {
      if (bankId === "") return undefined as T;
      given = signal;
      return never();
    };
    const pending = recall(engine, "where is the key", { bankId: "bank", deadlineMs: 150 });
    await pass(clock, 150);
    const result = await pending;
    assert.deepEqual([result.hits, result.nothingFits, result.trace.late], [[], false, ["search"]]);
    assert.equal(given?.aborted, true);
  });

  it("goes by words alone when no vector comes in time", async () => {
    const { engine, clock, embedder } = scripted({
      rows: texts,
      search: { lexical: async () => found("a", "b"), dense: async () => found("c") },
    });
    embedder.delayEmbeds(1_000);
    engine.store.beside = async (module, task) => {
      const { default: run } = await import(module.href);
      return run(engine.store, task);
    };
    await warmUp(engine);
    const pending = recall(engine, "where is the key", { bankId: "bank", deadlineMs: 150 });
    await pass(clock, 90);
    const result = await pending;
    assert.deepEqual([ids(result), result.degraded, result.trace.late], [["a", "b"], true, ["dense"]]);
  });
});

describe("warming up", () => {
  it("loads the embedder and runs the ranking where the store's data is, and finds nothing", async () => {
    const { engine } = scripted({});
    const warmed: string[] = [];
    engine.embedder.warm = async () => void warmed.push("embedder");
    engine.store.beside = async (module, task) => {
      warmed.push("store");
      const { default: run } = await import(module.href);
      return run(engine.store, task);
    };
    await warmUp(engine);
    assert.deepEqual(warmed.sort(), ["embedder", "store"]);
    assert.deepEqual(ids(await recall(engine, "key", { bankId: "bank" })), []);
  });
});
