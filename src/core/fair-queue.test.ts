import assert from "node:assert/strict";
import { it } from "node:test";
import { FairQueue } from "./fair-queue.ts";

const any = () => true;

function drainInTurn(queue: FairQueue<string>): string[] {
  return Array.from({ length: queue.size }, () => queue.shift(any)!);
}

it("lanes take turns, each in its own order", () => {
  const queue = new FairQueue<string>();
  for (const item of ["a1", "a2", "a3", "a4", "b1", "c1", "c2"]) queue.push(item[0]!, item);
  assert.deepEqual(drainInTurn(queue), ["a1", "b1", "c1", "a2", "c2", "a3", "a4"]);
  assert.equal(queue.shift(any), undefined);
});

it("a lane that comes late waits for one turn of the others, not for their queues", () => {
  const queue = new FairQueue<string>();
  for (let i = 0; i < 1000; i++) queue.push("busy", `busy${i}`);
  queue.shift(any);
  queue.push("late", "late");
  assert.deepEqual([queue.shift(any), queue.shift(any)], ["busy1", "late"]);
});

it("one item can be taken out, once", () => {
  const queue = new FairQueue<string>();
  for (const item of ["a1", "a2", "b1"]) queue.push(item[0]!, item);
  assert.equal(queue.remove("a", "a1"), true);
  assert.equal(queue.remove("a", "a1"), false);
  assert.equal(queue.remove("none", "a1"), false);
  assert.equal(queue.remove("b", "b1"), true);
  assert.deepEqual(drainInTurn(queue), ["a2"]);
});

it("an item that does not fit keeps its place, and its lane its turn", () => {
  const queue = new FairQueue<string>();
  for (const item of ["a1", "a2", "b1"]) queue.push(item[0]!, item);
  assert.equal(
    queue.shift((item) => item.startsWith("b")),
    "b1",
  );
  assert.equal(
    queue.shift((item) => item === "a2"),
    undefined,
  );
  assert.deepEqual(drainInTurn(queue), ["a1", "a2"]);
});
