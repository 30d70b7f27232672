import assert from "node:assert/strict";
import type { ComposerStore, EventRow, JobRow, NewEvent, SessionRow, TurnRow } from "../composer/store.ts";

/** An empty store of a case's own. */
export type ComposerStoreHarness = {
  store: ComposerStore;
  /** Closes and opens the same database again, as a restart does. */
  reopen(): Promise<ComposerStore>;
  destroy(): Promise<void>;
};

type Case = { name: string; run(): Promise<void> };

/** What every implementation of `ComposerStore` must do. Run each case in any test runner. */
export function composerStoreContract(make: () => Promise<ComposerStoreHarness>): Case[] {
  return Object.entries(CASES).map(([name, body]) => ({
    name,
    async run() {
      const harness = await make();
      try {
        await body(harness.store, harness);
      } finally {
        await harness.destroy();
      }
    },
  }));
}

const CASES: Record<string, (store: ComposerStore, harness: ComposerStoreHarness) => Promise<void>> = {
  async "a session comes back as it was stored, also after a restart"(store, harness) {
    const row = sessionRow("ses_1", { metadata: { ticket: 7 }, teams: ["team:a"] });
    await store.sessions.create(row, event("ses_1", "preparing"), 9);
    assert.deepEqual(await store.sessions.get("ses_1"), row);
    const again = await harness.reopen();
    assert.deepEqual(await again.sessions.get("ses_1"), row);
    assert.equal(await again.sessions.get("ses_2"), undefined);
  },

  async "a transition happens only from a named state, and once when two race"(store) {
    await store.sessions.create(sessionRow("ses_1"), event("ses_1", "preparing"), 9);
    const open = () =>
      store.sessions.transition("ses_1", ["preparing"], { state: "open" }, event("ses_1", "open"));
    assert.deepEqual((await Promise.all([open(), open()])).sort(), [false, true]);
    assert.equal(await store.sessions.transition("ses_1", ["ended"], { state: "failed" }), false);
    assert.equal(await store.sessions.transition("ses_9", ["open"], { state: "failed" }), false);
    assert.equal((await store.sessions.get("ses_1"))?.state, "open");
    const types = (await store.events.list("ses_1", 0, 10)).map(({ type }) => type);
    assert.deepEqual(types, ["preparing", "open"]);
  },

  async "of sessions that race for the last place one gets it"(store) {
    const create = (id: string) => store.sessions.create(sessionRow(id), event(id, "preparing"), 2);
    const created = await Promise.all(["ses_4", "ses_1", "ses_3", "ses_2"].map(create));
    assert.equal(created.filter(Boolean).length, 2);
    const [row] = await store.sessions.list({ limit: 9 });
    await store.sessions.transition(row!.id, ["preparing"], { state: "ended" });
    assert.equal(await create("ses_5"), true);
    assert.equal(await create("ses_6"), false);
  },

  async "a session is found by the vendor's id, of that vendor alone"(store) {
    await store.sessions.create(sessionRow("ses_1"), event("ses_1", "preparing"), 9);
    await store.sessions.transition("ses_1", ["preparing"], { vendorSessionId: "c1" });
    assert.equal((await store.sessions.byVendorId("local", "c1"))?.id, "ses_1");
    assert.equal(await store.sessions.byVendorId("tavus", "c1"), undefined);
  },

  async "of sessions that race for one call of the vendor one is created"(store) {
    const create = (id: string, callId: string | null, vendor = "local") =>
      store.sessions.create(sessionRow(id, { callId, vendor }), event(id, "preparing"), 9);
    const created = await Promise.all(["ses_1", "ses_2", "ses_3"].map((id) => create(id, "c1")));
    assert.equal(created.filter(Boolean).length, 1);
    const [row] = await store.sessions.list({ limit: 9 });
    assert.deepEqual(await store.sessions.byCallId("local", "c1"), row);
    assert.equal(await store.sessions.byCallId("tavus", "c1"), undefined);
    assert.equal(await create("ses_4", "c1", "tavus"), true);
    assert.deepEqual([await create("ses_5", null), await create("ses_6", null)], [true, true]);
    // One that failed leaves the call to the next.
    await store.sessions.transition(row!.id, ["preparing"], { state: "failed" });
    assert.equal(await store.sessions.byCallId("local", "c1"), undefined);
    assert.equal(await create("ses_7", "c1"), true);
  },

  async "resources are added once each and usage adds up under concurrency"(store) {
    await store.sessions.create(sessionRow("ses_1"), event("ses_1", "preparing"), 9);
    const resource = { kind: "pal", id: "p1" };
    await Promise.all([
      store.sessions.addResource("ses_1", resource),
      store.sessions.addResource("ses_1", resource),
      store.sessions.addResource("ses_1", { kind: "tool", id: "p1" }),
      ...Array.from({ length: 10 }, () => store.sessions.addUsage("ses_1", { turns: 1, tokens: 5 })),
    ]);
    const row = await store.sessions.get("ses_1");
    assert.equal(row?.resources.length, 2);
    assert.deepEqual(row?.usage, { turns: 10, tokens: 50 });
  },

  async "sessions are listed newest first, filtered and paged"(store) {
    for (const id of ["ses_1", "ses_2", "ses_3", "ses_4"]) {
      const principal = id === "ses_3" ? "user:b" : "user:a";
      const state = id === "ses_4" ? ("ended" as const) : ("open" as const);
      const row = sessionRow(id, { principal, state, createdAt: Number(id.at(-1)) });
      await store.sessions.create(row, event(id, "x"), 9);
    }
    const ids = async (filter: Parameters<typeof store.sessions.list>[0]) =>
      (await store.sessions.list(filter)).map(({ id }) => id);
    assert.deepEqual(await ids({ limit: 2 }), ["ses_4", "ses_3"]);
    assert.deepEqual(await ids({ limit: 9, after: "ses_3" }), ["ses_2", "ses_1"]);
    assert.deepEqual(await ids({ limit: 9, principal: "user:a", states: ["open"] }), ["ses_2", "ses_1"]);
    assert.deepEqual(await ids({ limit: 9, states: ["ended"], settled: false }), ["ses_4"]);
    assert.deepEqual(await ids({ limit: 9, settled: true }), []);
    assert.deepEqual(await ids({ limit: 9, createdAfter: 2 }), ["ses_4", "ses_3"]);
    assert.deepEqual(await ids({ limit: 9, subject: "user:nobody" }), []);
    assert.deepEqual(await ids({ limit: 9, vendor: "tavus" }), []);
  },

  async "a turn told twice is one turn, and a trusted channel overrides the page"(store) {
    assert.deepEqual(await store.turns.upsert([turn("a", { text: "from the page", channel: "client" })]), [
      "a",
    ]);
    assert.deepEqual(
      await store.turns.upsert([turn("a", { text: "from the vendor", channel: "webhook" })]),
      [],
    );
    await store.turns.upsert([turn("a", { text: "forged later", channel: "client" })]);
    const [row] = await store.turns.list("ses_1");
    assert.equal(row?.text, "from the vendor");
    assert.equal(row?.channel, "webhook");
  },

  async "what was heard is not lost by a later report without it"(store) {
    await store.turns.upsert([turn("a", { heard: "from the", interrupted: true, channel: "webhook" })]);
    await store.turns.upsert([turn("a", { channel: "pull" })]);
    const [row] = await store.turns.list("ses_1");
    assert.equal(row?.heard, "from the");
    assert.equal(row?.interrupted, true);
  },

  async "turns are listed in time, marked retained, and a later report keeps the mark"(store) {
    await store.turns.upsert([
      turn("b", { at: 20 }),
      turn("a", { at: 10 }),
      turn("c", { at: 30, sessionId: "ses_2" }),
    ]);
    await store.turns.markRetained("ses_1", ["a"], 99);
    await store.turns.upsert([turn("a", { at: 10, channel: "pull" })]);
    const rows = await store.turns.list("ses_1");
    assert.deepEqual(
      rows.map(({ key, retainedAt }) => [key, retainedAt]),
      [
        ["a", 99],
        ["b", null],
      ],
    );
    await store.turns.remove("ses_1");
    assert.deepEqual(await store.turns.list("ses_1"), []);
    assert.equal((await store.turns.list("ses_2")).length, 1);
  },

  async "events are numbered, resumable and told to subscribers after they are stored"(store) {
    const heard: EventRow[] = [];
    const stop = store.events.subscribe((row) => heard.push(row));
    const first = await store.events.append(event("ses_1", "one"));
    const second = await store.events.append(event("ses_1", "two", { n: 1 }));
    await store.events.append(event("ses_2", "other"));
    assert.ok(second.seq > first.seq);
    assert.deepEqual(await store.events.list("ses_1", first.seq, 10), [second]);
    assert.deepEqual(
      heard.map(({ type }) => type),
      ["one", "two", "other"],
    );
    stop();
    await store.events.append(event("ses_1", "three"));
    assert.equal(heard.length, 3);
  },

  async "the inbox accepts a message once, gives it out until done, and counts failures"(store, harness) {
    assert.equal(await store.inbox.accept(message("m1")), true);
    assert.equal(await store.inbox.accept(message("m1")), false);
    assert.equal(await store.inbox.accept(message("m2")), true);
    const pending = async (from: ComposerStore) => (await from.inbox.pending(10, 2)).map(({ id }) => id);
    assert.deepEqual(await pending(store), ["m1", "m2"]);
    await store.inbox.done("m1");
    assert.equal(await store.inbox.accept(message("m1")), false);
    const again = await harness.reopen();
    assert.deepEqual(await pending(again), ["m2"]);
    await again.inbox.failed("m2", "internal");
    assert.deepEqual(await pending(again), ["m2"]);
    await again.inbox.failed("m2", "internal");
    assert.deepEqual(await pending(again), []);
  },

  async "a due job is claimed by one, and again when its lease runs out"(store) {
    await store.jobs.put(job("close:1", 100));
    await store.jobs.put(job("close:2", 300));
    const claim = async (now: number) => (await store.jobs.claim(now, 10, 50)).map(({ id }) => id);
    assert.deepEqual(await claim(99), []);
    assert.deepEqual((await Promise.all([claim(100), claim(100)])).flat(), ["close:1"]);
    assert.deepEqual(await claim(149), []);
    assert.deepEqual(await claim(150), ["close:1"]);
    await store.jobs.done("close:1");
    assert.deepEqual(await claim(1000), ["close:2"]);
  },

  async "a job of the same id replaces, and a session's jobs go together"(store) {
    await store.jobs.put(job("close:1", 100));
    await store.jobs.put(job("close:1", 500));
    assert.deepEqual(await store.jobs.claim(400, 10, 50), []);
    await store.jobs.put({ ...job("limit:1", 100), sessionId: "ses_2" });
    await store.jobs.removeFor("ses_1");
    assert.deepEqual(
      (await store.jobs.claim(9999, 10, 50)).map(({ id }) => id),
      ["limit:1"],
    );
  },

  async "a tool call begins once and keeps its answer"(store) {
    const call = {
      sessionId: "ses_1",
      id: "t1",
      name: "remember",
      status: "running" as const,
      output: "",
      at: 1,
      memoryId: null,
    };
    const begun = await Promise.all([store.toolCalls.begin(call), store.toolCalls.begin(call)]);
    assert.equal(begun.filter((known) => known === undefined).length, 1);
    await store.toolCalls.finish({ ...call, status: "success", output: "ok", memoryId: "mem_1" });
    assert.equal((await store.toolCalls.begin(call))?.output, "ok");
    assert.equal(await store.toolCalls.begin({ ...call, sessionId: "ses_2" }), undefined);
    await store.toolCalls.begin({ ...call, id: "t2", at: 2 });
    assert.deepEqual(
      (await store.toolCalls.list("ses_1", 10)).map(({ id }) => id),
      ["t2", "t1"],
    );
  },
};

