import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { hit, NOW } from "../recall.fixture.ts";
import type { Candidates } from "../store.ts";
import { title, withinBudget } from "./budget.ts";
import { readCitations } from "./citations.ts";
import { readCues } from "./cues.ts";
import { dropDuplicates } from "./dedupe.ts";
import { anythingFits } from "./fits.ts";
import { fuse } from "./fuse.ts";
import { quoteBest } from "./quote.ts";
import { refine } from "./refine.ts";
import { newerFirst, orderSuperseded } from "./supersede.ts";

const list = (scores: Record<string, number>, contexts = scores, matched = 0): Candidates => ({
  ids: Object.keys(scores),
  scores: Object.values(scores),
  contexts: Object.values(contexts),
  matched: Math.max(matched, Object.keys(scores).length),
});
const ids = (hits: Array<{ memoryId: string }>) => hits.map(({ memoryId }) => memoryId);

describe("fuse", () => {
  const order = (...args: Parameters<typeof fuse>) => fuse(...args).map(({ id }) => id);

  it("stretches each arm to 0–1 and adds them up", () => {
    const lexical = list({ a: 10, b: 5 });
    const dense = list({ a: 0.8, b: 0.8, c: 0.2 });
    const fused = fuse([{ bankId: "x", lexical, dense }]);
    assert.deepEqual(
      fused.map(({ id }) => id),
      ["a", "b", "c"],
    );
    assert.equal(fused[0]?.score, 1);
    assert.equal(fused[2]?.score, 0);
  });

  it("lets the stretch around a memory speak for it", () => {
    const lexical = list({ echo: 4, reply: 0.1 }, { echo: 2, reply: 6 });
    assert.deepEqual(order([{ bankId: "x", lexical }]), ["reply", "echo"]);
  });

  it("gives a candidate that an arm lacks its floor: 0 words, or the lowest seen when the list was cut", () => {
    const whole = fuse([{ bankId: "x", lexical: list({ a: 10, b: 8 }), dense: list({ a: 0.5, c: 0.5 }) }]);
    const cut = fuse([
      { bankId: "x", lexical: list({ a: 10, b: 8 }, { a: 10, b: 8 }, 50), dense: list({ a: 0.5, c: 0.5 }) },
    ]);
    const score = (fused: typeof whole, id: string) => fused.find((one) => one.id === id)!.score;
    assert.ok(score(whole, "b") > score(cut, "b"));
  });

  it("does not take a difference of chance for evidence", () => {
    const [first, second] = fuse([{ bankId: "x", dense: list({ a: 0.31, b: 0.3 }) }]);
    assert.ok(first!.score - second!.score < 0.1);
  });

  it("compares banks by one scale and keeps equal ids apart", () => {
    const found = [
      { bankId: "x", lexical: list({ a: 10 }) },
      { bankId: "y", lexical: list({ a: 5, b: 1 }) },
    ];
    assert.deepEqual(
      fuse(found).map(({ bankId, id }) => `${bankId}${id}`),
      ["xa", "ya", "yb"],
    );
  });

  it("knows memories that only a time brought in", () => {
    assert.deepEqual(fuse([{ bankId: "x", extra: ["t"] }]), [{ bankId: "x", id: "t", score: 0 }]);
  });
});

