import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import { setTimeout } from "node:timers/promises";
import { freePort } from "../src/cli/serving.ts";
import { startOpenAISimulator } from "../src/testing/openai-simulator.ts";
import { type Api, apiOf } from "./end-to-end/api.ts";
import { CRASHES, type Crash, type Doomed, until } from "./end-to-end/crashes.ts";
import { inAChild, type Killable } from "./end-to-end/gateways.ts";
import { makeSurroundings, type Surroundings } from "./end-to-end/surroundings.ts";
import { type VendorView, VIEWS } from "./end-to-end/vendors.ts";

/**
 * The gateway comes back at the address that vendors and pages know. Each setting has a range of its own, and so has
 * another run on this machine, which would else take the port of one that is just dead.
 */
const PORTS_EACH = 50;
const FIRST_PORT = 21_000 + (process.pid % 20) * 10 * PORTS_EACH;

/** A crash that is not survived fails by itself; this is for one that nobody comes back from. */
const timeout = 60_000;

type Setting = {
  surroundings: Surroundings;
  vendor: VendorView;
  /** The one that runs, or ran last. */
  gateway: Killable;
  start(): Promise<Killable>;
};

let compiled: string;

// Started a hundred times, the gateway need not be compiled anew each time: what one leaves behind that stops in
// peace, the killed ones find.
before(async () => {
  compiled = await mkdtemp(join(tmpdir(), "astrocyte-compiled-"));
  process.env["NODE_COMPILE_CACHE"] = compiled;
  const { config, folder, close } = await makeSurroundings();
  await (await inAChild({ ...config, ...quick("http://127.0.0.1:9") }, folder)).stop();
  await close();
});
after(() => rm(compiled, { recursive: true, force: true }));

// All at once, each with a gateway, a file and a vendor of its own.
suite("a gateway that is killed and comes back", { concurrency: Object.keys(VIEWS).length }, () => {
  for (const [index, [name, { box, view }]] of Object.entries(VIEWS).entries()) {
    test(name, async (t) => {
      const surroundings = await makeSurroundings(box);
      const embeddings = await startOpenAISimulator();
      const port = await freePort("127.0.0.1", FIRST_PORT + index * PORTS_EACH);
      const config = { ...surroundings.config, ...quick(embeddings.url) };
      const start = async () => {
        const started = await inAChild(config, surroundings.folder, port);
        surroundings.box?.pointTo?.(started.url);
        // What opens before the sweep has looked would be taken for lost.
        await until(async () => (await apiOf(started.url).metric("astrocyte_sweep_timestamp_seconds")) > 0);
        return started;
      };
      const vendor = view(surroundings);
      const setting: Setting = { surroundings, vendor, start, gateway: await start() };
      let count = 0;
      try {
        for (const crash of CRASHES.filter(({ only = [name] }) => only.includes(name))) {
          for (const laterMs of crash.laterMs ?? [0]) {
            const later = laterMs > 0 ? `, ${laterMs} ms later` : "";
            const person = `p${++count}`;
            await t.test(`as ${crash.at}${later}`, { timeout }, () =>
              survive(setting, crash, laterMs, person),
            );
          }
        }
      } finally {
        await setting.gateway.kill();
        await Promise.all([surroundings.close(), embeddings.close()]);
      }
    });
  }
});

/** What a crash lost is lost at once, no sweep runs but the one at the start, and no model is loaded each time. */
function quick(base_url: string) {
  return {
    sessions: { open_timeout: "1ms", sweep_every: "1d", settle_within: "5s" },
    llm_provider: "openai",
    llm_provider_config: { base_url, api_key: "key", embedding_model: "words" },
  };
}

async function survive(setting: Setting, crash: Crash, laterMs: number, person: string): Promise<void> {
  const { surroundings, vendor, gateway } = setting;
  const api = apiOf(gateway.url);
  const call: Doomed = { api, vendor, surroundings, person, said: [], held: [] };
  await crash.reach(call);
  if (laterMs > 0) await setTimeout(laterMs);
  await gateway.kill();
  for (const { release } of call.held) release();
  await vendor.idle();

  setting.gateway = await setting.start();
  await carriesOn(call, vendor);
  await isWhole(call, vendor);
  await opensAnew(call);
  assert.equal(await api.metric("astrocyte_sessions_leaked"), 0);
}

/** A call that the vendor still holds goes on; whatever there was comes to its end. */
async function carriesOn({ api, opened, page, said, person }: Doomed, vendor: VendorView): Promise<void> {
  const id = opened?.session_id;
  if (id !== undefined && page && vendor.outlives && (await page.isThere()) && (await isRunning(api, id))) {
    const after = `After the break I moved to Porto-${person} with everybody.`;
    await page.tell(after);
    // A vendor may have told of the end, of which the page did not know yet.
    if (await isRunning(api, id)) said.push(after);
  }
  // Of one that had just opened its caller may not know: it waits for somebody, until it is ended or nobody came.
  for (const { session_id } of await sessionsOf(api, person)) await api.end(session_id);
  await page?.end().catch(() => {});
  await until(async () =>
    (await sessionsOf(api, person)).every(
      ({ state, settled }) => state === "failed" || (state === "ended" && settled),
    ),
  );
  await vendor.idle();
}

/** Nothing that was acknowledged is lost, nothing is there twice, and nothing costs money. */
async function isWhole(
  { api, opened, said, person, surroundings }: Doomed,
  vendor: VendorView,
): Promise<void> {
  // A page that leaves is on its way.
  await until(async () => (await vendor.left(opened ? [opened] : [])) === 0);
  const sessions = await sessionsOf(api, person);
  assert.ok(sessions.length <= 1);
  const memories = (await api.memories(person)).filter(({ fact_type }) => fact_type !== "summary");
  const turns = opened ? await api.transcript(opened.session_id) : [];
  for (const text of said) {
    assert.equal(turns.filter((turn) => turn.text === text).length, 1, JSON.stringify(turns));
    const found = memories.filter((memory) => memory.text === text);
    assert.deepEqual(
      found.map(({ seen_count }) => seen_count),
      [1],
      JSON.stringify(memories),
    );
  }
  const keys = memories.map(({ turn_id }) => turn_id).filter((key) => key !== null);
  assert.equal(new Set(keys).size, keys.length);
  const booked = surroundings.office.bookings.filter(({ session }) => session === opened?.session_id);
  assert.ok(booked.length <= 1);
}

/** The person can call again, and what was said is known. */
async function opensAnew({ api, vendor, person, said }: Doomed): Promise<void> {
  const opened = await vendor.open(api, person);
  for (const text of said) assert.ok((await api.recall(person, text)).includes(text), text);
  const page = await vendor.join(api, opened);
  await page.greeting();
  await page.end();
  await api.settled(opened.session_id);
}

async function isRunning(api: Api, id: string): Promise<boolean> {
  const { state } = await api.session(id);
  return state === "open" || state === "live";
}

const sessionsOf = (api: Api, person: string) => api.sessions(`user:${person}`);
