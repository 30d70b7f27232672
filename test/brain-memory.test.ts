import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { APP_KEY, ask, post, scriptedUpstream, startBrain, until } from "../src/brain/brain.fixture.ts";
import { sha256 } from "../src/core/secrets.ts";
import { Astrocyte } from "../src/memory/brain.ts";

/** The brain over the real engine: a file, its workers, the local embedder. */

async function start(t: TestContext) {
  const folder = await mkdtemp(join(tmpdir(), "astrocyte-brain-"));
  const memory = await Astrocyte.open(join(folder, "memory.db"));
  const upstream = await scriptedUpstream(t);
  const key = { ...APP_KEY, bank: "app:{user}", allowUserScope: true };
  const keeping = { ...key, name: "keeping", hash: sha256(KEEPING), retain: "completed" as const };
  // Generous: this machine may be busy, and nothing here is about time.
  const settings = {
    recall: { deadlineMs: 20_000, maxResults: 8, maxTokens: 600, required: true },
    settleMs: 1,
  };
  const brain = await startBrain(t, upstream, { memory, keys: [key, keeping], settings });
  t.after(async () => {
    await brain.close();
    await memory.close();
    await rm(folder, { recursive: true });
  });
  const context = { principal: "service:app" };
  return { ...brain, upstream, memory, context, sent: () => upstream.requests.at(-1)!.raw };
}

const KEEPING = "key-that-keeps";
const CAR = "Which car does Anna drive?";

test("what is stored is injected, what is forgotten never again, at once", async (t) => {
  const { url, memory, context, sent } = await start(t);
  const user = { user: "anna" };
  await memory.retain("Anna drives a red Volvo.", { bankId: "app:anna", context });
  await post(url, ask(CAR, user));
  assert.match(sent(), /red Volvo/);
  await memory.retain("Anna's car has a dent in the door.", { bankId: "app:anna", context });
  await post(url, ask(CAR, user));
  assert.match(sent(), /dent in the door/);
  const forgotten = await memory.forget({ bankId: "app:anna", context, scope: "all", mode: "hard" });
  assert.equal(forgotten.deletedCount, 2);
  const answer = await post(url, ask(CAR, user));
  assert.equal(answer.headers["x-astrocyte-memory"], "ok");
  assert.doesNotMatch(sent(), /Volvo|dent/);
});

test("users of one key never meet", async (t) => {
  const { url, memory, context, sent } = await start(t);
  await memory.retain("Anna drives a red Volvo.", { bankId: "app:anna", context });
  await post(url, ask(CAR, { user: "ben" }));
  assert.doesNotMatch(sent(), /Volvo/);
});

test("a completed exchange is found in the next conversation, and stored once", async (t) => {
  const { url, memory, context, sent, turns } = await start(t);
  const said = ask("My sister Mia has moved to Porto.", { user: "anna" });
  for (let times = 0; times < 3; times++) await post(url, said, { key: KEEPING });
  await until(() => turns.length === 3);
  let mine: Awaited<ReturnType<typeof memory.banks>> = [];
  while (!mine.some(({ memories }) => memories >= 2)) mine = await memory.banks({ context });
  await post(url, ask("Where does my sister Mia live these days?", { user: "anna" }));
  assert.equal(sent().match(/moved to Porto/g)?.length, 1);
});

test("a principal without a grant is refused, in OpenAI's shape", async (t) => {
  const { url, memory, upstream } = await start(t);
  await memory.retain("A secret.", { bankId: "app:anna", context: { principal: "user:somebody" } });
  const answer = await post(url, ask(CAR, { user: "anna" }));
  assert.equal(answer.status, 403);
  assert.equal(JSON.parse(answer.text).error.type, "permission_error");
  assert.equal(upstream.requests.length, 0);
});
