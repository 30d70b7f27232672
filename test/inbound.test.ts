import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { after, before, test } from "node:test";
import { ScriptedAdapter } from "../src/testing/scripted-adapter.ts";
import { APP_KEY, endAndSettle, makeGateway, type World } from "./gateway.fixture.ts";

const ANNA = "+4930901820";
const vendor = new ScriptedAdapter("scripted", { inbound: true, family: "telephony", transcript: ["own"] });
const folder = mkdtempSync(join(tmpdir(), "astrocyte-inbound-"));
let world: World;

before(async () => {
  const config = {
    sources: {
      book: {
        kind: "sql",
        database: makeBook(),
        query: "SELECT * FROM people WHERE id = :subject",
        find: { phone: "SELECT id FROM people WHERE phone = :value" },
        fields: { phone: { sensitivity: "private" }, first_name: { label: "Name" } },
      },
    },
    personas: {
      support: {
        name: "Mara",
        prompt: "You help.",
        greeting: "Hello {{first_name}}.",
        fallback_greeting: "Hello.",
        sources: ["book"],
        recall: ["cat called Momo", "collects old radios"],
        phone: { source: "book", field: "phone" },
      },
    },
    inbound: {
      scripted: {
        persona: "support",
        as: "service:app",
        consent: "memory",
        caller: { source: "book", field: "phone" },
      },
    },
  };
  world = await makeGateway(config, { adapters: [vendor] });
});
after(async () => {
  await world.destroy();
  rmSync(folder, { recursive: true, force: true });
});

function makeBook(): string {
  const path = join(folder, "book.db");
  const db = new DatabaseSync(path);
  db.exec("CREATE TABLE people (id TEXT, first_name TEXT, phone TEXT)");
  db.prepare("INSERT INTO people VALUES ('anna', 'Anna', ?)").run(ANNA);
  db.close();
  return path;
}

async function ring(call: object, signature = "good", name = "scripted") {
  // Sessions are listed by when they were made.
  await world.clock.advance(1);
  const headers = { "x-scripted-signature": signature };
  return world.call(`/v1/inbound/${name}`, { body: { to: "+4930111111", ...call }, headers });
}

async function newest() {
  const { json } = await world.call("/v1/sessions?limit=1", { key: APP_KEY });
  return (json["sessions"] as Array<Record<string, string>>)[0]!;
}

/** Two calls of one number; what was said in the first is known in the second. */
async function knowsAfterwards(from: string, said: string, text: string): Promise<string> {
  await ring({ id: `${from}-1`, from });
  const { session_id, subject } = await newest();
  const turn = { key: "t1", role: "user", text: said, at: world.clock.now() } as const;
  await world.composer.roomEvents(session_id!, [{ type: "turn", turn }]);
  await endAndSettle(world, session_id!);
  await ring({ id: `${from}-2`, from });
  const again = await newest();
  assert.equal(again["subject"], subject);
  const briefing = await world.call(`/v1/sessions/${again["session_id"]}/briefing`, { key: APP_KEY });
  assert.match(String(briefing.json["text"]), new RegExp(text));
  assert.match(
    String(briefing.json["text"]),
    /recognised by the number that they call from, which can be faked/,
  );
  return subject!;
}

test("a call is answered in the vendor's own format, greeted by name, and remembered by number", async () => {
  const answer = await ring({ id: "c1", from: ANNA });
  assert.equal(answer.status, 200);
  assert.match(answer.headers.get("content-type")!, /^application\/x-scripted\+json/);
  assert.deepEqual([answer.json["accepted"], answer.json["greeting"]], ["c1", "Hello Anna."]);
  assert.equal((await newest())["subject"], "user:anna");
  assert.equal(await knowsAfterwards(ANNA, "My cat is called Momo.", "Momo"), "user:anna");
  const stranger = await knowsAfterwards("+4989123456", "I collect old radios.", "old radios");
  assert.match(stranger, /^user:caller-/);
});

test("a forged call is refused, and says nothing of sessions or numbers", async () => {
  const forged = await ring({ id: "c9", from: ANNA }, "guess");
  assert.deepEqual([forged.status, forged.json["code"]], [401, "unauthenticated"]);
  assert.equal((await ring({ id: "c9", from: ANNA }, "good", "local")).json["code"], "not_supported");
  assert.equal((await ring({ id: "c9", from: ANNA }, "good", "nobody")).status, 400);
});

test("who is called is what the record says, and nothing that a request may say", async () => {
  const body = { persona: "support", subject: "user:anna", vendor: "scripted", consent: "none" };
  const named = await world.call("/v1/sessions", { key: APP_KEY, body: { ...body, phone: "+19005550100" } });
  assert.deepEqual([named.status, named.json["code"]], [400, "invalid_input"]);
  const opened = await world.call("/v1/sessions", { key: APP_KEY, body });
  assert.equal(opened.status, 201);
  assert.equal(vendor.bindings.at(-1)!.phone, ANNA);
  assert.ok(!opened.text.includes(ANNA));
  const unknown = await world.call("/v1/sessions", { key: APP_KEY, body: { ...body, subject: "user:ben" } });
  assert.deepEqual([unknown.status, unknown.json["code"]], [400, "invalid_input"]);
});

test("the account's callbacks are verified, go to their session, and others are let pass", async () => {
  await ring({ id: "c5", from: ANNA });
  const { session_id } = await newest();
  const turn = { key: "t5", role: "user", text: "I moved to Porto." };
  const send = (message: object, signature: string) =>
    world.call("/v1/webhooks/scripted", {
      body: { events: [{ type: "turn", turn }], ...message },
      headers: { "x-scripted-signature": signature },
    });
  assert.equal((await send({ id: "c5" }, "guess")).status, 401);
  for (const other of [{ id: "elsewhere" }, { ours: "ses_unknown" }])
    assert.deepEqual((await send(other, "good")).json, { ok: true });
  assert.deepEqual((await send({ id: "c5" }, "good")).json, { ok: true });
  await world.composer.runDue();
  const { json } = await world.call(`/v1/sessions/${session_id}/transcript`, { key: APP_KEY });
  const texts = (json["turns"] as Array<{ text: string }>).map(({ text }) => text);
  assert.deepEqual(texts, ["I moved to Porto."]);
  const local = await world.call("/v1/webhooks/local", { body: {} });
  assert.equal(local.json["code"], "not_supported");
});
