import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { systemClock } from "../../core/clock.ts";
import { AccessDenied, AstrocyteError } from "../../core/errors.ts";
import type { MemoryHit, RecallOptions, RecallResult, ReflectResult } from "../../memory/types.ts";
import { FakeClock } from "../../testing/fake-clock.ts";
import type { BriefingRequest } from "../parts.ts";
import { parsePersonas } from "../personas.ts";
import { type BriefingDeps, type BriefingMemory, createBriefer } from "./compose.ts";
import { llmJudge } from "./judge.ts";
import { functionSource, parseSource } from "./sources/index.ts";

const subject = { principal: "user:anna", id: "anna" };
const attribute = {
  type: "choice",
  names: ["plan"],
  phrases: ["be on {value}"],
  values: { free: [], pro: [] },
} as const;
const planField = { plan: { label: "Plan", attribute: structuredClone(attribute) as never } };

function hit(memoryId: string, text: string, score = 0.5): MemoryHit {
  return {
    memoryId,
    bankId: "person:anna",
    text,
    score,
    factType: "fact",
    contentType: "text",
    metadata: {},
    tags: [],
    occurredAt: 1_700_000_000_000,
    retainedAt: 1_700_000_000_000,
    origin: "memory",
    flags: [],
  };
}

function result(hits: MemoryHit[], degraded = false): RecallResult {
  const trace = {
    strategiesUsed: [],
    totalCandidates: 0,
    fusionMethod: "rrf",
    latencyMs: 0,
    strategyTimingsMs: {},
    strategyCandidateCounts: {},
    late: [],
    failed: {},
    cut: 0,
    cacheHit: false,
  };
  return { hits, totalAvailable: hits.length, truncated: false, nothingFits: false, degraded, trace };
}

const never = () => new Promise<never>(() => {});

function memoryOf(part: Partial<BriefingMemory>): BriefingMemory {
  return {
    recall: async () => result([]),
    reflect: async (): Promise<ReflectResult> => ({
      answer: "",
      method: "unknown",
      confidence: 0,
      citations: [],
      sources: [],
    }),
    ...part,
  };
}

function setup(persona: Record<string, unknown>, deps: Partial<BriefingDeps> & { memory: BriefingMemory }) {
  const clock = new FakeClock();
  const made = parsePersonas({ mia: { name: "Mia", prompt: "You are Mia.", ...persona } }).get("mia")!;
  const request: BriefingRequest = {
    persona: made,
    subject,
    context: { principal: "user:anna" },
    banks: ["person:anna", "shared"],
    capabilities: { briefing: { kind: "inline" }, speaksMarkup: false } as BriefingRequest["capabilities"],
  };
  const brief = createBriefer({ sources: new Map(), clock, ...deps });
  return { brief: () => brief(request), clock };
}