describe("refine", () => {
  const order = (question: string, ...hits: Parameters<typeof refine>[0]) =>
    ids(refine(hits, readCues(question, NOW)));

  it("prefers the speaker whom the question names", () => {
    const [mel, caro] = [
      hit("mel", { speaker: "Melanie" }),
      hit("caro", { speaker: "Caroline", score: 0.45 }),
    ];
    assert.deepEqual(order("What did Caroline research?", mel, caro), ["caro", "mel"]);
    assert.deepEqual(order("What did Caroline and Melanie research?", mel, caro), ["mel", "caro"]);
    assert.deepEqual(order("What was researched?", mel, caro), ["mel", "caro"]);
  });

  it("takes I for the user and you for the assistant", () => {
    const [user, bot] = [hit("user", { speaker: "user" }), hit("bot", { speaker: "assistant" })];
    assert.equal(order("What is my shoe size?", bot, user)[0], "user");
    assert.equal(order("What did you recommend?", user, bot)[0], "bot");
  });

  it("prefers what was said at the time in question, softly", () => {
    const may = hit("may", { occurredAt: Date.parse("2025-05-10"), score: 0.4 });
    const june = hit("june", { occurredAt: Date.parse("2025-11-10") });
    const sure = hit("sure", { occurredAt: Date.parse("2025-11-10"), score: 1 });
    assert.deepEqual(order("What did we plan in May 2025?", sure, june, may), ["sure", "may", "june"]);
  });

  it("prefers the newest when the question asks for the present", () => {
    const old = hit("old", { occurredAt: NOW - 1_000_000 });
    assert.equal(order("What is the current plan?", old, hit("new", { score: 0.48 }))[0], "new");
    assert.equal(order("What is the plan?", old, hit("new", { score: 0.48 }))[0], "old");
  });

  it("prefers who tells to who asks", () => {
    const asks = hit("asks", { text: "And what did you name the dog?" });
    assert.equal(order("the dog's name", asks, hit("tells", { text: "Rex.", score: 0.4 }))[0], "tells");
  });

  it("keeps scores between 0 and 1", () => {
    const hits = [hit("a", { score: 1, speaker: "Ann" }), hit("b", { score: 0, text: "Why?" })];
    for (const { score } of refine(hits, readCues("What does Ann do now?", NOW))) {
      assert.ok(score >= 0 && score <= 1);
    }
  });
});

describe("orderSuperseded", () => {
  it("puts a chain of replacements in order, at the place of its best", () => {
    const hits = [
      hit("oldest", { score: 0.9, supersededBy: "older" }),
      hit("x", { score: 0.8 }),
      hit("older", { score: 0.5, supersededBy: "new" }),
      hit("new", { score: 0.4 }),
    ];
    const ordered = orderSuperseded(hits);
    assert.deepEqual(ids(ordered), ["new", "older", "oldest", "x"]);
    assert.equal(ordered[0]?.score, 0.9);
    for (let i = 1; i < 3; i++) assert.ok(ordered[i]!.score <= ordered[i - 1]!.score);
  });

  it("leaves alone what has no successor here, and circles", () => {
    const hits = [hit("a", { supersededBy: "gone" }), hit("b"), hit("c", { supersededBy: "c" })];
    assert.deepEqual(ids(orderSuperseded(hits)), ["a", "b", "c"]);
  });
});

describe("newerFirst", () => {
  const old = hit("old", { text: "Anna lives in Berlin", occurredAt: NOW - 1_000 });

  it("puts the newer of two values first", () => {
    const hits = [
      old,
      hit("x", { text: "Anna has a cat called Tom" }),
      hit("new", { text: "Anna lives in Munich" }),
    ];
    assert.deepEqual(ids(newerFirst(hits)), ["new", "x", "old"]);
  });

  it("keeps apart different facts, speakers, and what was replaced", () => {
    for (const other of [
      hit("b", { text: "Anna works in Graz and likes it" }),
      hit("b", { text: "Anna lives in Munich", speaker: "Tom" }),
      hit("b", { text: "Anna lives in Munich", supersededBy: "c" }),
      hit("b", { text: "Anna lives in Berlin" }),
    ]) {
      assert.deepEqual(ids(newerFirst([old, other])), ["old", "b"]);
    }
  });
});

describe("dropDuplicates", () => {
  it("keeps the better of two with the same words, a memory rather than an external hit", () => {
    const hits = [
      hit("e", { text: "Anna lives in Graz!", origin: "external", score: 0.9 }),
      hit("m", { text: "anna lives in graz", speaker: "Anna", score: 0.7 }),
      hit("m2", { text: "Anna lives in Graz.", bankId: "other", speaker: "Anna", score: 0.6 }),
      hit("t", { text: "Anna lives in Graz", speaker: "Tom" }),
    ];
    const kept = dropDuplicates(hits, 10);
    assert.deepEqual(ids(kept), ["m", "t"]);
    assert.equal(kept[0]?.score, 0.9);
  });

  it("stops at the limit", () => {
    assert.deepEqual(ids(dropDuplicates([hit("a"), hit("b"), hit("c")], 2)), ["a", "b"]);
  });
});

