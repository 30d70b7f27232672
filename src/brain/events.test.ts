import assert from "node:assert/strict";
import { test } from "node:test";
import { dataOf, EventGate, eventsIn } from "./events.ts";
import { Tail } from "./report.ts";

const STREAM = [
  'data: {"a":"é😀"}\n\n',
  ": comment\r\n\r\n",
  "event: x\r\ndata: one\r\ndata: two\r\n\r\n",
  "\n",
  "data: 3\r\r",
  "data: [DONE]\n\n",
];

test("whatever the pieces, the same bytes come out, cut at the ends of events", () => {
  const bytes = Buffer.from(STREAM.join(""));
  for (let size = 1; size <= bytes.length; size++) {
    const gate = new EventGate();
    const out: Buffer[] = [];
    for (let at = 0; at < bytes.length; at += size) {
      const events = gate.push(bytes.subarray(at, at + size));
      if (!events) continue;
      assert.match(events.toString(), /(?:\n\n|\r\n\r\n|\r\r)$/);
      out.push(events);
    }
    assert.equal(gate.rest(), undefined);
    assert.equal(Buffer.concat(out).toString(), STREAM.join(""));
  }
});

test("an event goes out as soon as it is whole", () => {
  const gate = new EventGate();
  assert.equal(gate.push(Buffer.from("data: 1\n\ndata: 2\n"))?.toString(), "data: 1\n\n");
  assert.equal(gate.push(Buffer.from("\nda"))?.toString(), "data: 2\n\n");
  assert.equal(gate.rest()?.toString(), "da");
});

test("an event too large to hold is passed on, and noted as unfinished until its end", () => {
  const gate = new EventGate();
  const mega = Buffer.alloc(1024 * 1024, 120);
  let passed = 0;
  for (let count = 0; count < 20; count++) passed += gate.push(mega)?.length ?? 0;
  assert.ok(passed >= 8 * mega.length);
  assert.equal(gate.aligned, false);
  gate.push(Buffer.from("\n\n"));
  assert.equal(gate.aligned, true);
});

test("events are taken apart, and their data read", () => {
  const events = eventsIn(Buffer.from(STREAM.join("")));
  assert.equal(Buffer.concat(events).toString(), STREAM.join(""));
  const data = events.map(dataOf).filter((each) => each !== undefined);
  assert.deepEqual(data, ['{"a":"é😀"}', "one\ntwo", "3", "[DONE]"]);
});

test("the report is read from the end of a stream, however long", () => {
  const tail = new Tail();
  for (let count = 0; count < 5_000; count++)
    tail.push(Buffer.from(`data: {"choices":[{"delta":{"content":"${count}"}}]}\n\n`));
  tail.push(Buffer.from('data: {"model":"m","choices":[{"finish_reason":"length","delta":{}}]}\n\n'));
  tail.push(
    Buffer.from(
      'data: {"choices":[],"usage":{"prompt_tokens":7,"completion_tokens":-1}}\n\ndata: [DONE]\n\n',
    ),
  );
  assert.deepEqual(tail.report(), {
    done: true,
    model: "m",
    finishReason: "length",
    usage: { inputTokens: 7, outputTokens: 0, cachedTokens: 0 },
  });
});
