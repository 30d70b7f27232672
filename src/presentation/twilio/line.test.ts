import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import { test } from "node:test";
import { FakeClock } from "../../testing/fake-clock.ts";
import type { VendorSocket } from "../adapter.ts";
import { Line } from "./line.ts";
import type { FromTwilio } from "./messages.ts";

/** Never closes by itself, as a socket whose other end is gone. */
class DeafSocket extends EventEmitter {
  bufferedAmount = 0;
  readonly sent: string[] = [];
  readonly closes: number[] = [];
  send(data: string): void {
    this.sent.push(data);
  }
  close(code: number): void {
    this.closes.push(code);
  }
}

function makeLine() {
  const socket = new DeafSocket();
  const clock = new FakeClock();
  const messages: FromTwilio[] = [];
  let closed = 0;
  const line = new Line(socket as VendorSocket, clock, {
    message: (message) => messages.push(message),
    closed: () => closed++,
  });
  const tell = (message: unknown) =>
    socket.emit("message", Buffer.from(typeof message === "string" ? message : JSON.stringify(message)));
  return { socket, clock, messages, line, tell, closed: () => closed };
}

test("a slow socket is waited for, and one that takes nothing is given up", async () => {
  const { socket, clock, line, closed, tell } = makeLine();
  tell({ type: "setup", callSid: "CA1" });
  assert.equal(line.drained(), undefined);
  socket.bufferedAmount = 100_000;
  let drained = false;
  void line.drained()!.then(() => {
    drained = true;
  });
  await clock.advance(1_000);
  assert.equal(drained, false);
  socket.bufferedAmount = 10;
  await clock.advance(100);
  assert.equal(drained, true);
  socket.bufferedAmount = 100_000;
  const waiting = line.drained()!;
  await clock.advance(11_000);
  await waiting;
  assert.deepEqual([socket.closes, closed()], [[1011], 1]);
  line.send({ type: "end" });
  socket.emit("close");
  assert.deepEqual([socket.sent, closed()], [[], 1]);
});

test("who says nothing at first is not Twilio; what is no message is passed over", async () => {
  const silent = makeLine();
  silent.tell("no json");
  silent.tell([1]);
  silent.tell({ type: 7 });
  silent.tell({ type: "prompt", voicePrompt: "x".repeat(70_000) });
  await silent.clock.advance(10_000);
  assert.deepEqual([silent.messages, silent.socket.closes], [[], [1008]]);
});

test("messages are read as documented, with what is not known beside", async () => {
  const { messages, tell, clock, socket } = makeLine();
  tell({ type: "setup", callSid: "CA1", sessionId: "VX1", customParameters: { a: "b" } });
  tell({ type: "prompt", voicePrompt: " Hi, I need help ", lang: "en-US", last: true, agentSpeaking: "off" });
  tell({ type: "prompt", voicePrompt: "Hi", last: false });
  tell({ type: "interrupt", utteranceUntilInterrupt: "Life is", durationUntilInterruptMs: "460" });
  tell({ type: "interrupt" });
  tell({ type: "dtmf", digit: "1" });
  tell({ type: "info", name: "agentSpeaking", value: "on" });
  tell({ type: "error", description: "Invalid message received" });
  tell({ type: "configUpdated", anything: {} });
  assert.deepEqual(messages, [
    { type: "setup", callSid: "CA1" },
    { type: "prompt", words: "Hi, I need help", last: true },
    { type: "prompt", words: "Hi", last: false },
    { type: "interrupt", heard: "Life is" },
    { type: "interrupt" },
    { type: "dtmf", digit: "1" },
    { type: "info", name: "agentSpeaking", value: "on" },
    { type: "error" },
    { type: "other" },
  ]);
  await clock.advance(60_000);
  assert.deepEqual(socket.closes, []);
});
