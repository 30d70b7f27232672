import { extname } from "node:path";
import { Worker } from "node:worker_threads";
import { AstrocyteError, type ErrorCode, reviveError } from "./errors.ts";
import { FairQueue } from "./fair-queue.ts";
import type { TaskReply, TaskRequest } from "./worker-tasks.ts";

export type PoolOptions = {
  /** The worker's module; it answers with `serveTasks` or `serveBatches`. See `workerUrl`. */
  url: URL;
  name: string;
  /** Most workers; each starts when it is first needed. */
  size: number;
  workerData?: unknown;
  /** Tasks that one worker is given at a time; above 1 only for a worker that takes batches. 1 when absent. */
  inFlight?: number;
  /**
   * The message by which a worker learns a subject. Tasks then wait for those that know theirs, and when more than
   * `patience` are waiting another worker is taught. Without it a worker learns from the first task that comes.
   */
  learn?: (affinity: string) => unknown;
  patience?: number;
  /** Retryable code of the tasks that a crashed worker held. `memory_unavailable` when absent. */
  crashCode?: ErrorCode;
};

export type RunOptions = {
  /** Lanes are served in turn: the id of whoever must not starve the others. */
  lane?: string;
  /** The subject that a worker has to know: tasks of one affinity go to workers that had one before. */
  affinity?: string | undefined;
  /** Ends the wait of a task that no worker has begun. */
  signal?: AbortSignal | undefined;
};

type Task = {
  message: unknown;
  affinity: string | undefined;
  resolve(value: unknown): void;
  reject(error: unknown): void;
};

type Member = { worker: Worker; tasks: Map<number, Task>; exited: Promise<void> };

/** More affinities than any cache holds; the oldest are forgotten. */
const MAX_AFFINITIES = 20_000;

/** The module of a worker beside the calling one: `.ts` from source, `.js` in the built package. */
export function workerUrl(name: string, base: string): URL {
  return new URL(`${name}${extname(new URL(base).pathname)}`, base);
}

/** Worker threads behind a fair queue. Idle workers do not keep the process alive. */
export class WorkerPool {
  readonly #options: PoolOptions;
  readonly #queue = new FairQueue<Task>();
  /** Least recently used first. */
  #members: Member[] = [];
  /** Who knows which subject. */
  readonly #affinities = new Map<string, Set<Member>>();
  readonly #learning = new Set<string>();
  #nextId = 0;
  #closed = false;
  #idle: (() => void) | undefined;

  constructor(options: PoolOptions) {
    this.#options = options;
  }

  /** Starts up to `count` workers ahead of the first task. */
  warm(count: number): void {
    while (this.#members.length < Math.min(count, this.#options.size)) this.#spawn();
  }

  /** Hands `message` to a worker and returns its answer; errors come back as `AstrocyteError`. */
  run<T>(message: unknown, options: RunOptions = {}): Promise<T> {
    const { lane = "", affinity, signal } = options;
    if (this.#closed) return Promise.reject(this.#closedError());
    if (signal?.aborted) return Promise.reject(cancelled());
    return new Promise<T>((resolve, reject) => {
      const task: Task = { message, affinity, resolve: resolve as (value: unknown) => void, reject };
      if (signal) this.#watch(lane, task, signal);
      this.#queue.push(lane, task);
      this.#dispatch();
    });
  }

  /** Runs `message` once on every worker that lives, after what each is doing. */
  async everywhere(message: unknown): Promise<void> {
    if (this.#closed) throw this.#closedError();
    await Promise.all(
      this.#members.map(
        (member) =>
          new Promise((resolve, reject) =>
            this.#give(member, { message, affinity: undefined, resolve, reject }),
          ),
      ),
    );
  }

  /** Takes no more tasks, lets all accepted ones finish, then ends the workers. */
  async close(): Promise<void> {
    this.#closed = true;
    if (this.#busy()) await new Promise<void>((resolve) => (this.#idle = resolve));
    const members = this.#members;
    for (const { worker } of members) {
      worker.ref();
      worker.postMessage({ close: true } satisfies TaskRequest);
    }
    await Promise.all(members.map(({ exited }) => exited));
  }

  #busy(): boolean {
    return this.#queue.size > 0 || this.#members.some(({ tasks }) => tasks.size > 0);
  }

  #watch(lane: string, task: Task, signal: AbortSignal): void {
    const abort = () => {
      if (this.#queue.remove(lane, task)) task.reject(cancelled());
    };
    signal.addEventListener("abort", abort, { once: true });
    const { resolve, reject } = task;
    task.resolve = (value) => {
      signal.removeEventListener("abort", abort);
      resolve(value);
    };
    task.reject = (error) => {
      signal.removeEventListener("abort", abort);
      reject(error);
    };
  }

  #dispatch(): void {
    while (this.#queue.size > 0 && this.#hasRoom()) {
      const task = this.#queue.shift(({ affinity }) => this.#mayBegin(affinity));
      if (!task) {
        this.#teach();
        return;
      }
      this.#give(this.#choose(task.affinity), task);
    }
    if (this.#closed && !this.#busy()) this.#idle?.();
  }

  #hasRoom(): boolean {
    return this.#members.length < this.#options.size || this.#members.some((member) => this.#free(member));
  }

  #free(member: Member): boolean {
    return member.tasks.size < (this.#options.inFlight ?? 1);
  }

  #mayBegin(affinity: string | undefined): boolean {
    if (affinity === undefined || !this.#options.learn || !this.#affinities.has(affinity)) return true;
    return this.#knowing(affinity) !== undefined;
  }

  /** All that wait do so for workers that are busy: a free one learns what the next of them needs, once. */
  #teach(): void {
    const { learn, patience = 0 } = this.#options;
    const affinity = this.#queue.first()?.affinity;
    if (!learn || affinity === undefined || this.#queue.size <= patience || this.#learning.has(affinity))
      return;
    this.#learning.add(affinity);
    const done = () => this.#learning.delete(affinity);
    const member = this.#members.find((other) => this.#free(other)) ?? this.#spawn();
    this.#give(member, { message: learn(affinity), affinity, resolve: done, reject: done });
  }

  /** A worker that knows the subject and is free. */
  #knowing(affinity: string): Member | undefined {
    const known = this.#affinities.get(affinity);
    return known && this.#members.find((member) => known.has(member) && this.#free(member));
  }

