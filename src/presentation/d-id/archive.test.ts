import assert from "node:assert/strict";
import { test } from "node:test";
import { zipSync } from "fflate";
import { AstrocyteError, type ErrorCode } from "../../core/errors.ts";
import { readArchive, readChat } from "./archive.ts";
import contract from "./fixtures/contract.json" with { type: "json" };

const code = (expected: ErrorCode) => (error: unknown) => AstrocyteError.is(error, expected);
const file = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));
const MiB = 1024 * 1024;

test("chats are read as the contract has them; what else lies in the archive is not", () => {
  const chat = contract.transcriptExport.fileShape;
  const zip = zipSync({ "a.json": file(chat), "notes.txt": file("secret") });
  assert.deepEqual(readArchive(zip, MiB), [
    { id: chat.chatId, agentId: chat.agentId, messages: chat.messages },
  ]);
});

test("system rows, empty rows and rows of unknown roles are no turns, and keys stay", () => {
  const messages = [
    { role: "system", content: "You know that Anna owes 12 euros." },
    { role: "assistant", content: "Hello." },
    { role: "user", content: "  " },
    { role: "user", content: "Hi.", created_at: "2026-01-01T00:00:00Z" },
    { content: "Who?" },
  ];
  assert.deepEqual(readChat({ id: "cht_1", agentId: "", messages }), [
    { key: "cht_1:1", role: "agent", text: "Hello." },
    { key: "cht_1:3", role: "user", text: "Hi.", at: Date.parse("2026-01-01T00:00:00Z") },
  ]);
});

test("bombs are refused by what they claim, and unpack to no more than that when they lie", () => {
  const bomb = zipSync({ "a.json": new Uint8Array(4 * MiB), "b.json": new Uint8Array(4 * MiB) });
  assert.ok(bomb.length < 20_000);
  assert.throws(() => readArchive(bomb, 7 * MiB), code("payload_too_large"));
  const many = Object.fromEntries(Array.from({ length: 2_001 }, (_, i) => [`${i}.json`, file({})]));
  assert.throws(() => readArchive(zipSync(many), 64 * MiB), code("payload_too_large"));
  const liar = Buffer.from(zipSync({ "a.json": new Uint8Array(4 * MiB) }));
  // The uncompressed size of the local and of the central header: ten bytes are claimed.
  liar.writeUInt32LE(10, 22);
  liar.writeUInt32LE(10, liar.indexOf(Buffer.from("PK\x01\x02", "latin1")) + 24);
  assert.throws(() => readArchive(liar, MiB), code("vendor_failed"));
});

test("what is no archive, or holds no JSON, says so and quotes nothing", () => {
  for (const bytes of [
    new Uint8Array(0),
    file("no zip"),
    zipSync({ "a.json": new TextEncoder().encode("{secret") }),
  ])
    assert.throws(
      () => readArchive(bytes, MiB),
      (error: AstrocyteError) => code("vendor_failed")(error) && !error.message.includes("secret"),
    );
});
