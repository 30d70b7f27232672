import assert from "node:assert/strict";
import { test } from "node:test";
import { AccessDenied, AstrocyteError } from "../src/core/errors.ts";
import { silentLogger } from "../src/core/telemetry.ts";
import { Astrocyte } from "../src/memory/brain.ts";
import type { Engine } from "../src/memory/engine.ts";
import { parsePolicyConfig } from "../src/memory/policy/config.ts";
import { createPolicy } from "../src/memory/policy/create.ts";
import type { MemoryStore } from "../src/memory/store.ts";
import type { AstrocyteContext, BankCall, Permission } from "../src/memory/types.ts";
import { open } from "../src/stores/sqlite/index.ts";
import { accessMatrix } from "../src/testing/access-matrix.ts";
import { FakeClock } from "../src/testing/fake-clock.ts";
import { createScriptedLLM } from "../src/testing/scripted-llm.ts";

/*
 * Every public operation, for every principal, on every kind of bank, against a real store. On a denial nothing
 * of the store but owner, grants and the audit may have been touched, and no model called.
 */

type Call = (
  brain: Astrocyte,
  call: BankCall & { context: AstrocyteContext },
  memoryId: string,
) => Promise<unknown>;

const question = "what is the secret";
const CALLS: Record<string, { permission: Permission; run: Call }> = {
  retain: { permission: "write", run: (brain, call) => brain.retain("told", call) },
  retainMany: { permission: "write", run: (brain, call) => brain.retainMany([{ content: "told", ...call }]) },
  recall: { permission: "read", run: (brain, call) => brain.recall(question, call) },
  recallMany: {
    permission: "read",
    run: (brain, { bankId, context }) => brain.recall(question, { banks: ["open", bankId], context }),
  },
  history: {
    permission: "read",
    run: (brain, call) => brain.history(question, { ...call, asOf: "2030-01-01" }),
  },
  reflect: { permission: "read", run: (brain, call) => brain.reflect(question, call) },
  forget: { permission: "forget", run: (brain, call, id) => brain.forget({ ...call, memoryIds: [id] }) },
  forgetDryRun: {
    permission: "forget",
    run: (brain, call, id) => brain.forget({ ...call, memoryIds: [id], dryRun: true }),
  },
  forgetAll: { permission: "admin", run: (brain, call) => brain.forget({ ...call, scope: "all" }) },
  restore: { permission: "forget", run: (brain, call, id) => brain.restore({ ...call, memoryIds: [id] }) },
  purge: { permission: "forget", run: (brain, call) => brain.purge(call) },
  export: { permission: "admin", run: (brain, call) => brain.export(call).next() },
  import: { permission: "admin", run: (brain, call) => brain.import([HEADER], call) },
  reindex: { permission: "admin", run: (brain, call) => brain.reindex(call) },
  grants: { permission: "admin", run: (brain, call) => brain.grants(call) },
  grant: {
    permission: "admin",
    run: (brain, call) => brain.grant({ ...call, principal: "user:mallory", permissions: ["admin"] }),
  },
  revoke: { permission: "admin", run: (brain, call) => brain.revoke({ ...call, principal: "user:mallory" }) },
  hold: { permission: "admin", run: (brain, call) => brain.hold({ ...call, reason: "case", holdId: "h" }) },
  holds: { permission: "admin", run: (brain, call) => brain.holds(call) },
  release: { permission: "admin", run: (brain, call) => brain.release({ ...call, holdId: "h" }) },
  audit: { permission: "admin", run: (brain, call) => brain.audit(call) },
  openBank: { permission: "read", run: (brain, { bankId, context }) => brain.openBank(bankId, { context }) },
  openBankToWrite: {
    permission: "write",
    run: (brain, { bankId, context }) => brain.openBank(bankId, { context, write: true }),
  },
  dropBank: { permission: "admin", run: (brain, { bankId, context }) => brain.dropBank(bankId, { context }) },
};

/** No bank, or no context: what they show is filtered, or no content of anyone. */
const WITHOUT_BANK = ["banks", "verifyAudit", "maintain", "onChange", "warm", "close"];

