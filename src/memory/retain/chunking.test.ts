import assert from "node:assert/strict";
import { test } from "node:test";
import { AstrocyteError } from "../../core/errors.ts";
import type { ContentType } from "../types.ts";
import { chunkContent } from "./chunking.ts";

const START = Date.parse("2026-01-15T09:00:00Z");

function chunks(content: Parameters<typeof chunkContent>[0], contentType?: ContentType) {
  return chunkContent(content, { contentType }, START).chunks;
}

function minutes(chunk: { occurredAt?: number }): number {
  return ((chunk.occurredAt ?? Number.NaN) - START) / 60_000;
}

test("a plain text is one memory, and colons in it are no speakers", () => {
  assert.deepEqual(chunks("Anna: hi\nBob: hello"), [{ text: "Anna: hi\nBob: hello" }]);
  assert.equal(chunks(`${"x".repeat(1_990)} end`).length, 1);
});

test("a long text is split at sentences, and nothing of it is lost", () => {
  const text = Array.from({ length: 100 }, (_, i) => `Sentence ${i} says that Dr. Who paid 3.50 today.`).join(
    " ",
  );
  const parts = chunks(text).map((chunk) => chunk.text);
  assert.ok(parts.length > 3);
  assert.ok(parts.every((part) => part.length <= 1_200 && part.startsWith("Sentence")));
  assert.equal(parts.join(" "), text);
});

test("a text without sentences is split between words, never inside a number", () => {
  const text = `${"word ".repeat(239)}4111 1111 1111 1111 ${"word ".repeat(300)}`;
  const parts = chunks(text).map((chunk) => chunk.text);
  assert.ok(parts.every((part) => part.length <= 1_200));
  assert.ok(parts.some((part) => part.includes("4111 1111 1111 1111")));
  assert.equal(
    chunks("😀".repeat(2_000))
      .map((chunk) => chunk.text)
      .join(""),
    "😀".repeat(2_000),
  );
});

test("turns keep their speakers, ids and times, however short they are", () => {
  const turns = [
    { speaker: "Anna", text: "ok", id: "t1", occurredAt: "2026-01-15T10:00:00Z" },
    { speaker: "Bob", text: " " },
    { speaker: "Bob", text: "Fine." },
  ];
  assert.deepEqual(chunks(turns), [
    { text: "ok", speaker: "Anna", occurredAt: START + 3_600_000, turnId: "t1", moment: "t1" },
    { text: "Fine.", speaker: "Bob" },
  ]);
});

test("a long turn is split, each part with its speaker", () => {
  const parts = chunks([{ speaker: "Anna", text: "This is a sentence. ".repeat(150) }]);
  assert.ok(parts.length >= 3);
  assert.ok(parts.every(({ speaker, text }) => speaker === "Anna" && text.length <= 1_200));
});

test("transcripts in plain text are read as turns", () => {
  const read = chunks(
    "Anna: hi\nBob Smith: hello\nthere\n\nAnna: see https://x.example: it works",
    "conversation",
  );
  assert.deepEqual(
    read.map(({ speaker, text }) => [speaker, text]),
    [
      ["Anna", "hi"],
      ["Bob Smith", "hello\nthere"],
      ["Anna", "see https://x.example: it works"],
    ],
  );
});

test("stamps are distances from the first turn", () => {
  const clock = chunks("[10:02] Anna: a\n[10:04] Bob: b\n[11:02] Anna: c", "transcript");
  assert.deepEqual(clock.map(minutes), [0, 2, 60]);
  const offsets = chunks("(00:30) Anna: a\n(01:00) Bob: b\n(62:00) Anna: c", "transcript");
  assert.deepEqual(offsets.map(minutes), [0, 0.5, 61.5]);
  const after = chunks("Anna [00:00:10]: a\nBob [01:00:10]: b", "transcript");
  assert.deepEqual(after.map(minutes), [0, 60]);
  const night = chunks("[11:58 pm] Anna: a\n[12:03 am] Bob: b", "transcript");
  assert.deepEqual(night.map(minutes), [0, 5]);
  const dated = chunks("[2026-01-15 10:00] Anna: a\n[2026-01-15T10:30:00Z] Bob: b", "transcript");
  assert.deepEqual(dated.map(minutes), [60, 90]);
});

test("a transcript without speakers is one turn", () => {
  assert.deepEqual(chunks("just some words\nand more", "transcript"), [
    { text: "just some words\nand more" },
  ]);
});

test("a document is split by headings and paragraphs, with the path of its headings", () => {
  const text = `Intro.\n\n# Terms\n\nFirst.\n\n## Cancelling\n\n${"Long. ".repeat(200)}\n\n# Contact\nWrite to us.`;
  const parts = chunks(text, "document");
  assert.deepEqual(
    parts.map(({ heading }) => heading),
    [undefined, "Terms", "Terms > Cancelling", "Terms > Cancelling", "Contact"],
  );
  assert.ok(parts.every((part) => part.text.length <= 1_000));
});

test("a fence in a document holds no headings", () => {
  const parts = chunks("# A\n```sh\n# no heading\n\necho\n```\n", "document");
  assert.deepEqual(parts, [{ text: "```sh\n# no heading\n\necho\n```", heading: "A" }]);
});

test("nothing but spaces is refused", () => {
  for (const content of ["", "  \n ", []]) {
    assert.throws(
      () => chunks(content),
      (error) => AstrocyteError.is(error, "invalid_input"),
    );
  }
  assert.throws(
    () => chunks(" \n", "document"),
    (error) => AstrocyteError.is(error, "invalid_input"),
  );
});