test("sources, recalls and the reflection run side by side and meet in one briefing", async () => {
  const server = createServer((_request, response) => response.end('{"plan": "pro"}'));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/{subject}`;
  const allow_hosts = [{ host: "127.0.0.1", allow_private: true }];
  const crm = parseSource(
    "crm",
    { kind: "http", url, allow_http: true, allow_hosts, fields: planField },
    { clock: systemClock },
  );
  const asked: Array<[string, RecallOptions["banks"], number | undefined]> = [];
  const memory = memoryOf({
    recall: async (query, { banks, maxResults }) => {
      asked.push([query, banks, maxResults]);
      return result([hit("m1", "I'm on the free plan"), hit(query, `About ${query}`)]);
    },
    reflect: async () => ({
      answer: "Anna is patient.",
      method: "llm",
      confidence: 1,
      citations: ["m2"],
      sources: [hit("m2", "x")],
    }),
  });
  const recall = ["tea", { query: "work", max_results: 3 }];
  const { brief } = setup(
    { sources: ["crm"], recall, reflect: "Who?" },
    { sources: new Map([["crm", crm]]), memory },
  );
  const { text, lines, overridden, failed } = await brief();
  assert.match(text, /Plan: pro[\s\S]*Anna is patient\.[\s\S]*About tea/);
  assert.deepEqual(
    lines.map(({ block }) => block),
    ["facts", "reflection", "memory", "memory"],
  );
  assert.deepEqual(
    overridden.map(({ memoryId }) => memoryId),
    ["m1"],
  );
  assert.deepEqual(failed, []);
  assert.deepEqual(asked, [
    ["tea", ["person:anna", "shared"], 8],
    ["work", ["person:anna", "shared"], 3],
  ]);
  await crm.close();
  server.close();
});

test("what fails or is late is named and the rest goes on", async () => {
  const clock = new FakeClock();
  const source = (name: string, read: () => Promise<unknown>) =>
    functionSource({ name, fields: planField, read, timeoutMs: 500 }, clock);
  const sources = new Map([
    ["good", source("good", async () => ({ plan: "pro" }))],
    ["slow", source("slow", never)],
    ["bad", source("bad", () => Promise.reject(new Error("x")))],
  ]);
  const memory = memoryOf({
    recall: async (query) => (query === "a" ? never() : result([hit("m1", "I like tea")], true)),
    reflect: () => Promise.reject(new AstrocyteError("llm_unavailable", "[llm] down. Wait.")),
  });
  const { brief } = setup(
    { sources: ["good", "slow", "bad"], recall: ["a", "b"], reflect: "?" },
    { sources, memory, clock },
  );
  const running = brief();
  await clock.advance(0);
  await clock.advance(2000);
  const { failed, text } = await running;
  assert.match(text, /Plan: pro[\s\S]*I like tea/);
  assert.deepEqual(failed, [
    { name: "slow", code: "deadline_exceeded" },
    { name: "bad", code: "source_failed" },
    { name: "recall:1", code: "deadline_exceeded" },
    { name: "recall:2", code: "degraded" },
    { name: "reflect", code: "llm_unavailable" },
  ]);
  assert.equal(clock.pending, 0);
});

test("what is required and failed ends the briefing, by name", async () => {
  const clock = new FakeClock();
  const read = () => Promise.reject(new Error("x"));
  const crm = functionSource({ name: "crm", fields: planField, read, required: true }, clock);
  const withSource = setup(
    { sources: ["crm"] },
    { sources: new Map([["crm", crm]]), memory: memoryOf({}), clock },
  );
  await assert.rejects(withSource.brief(), { code: "source_failed", message: /crm is required/ });
  const memory = memoryOf({
    recall: () => Promise.reject(new AstrocyteError("store_busy", "[store] busy. Wait.")),
  });
  const withRecall = setup({ recall: [{ query: "x", required: true }] }, { memory });
  await assert.rejects(withRecall.brief(), {
    code: "memory_unavailable",
    message: /recall:1 is required/,
    retryable: true,
  });
});

test("a denial is never a gap, and a bank that does not exist yet is none", async () => {
  const denied = memoryOf({ recall: () => Promise.reject(new AccessDenied("[access] no. Ask.")) });
  await assert.rejects(setup({}, { memory: denied }).brief(), { code: "access_denied" });
  const empty = memoryOf({
    recall: () => Promise.reject(new AstrocyteError("not_found", "[banks] none. Retain.")),
  });
  assert.deepEqual((await setup({}, { memory: empty }).brief()).failed, []);
});

test("the judge is asked about doubtful memories only; when it fails the rules stand", async () => {
  const clock = new FakeClock();
  const crm = functionSource({ name: "crm", fields: planField, read: async () => ({ plan: "pro" }) }, clock);
  const hits = [
    hit("m1", "Free plan customer since 2020"),
    hit("m2", "Likes tea"),
    hit("m3", "I'm on the free plan"),
  ];
  const memory = memoryOf({ recall: async () => result(hits) });
  const base = { sources: new Map([["crm", crm]]), memory, clock };
  const asked: string[] = [];
  const judge = async ({ memory: text }: { memory: string }) => {
    asked.push(text);
    return "contradicts" as const;
  };
  const judged = await setup({ sources: ["crm"] }, { ...base, judge }).brief();
  assert.deepEqual(asked, ["Free plan customer since 2020"]);
  assert.deepEqual(
    judged.overridden.map(({ memoryId }) => memoryId),
    ["m1", "m3"],
  );
  const running = setup({ sources: ["crm"] }, { ...base, judge: never }).brief();
  await clock.advance(0);
  await clock.advance(1500);
  const late = await running;
  assert.deepEqual(late.failed, [{ name: "judge", code: "deadline_exceeded" }]);
  assert.deepEqual(
    late.overridden.map(({ memoryId }) => memoryId),
    ["m3"],
  );
});

test("a model as judge answers in one word, and anything else means unrelated", async () => {
  const answers = ["Contradicts.", "agrees", "I will obey the note"];
  const llm = { complete: async () => ({ text: answers.shift()! }) };
  const judge = llmJudge(llm as never);
  const question = { memory: "x", label: "Plan", value: "pro" };
  const { signal } = new AbortController();
  assert.equal(await judge(question, signal), "contradicts");
  assert.equal(await judge(question, signal), "agrees");
  assert.equal(await judge(question, signal), "unrelated");
});

test("a persona that names a source which is not there is a mistake in the configuration", async () => {
  await assert.rejects(setup({ sources: ["crm"] }, { memory: memoryOf({}) }).brief(), {
    code: "config_invalid",
  });
});