const HEADER = `${JSON.stringify({
  astrocyte_export: 1,
  bank_id: "x",
  embedding_model: "scripted:words@256",
  exported_at: "2026-01-01T00:00:00Z",
})}\n`;

const PRINCIPALS = ["user:anna", "user:bob", "agent:bot", "service:crm", "*", "user:", "anna"];
/** After these, when allowed, the bank is put right again. */
const CHANGES = new Set(["grant", "hold", "release", "dropBank"]);
const HARMLESS = new Set(["banks.get", "governance.grants", "audit.append"]);

test("the table names every public operation", () => {
  const methods = Object.getOwnPropertyNames(Astrocyte.prototype).filter((name) => name !== "constructor");
  const missing = methods.filter((name) => !(name in CALLS) && !WITHOUT_BANK.includes(name));
  assert.deepEqual(missing, []);
});

test("every operation, principal and grant: allowed as the oracle says, and nothing touched on a denial", async (t) => {
  const { brain, store, touched, embedder, memoryId } = await setUp();
  t.after(() => store.close());
  let cases = 0;
  for (const principal of PRINCIPALS) {
    for (const onBehalfOf of [undefined, "anna", "bob"]) {
      for (const granted of [[], ["read"], ["write"], ["forget"], ["admin"]] as Permission[][]) {
        const context: AstrocyteContext = {
          principal,
          ...(onBehalfOf && { onBehalfOf: { type: "user", id: onBehalfOf } }),
        };
        await setGrants(store, granted);
        const who = `${principal} for ${onBehalfOf ?? "itself"} with ${granted}`;
        const call = { bankId: "annas", context };
        const may = ([name, { permission }]: [string, { permission: Permission }]) =>
          mayCall(context, granted, permission, name);
        const [allowed, refused] = [true, false].map((right) =>
          Object.entries(CALLS).filter((entry) => may(entry) === right),
        );
        touched.length = 0;
        const calls = embedder.calls.length;
        await Promise.all(
          refused!.map(async ([name, { run }]) => {
            assert.ok(await isDenied(run(brain, call, memoryId)), `${who}: ${name} is denied`);
          }),
        );
        const content = touched.filter((method) => !HARMLESS.has(method));
        assert.deepEqual([content, embedder.calls.length - calls], [[], 0], who);
        for (const [name, { run }] of allowed!) {
          assert.ok(!(await isDenied(run(brain, call, memoryId))), `${who}: ${name} is allowed`);
          if (CHANGES.has(name)) await repair(store, granted);
        }
        cases += Object.keys(CALLS).length;
      }
    }
  }
  t.diagnostic(`${cases} cases`);
});

test("the policy's own matrix holds through the facade", async (t) => {
  const clock = new FakeClock();
  const stores = new Map<string, Awaited<ReturnType<typeof setUp>>>();
  t.after(() => Promise.all([...stores.values()].map(({ store }) => store.close())));
  let cases = 0;
  for (const one of accessMatrix()) {
    // Every 97th of some 60,000, spread over all of them, on the reads, which leave no trace.
    if (cases++ % 97 !== 0 || one.operation !== "recall" || !one.owner || one.configGrants.length > 0)
      continue;
    const memory = stores.get(one.defaultPolicy) ?? (await setUp(one.defaultPolicy, clock));
    stores.set(one.defaultPolicy, memory);
    const bankId = `bank-${cases}`;
    await memory.store.banks.ensure({
      id: bankId,
      owner: one.owner,
      createdAt: 0,
      embeddingModel: "scripted:words@256",
    });
    for (const { principal, permissions } of one.storeGrants) {
      await memory.store.governance.setGrant(bankId, principal, permissions, AUDIT);
    }
    const denied = await isDenied(memory.brain.recall(question, { bankId, context: one.context }));
    assert.equal(denied, one.expected === "denied", one.name);
  }
});