describe("withinBudget and title", () => {
  it("keeps whole hits, best first, and counts the others", () => {
    const hits = [
      hit("a", { text: "one two three" }),
      hit("b", { text: "word ".repeat(50) }),
      hit("c", { text: "x" }),
    ];
    const { hits: kept, cut } = withinBudget(hits, 6);
    assert.deepEqual([ids(kept), cut], [["a", "c"], 1]);
    assert.deepEqual(withinBudget(hits, undefined).cut, 0);
    assert.deepEqual(withinBudget(hits, 0).hits, []);
  });

  it("takes the first sentence, at most 120 characters", () => {
    assert.equal(title("Dr. Lee called. She wants tea."), "Dr. Lee called.");
    const long = title("word ".repeat(60));
    assert.ok(long.length <= 120 && long.endsWith("word…"));
    assert.equal(title("x".repeat(300)).length, 120);
    assert.equal(title(""), "");
  });
});

describe("anythingFits", () => {
  const model = "local:use-lite-q8@1";
  const fits = (question: string, text: string, cosine: number, matched = 16, name = model) =>
    anythingFits(
      question,
      [hit("a", { text })],
      [{ bankId: "x", dense: list({ a: cosine }, { a: 0 }, matched) }],
      name,
    );

  it("is silent when nothing is near and no word is met", () => {
    assert.ok(!fits("capital of Mongolia", "The cat sleeps", 0.2));
    assert.ok(fits("capital of Mongolia", "The cat sleeps", 0.3));
    assert.ok(fits("where does the cat sleep", "The cat sleeps", 0.2));
  });

  it("asks for more in a large bank, where something is always near, and for little of an unknown model", () => {
    assert.ok(!fits("capital of Mongolia", "The cat sleeps", 0.3, 5_000));
    assert.ok(fits("capital of Mongolia", "The cat sleeps", 0.12, 5_000, "openai:x"));
  });

  it("does not judge a question without a subject, by time, or without vectors", () => {
    assert.ok(fits("what is it?", "The cat sleeps", 0));
    assert.ok(anythingFits("Mongolia", [hit("a")], [{ bankId: "x", lexical: list({ a: 1 }) }], model));
    const byTime = [{ bankId: "x", dense: list({ a: 0 }), extra: ["a"] }];
    assert.ok(anythingFits("Mongolia", [hit("a")], byTime, model));
    assert.ok(!anythingFits("Mongolia", [], [], model));
  });
});

describe("readCitations", () => {
  it("reads lists, ranges and other brackets", () => {
    assert.deepEqual(readCitations("A [1, 3]. B [2-3]. C 【4†source】.", 4).cited, [1, 3, 2, 4]);
    assert.equal(readCitations("C 【4†source】.", 4).text, "C [4].");
  });

  it("counts a citation behind the full stop for the sentence before it", () => {
    assert.equal(readCitations("He left. [1] She stayed. [2]", 2).confidence, 1);
    assert.equal(readCitations("He left [1]. She stayed.", 2).confidence, 0.5);
    assert.deepEqual(readCitations("", 2), { text: "", cited: [], confidence: 0 });
  });
});

it("quoteBest takes the sentence that tells, one a memory", () => {
  const hits = [
    hit("a", { text: "Hello there. The key lies under the mat. Where is yours?", score: 0.9 }),
    hit("b", { text: "It is raining.", score: 0.1 }),
  ];
  assert.deepEqual(
    quoteBest("where is the key", hits, 3).map(({ text }) => text),
    ["The key lies under the mat."],
  );
  assert.deepEqual(quoteBest("key", [], 3), []);
});
