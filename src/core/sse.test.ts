import assert from "node:assert/strict";
import { test } from "node:test";
import { collect } from "../testing/collect.ts";
import { AstrocyteError } from "./errors.ts";
import { readSse, SseParser } from "./sse.ts";

const encode = (text: string) => new TextEncoder().encode(text);

function parse(bytes: Uint8Array, size: number) {
  const parser = new SseParser();
  const events = [];
  for (let at = 0; at < bytes.length; at += size) events.push(...parser.push(bytes.subarray(at, at + size)));
  return [...events, ...parser.end()];
}

test("events are the same wherever the bytes are cut and however lines end", () => {
  const lines = [
    ": a comment",
    "data: first",
    "",
    "event: delta",
    "id: 7",
    "data: zwei Zeilen — größe 🎉",
    "data:  second line",
    "",
    "retry: 10",
    "",
    "data",
    "",
    "data:last",
  ];
  const expected = [
    { data: "first" },
    { event: "delta", id: "7", data: "zwei Zeilen — größe 🎉\n second line" },
    { id: "7", data: "" },
    { id: "7", data: "last" },
  ];
  for (const end of ["\n", "\r", "\r\n"]) {
    const bytes = encode(lines.join(end));
    for (let size = 1; size <= bytes.length; size++) assert.deepEqual(parse(bytes, size), expected);
  }
});

test("a byte order mark is dropped and an event without data is none", () => {
  assert.deepEqual(parse(encode("\uFEFFdata: x\n\nevent: empty\n\n"), 3), [{ data: "x" }]);
});

test("a line feed after a cut carriage return is part of the same line end", () => {
  const parser = new SseParser();
  assert.deepEqual(parser.push(encode("data: a\r")), []);
  assert.deepEqual(parser.push(encode("\ndata: b\r\n\r")), [{ data: "a\nb" }]);
  assert.deepEqual(parser.push(encode("\ndata: c\n\n")), [{ data: "c" }]);
});

test("an endless event is refused", () => {
  const parser = new SseParser();
  const chunk = encode(`data: ${"x".repeat(1024 * 1024)}\n`);
  assert.throws(
    () => {
      for (let i = 0; i < 9; i++) parser.push(chunk);
    },
    (error) => AstrocyteError.is(error, "payload_too_large"),
  );
});

test("readSse yields the events of a body", async () => {
  async function* body() {
    yield encode("data: 1\n\nda");
    yield encode("ta: 2");
  }
  assert.deepEqual(await collect(readSse(body())), [{ data: "1" }, { data: "2" }]);
});