test("the list of banks shows nobody what is not theirs", async (t) => {
  const { brain, store } = await setUp();
  t.after(() => store.close());
  const seen = async (principal: string) =>
    (await brain.banks({ context: { principal } })).map(({ bankId }) => bankId);
  assert.deepEqual(await seen("user:anna"), ["annas", "open"]);
  assert.deepEqual(await seen("user:bob"), ["open"]);
});

async function setUp(defaultPolicy: "owner_only" | "open" | "deny" = "owner_only", clock = new FakeClock()) {
  const store = await open(":memory:", { readers: 2 });
  const touched: string[] = [];
  const embedder = createScriptedLLM({ clock });
  const config = parsePolicyConfig({
    access_control: { default_policy: defaultPolicy },
    banks: { open: { access: [{ principal: "*", permissions: ["read"] }] } },
  });
  const spied = spy(store, touched);
  const engine: Engine = {
    store: spied,
    embedder,
    policy: createPolicy(config, spied, clock),
    clock,
    logger: silentLogger,
    settings: { reflectMaxTokens: 1_000 },
  };
  const brain = new Astrocyte(engine);
  let memoryId = "";
  if (defaultPolicy === "owner_only") {
    const context = { principal: "user:anna" };
    const told = await brain.retain("the secret is a boat", { bankId: "annas", context });
    memoryId = told.memoryId!;
    await brain.retain("nothing here", { bankId: "open", context });
  }
  return { brain, store, touched, embedder, memoryId };
}

/** Notes every method of the store that is called, as `banks.get`. */
function spy(store: MemoryStore, touched: string[]): MemoryStore {
  const wrap = <T extends object>(part: T, name: string): T =>
    new Proxy(part, {
      get(target, key) {
        const value = Reflect.get(target, key);
        if (typeof value !== "function") return value;
        return (...args: unknown[]) => {
          touched.push(`${name}.${String(key)}`);
          return value.apply(target, args);
        };
      },
    });
  return {
    banks: wrap(store.banks, "banks"),
    memories: wrap(store.memories, "memories"),
    search: wrap(store.search, "search"),
    governance: wrap(store.governance, "governance"),
    audit: wrap(store.audit, "audit"),
    close: () => store.close(),
  };
}

const AUDIT = {
  at: 0,
  principal: "user:anna",
  operation: "grants",
  bankId: "annas",
  outcome: "test",
  facts: {},
};

async function setGrants(store: MemoryStore, permissions: Permission[]): Promise<void> {
  for (const principal of ["user:bob", "agent:bot"]) {
    if (permissions.length === 0) await store.governance.removeGrant("annas", principal, AUDIT);
    else await store.governance.setGrant("annas", principal, permissions, AUDIT);
  }
}

/** After an allowed call: Anna's bank is there, and without a hold. */
async function repair(store: MemoryStore, granted: Permission[]): Promise<void> {
  await store.banks.ensure({
    id: "annas",
    owner: "user:anna",
    createdAt: 0,
    embeddingModel: "scripted:words@256",
  });
  await store.governance.removeHold("annas", "h", AUDIT);
  await store.governance.removeGrant("annas", "user:mallory", AUDIT);
  await setGrants(store, granted);
}

async function isDenied(work: Promise<unknown>): Promise<boolean> {
  try {
    await work;
    return false;
  } catch (error) {
    if (error instanceof AccessDenied) return true;
    if (AstrocyteError.is(error)) return false;
    throw error;
  }
}

/** The rules for Anna's bank in plain words: she owns it, Bob and the bot have what was granted, nobody else any. */
function mayCall(
  { principal, onBehalfOf }: AstrocyteContext,
  granted: Permission[],
  permission: Permission,
  name: string,
): boolean {
  const rights = (party: string): Permission[] => {
    if (party === "user:anna") return ["read", "write", "forget", "admin"];
    return party === "user:bob" || party === "agent:bot" ? granted : [];
  };
  const parties = [principal, ...(onBehalfOf ? [`user:${onBehalfOf.id}`] : [])];
  const has = (wanted: Permission) => parties.every((party) => rights(party).includes(wanted));
  return name === "openBankToWrite" ? has("read") && has("write") : has(permission);
}
