import assert from "node:assert/strict";
import { test } from "node:test";
import { isQuestion } from "./chat/intent.ts";
import { makeCli } from "./cli.fixture.ts";

test("chat remembers over runs, answers with its sources, and forgets when told", async (t) => {
  const { run } = await makeCli(t);
  const said = (lines: string[]) => run(["chat"], `${lines.join("\n")}\n`);

  const first = await said(["My sister Julia lives in Porto", "My card is 4111 1111 1111 1111", "/quit"]);
  assert.equal(first.code, 0);
  assert.match(first.stdout, /^Remembered\.\nRemembered, without the card\.\n$/);

  const second = await said(["Where does Julia live?", "/why"]);
  assert.equal(second.code, 0);
  assert.match(second.stdout, /Porto/);
  assert.match(second.stdout, /score +when \(UTC\)/);

  const third = await said([
    "My locker is number 12",
    "/forget",
    "/forget",
    "/nonsense",
    "What is my locker number?",
  ]);
  assert.match(
    third.stdout,
    /Forgotten, for good\.\nYou have told me nothing in this sitting\.\nThere is no \/nonsense\./,
  );
  assert.doesNotMatch(third.stdout, /12/);
  assert.doesNotMatch((await run(["recall", "locker number", "--json"])).stdout, /number 12/);
});

test("a line is a question or a statement", () => {
  for (const line of [
    "Where does Julia live",
    "do I like olives?",
    "Tell me what you know of Ben",
    "¿Dónde vive Julia?",
  ]) {
    assert.ok(isQuestion(line), line);
  }
  for (const line of [
    "Julia lives in Porto",
    "Have a meeting with Ben on Friday",
    "Whatever happens, Ben pays",
  ]) {
    assert.ok(!isQuestion(line), line);
  }
});
