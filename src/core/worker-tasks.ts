import { type MessagePort, parentPort, receiveMessageOnPort } from "node:worker_threads";
import { AstrocyteError, type PlainError, plainError } from "./errors.ts";

/** The worker's side of `WorkerPool`. */
export type TaskRequest = { id: number; message: unknown } | { close: true };
export type TaskReply = { id: number; value?: unknown; error?: PlainError };
export type Outcome = { value: unknown } | { error: unknown };

/**
 * Serves everything that is waiting as one batch, e.g. to commit it together. `run` answers with one outcome
 * a message, in order; `close` runs when the pool closes.
 */
export function serveBatches(run: (messages: unknown[]) => Outcome[], close: () => void = () => {}): void {
  const port = ownPort();
  port.on("message", (first: TaskRequest) => {
    const requests = [first, ...waiting(port)];
    const tasks = requests.filter((request) => "id" in request);
    if (tasks.length > 0) {
      const outcomes = run(tasks.map(({ message }) => message));
      for (const [index, { id }] of tasks.entries()) reply(port, id, outcomes[index]!);
    }
    if (tasks.length < requests.length) end(port, close);
  });
}

/** Serves one message at a time; `run` may be asynchronous. */
export function serveTasks(run: (message: unknown) => unknown, close: () => void = () => {}): void {
  const port = ownPort();
  port.on("message", async (request: TaskRequest) => {
    if ("close" in request) return end(port, close);
    try {
      reply(port, request.id, { value: await run(request.message) });
    } catch (error) {
      reply(port, request.id, { error });
    }
  });
}

function reply(port: MessagePort, id: number, outcome: Outcome): void {
  const answer: TaskReply =
    "error" in outcome ? { id, error: plainError(outcome.error) } : { id, value: outcome.value };
  port.postMessage(answer);
}

function* waiting(port: MessagePort): Generator<TaskRequest> {
  for (let next = receiveMessageOnPort(port); next; next = receiveMessageOnPort(port)) yield next.message;
}

function end(port: MessagePort, close: () => void): void {
  try {
    close();
  } finally {
    port.close();
  }
}

function ownPort(): MessagePort {
  if (parentPort) return parentPort;
  throw new AstrocyteError("internal", "[worker] this module runs in a worker thread only.");
}