  /** One that knows the subject; else the one that has been idle longest; else a new one. */
  #choose(affinity: string | undefined): Member {
    const known = affinity === undefined ? undefined : this.#knowing(affinity);
    const member = known ?? this.#members.find((other) => this.#free(other)) ?? this.#spawn();
    // The first one counts at once; another one only when it has learnt the subject.
    if (affinity !== undefined && !this.#affinities.has(affinity)) this.#learns(affinity, member);
    return member;
  }

  #learns(affinity: string, member: Member): void {
    const known = this.#affinities.get(affinity) ?? new Set();
    this.#affinities.delete(affinity);
    this.#affinities.set(affinity, known.add(member));
    if (this.#affinities.size > MAX_AFFINITIES) this.#affinities.delete(firstKey(this.#affinities));
  }

  #give(member: Member, task: Task): void {
    const id = this.#nextId++;
    if (member.tasks.size === 0) member.worker.ref();
    member.tasks.set(id, task);
    this.#members = [...this.#members.filter((other) => other !== member), member];
    try {
      member.worker.postMessage({ id, message: task.message } satisfies TaskRequest);
    } catch (error) {
      this.#settle(member, id, (failed) => failed.reject(error));
    }
  }

  #spawn(): Member {
    const { url, name, workerData } = this.#options;
    const worker = new Worker(url, { name, workerData, execArgv: [] });
    const member: Member = {
      worker,
      tasks: new Map(),
      exited: new Promise((resolve) => worker.once("exit", () => resolve())),
    };
    worker.on("message", (reply: TaskReply) =>
      this.#settle(member, reply.id, (task) =>
        reply.error ? task.reject(reviveError(reply.error)) : task.resolve(reply.value),
      ),
    );
    // An uncaught error ends the worker: `exit` follows and deals with its tasks.
    worker.on("error", () => {});
    worker.on("exit", () => this.#lose(member));
    // After the listeners: adding one for messages holds the process again.
    worker.unref();
    this.#members.push(member);
    return member;
  }

  #settle(member: Member, id: number, settle: (task: Task) => void): void {
    const task = member.tasks.get(id);
    if (!task) return;
    member.tasks.delete(id);
    if (task.affinity !== undefined) this.#learns(task.affinity, member);
    if (member.tasks.size === 0) member.worker.unref();
    settle(task);
    this.#dispatch();
  }

  /** A worker is gone: what it held fails, and the next task starts another. */
  #lose(member: Member): void {
    this.#members = this.#members.filter((other) => other !== member);
    for (const [affinity, known] of this.#affinities) {
      if (known.delete(member) && known.size === 0) this.#affinities.delete(affinity);
    }
    const { name, crashCode = "memory_unavailable" } = this.#options;
    for (const task of member.tasks.values()) {
      task.reject(
        new AstrocyteError(crashCode, `[${name}] a worker ended in mid-task. Call again.`, {
          retryable: true,
        }),
      );
    }
    member.tasks.clear();
    this.#dispatch();
  }

  #closedError(): AstrocyteError {
    return new AstrocyteError("cancelled", `[${this.#options.name}] is closed. Open it again.`);
  }
}

function cancelled(): AstrocyteError {
  return new AstrocyteError("cancelled", "[worker] the task was cancelled before it began.");
}

function firstKey(map: Map<string, unknown>): string {
  return map.keys().next().value!;
}