export function sessionRow(id: string, changes: Partial<SessionRow> = {}): SessionRow {
  return {
    id,
    state: "preparing",
    vendor: "local",
    persona: "guide",
    subject: "user:anna",
    principal: "user:a",
    teams: [],
    tenantId: null,
    bankId: "person:anna",
    consent: "memory",
    metadata: {},
    vendorSessionId: null,
    join: null,
    resources: [],
    briefing: null,
    createdAt: 1_000,
    openedAt: null,
    liveAt: null,
    lastSeenAt: null,
    endedAt: null,
    endReason: null,
    callId: null,
    call: null,
    maxDurationMs: 60_000,
    settled: false,
    usage: {},
    ...changes,
  };
}

function turn(key: string, changes: Partial<TurnRow> = {}): TurnRow {
  const row = { sessionId: "ses_1", key, role: "user" as const, text: key, heard: null, interrupted: false };
  return { ...row, at: 1, channel: "local", retainedAt: null, ...changes };
}

function event(sessionId: string, type: string, data: Record<string, unknown> = {}): NewEvent {
  return { sessionId, at: 1, type, data };
}

function message(id: string) {
  return { id, sessionId: "ses_1", channel: "webhook", receivedAt: 1, payload: "[]", attempts: 0 };
}

function job(id: string, dueAt: number): JobRow {
  return { id, kind: "close", sessionId: "ses_1", dueAt, attempts: 0, payload: "{}" };
}
