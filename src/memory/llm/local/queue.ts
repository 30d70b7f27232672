import { AstrocyteError } from "../../../core/errors.ts";

/**
 * Gathers what concurrent callers want embedded into chunks for the workers. Nothing waits for a timer: a
 * free worker takes what is there, and what arrives while all are busy goes together into the next chunk.
 * Small calls (queries) go before large ones; large calls take turns.
 */
export type Run = (texts: string[]) => Promise<Float32Array>;

/** Calls of at most this many texts are queries. */
const SMALL_CALL = 4;
/** Characters a chunk; at about 3 ms it bounds how long a query waits for a worker. */
const CHUNK_CHARACTERS = 512;
/** Chunks that a worker may hold: a query waits behind one at most. */
const LARGE_HELD = 1;
const SMALL_HELD = 2;

type Job = {
  texts: string[];
  /** Indexes of `texts` that are not in a chunk yet, longest last. */
  waiting: number[];
  vectors: Float32Array[];
  missing: number;
  resolve(vectors: Float32Array[]): void;
  reject(error: unknown): void;
};

type Worker = { run: Run; held: number };
type Item = { job: Job; index: number };

export class EmbedQueue {
  readonly #workers: Worker[];
  readonly #small: Job[] = [];
  readonly #large: Job[] = [];
  #ready = false;

  /**
   * @param workers Each embeds one chunk at a time, vectors row by row in one array. All but the first start
   * once that one has succeeded, so that a model which has to be made is made once.
   */
  constructor(workers: Run[]) {
    this.#workers = workers.map((run) => ({ run, held: 0 }));
  }

  embed(texts: string[], signal?: AbortSignal): Promise<Float32Array[]> {
    if (texts.length === 0) return Promise.resolve([]);
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(cancelled());
      const waiting = texts.map((_, index) => index).sort((a, b) => texts[a]!.length - texts[b]!.length);
      const job: Job = { texts, waiting, vectors: [], missing: texts.length, resolve, reject };
      if (signal) cancelOnAbort(job, signal);
      (texts.length <= SMALL_CALL ? this.#small : this.#large).push(job);
      // After the current task, so that calls of one tick share a chunk.
      queueMicrotask(() => this.#dispatch());
    });
  }

  #dispatch(): void {
    for (;;) {
      const usable = this.#ready ? this.#workers : this.#workers.slice(0, 1);
      const worker = usable.reduce((least, other) => (other.held < least.held ? other : least));
      const chunk = this.#next(worker.held);
      if (chunk.length === 0) return;
      void this.#work(worker, chunk);
    }
  }

  #next(held: number): Item[] {
    const chunk: Item[] = [];
    while (held < SMALL_HELD && this.#small.length > 0 && this.#fill(chunk, this.#small));
    while (held < LARGE_HELD && chunk.length === 0 && this.#large.length > 0) {
      // Taken out and put back at the end, so that large calls take turns.
      const turn = this.#large.splice(0, 1);
      this.#fill(chunk, turn);
      this.#large.push(...turn);
    }
    return chunk;
  }

  /** Moves texts of the first job into the chunk and drops a job that has none left; false when it is full. */
  #fill(chunk: Item[], jobs: Job[]): boolean {
    const job = jobs[0]!;
    let size = chunk.reduce((sum, item) => sum + item.job.texts[item.index]!.length, 0);
    while (job.waiting.length > 0) {
      const index = job.waiting.at(-1)!;
      size += job.texts[index]!.length;
      if (chunk.length > 0 && size > CHUNK_CHARACTERS) return false;
      job.waiting.pop();
      chunk.push({ job, index });
    }
    jobs.shift();
    return true;
  }

  async #work(worker: Worker, chunk: Item[]): Promise<void> {
    worker.held++;
    try {
      const flat = await worker.run(chunk.map(({ job, index }) => job.texts[index]!));
      const width = flat.length / chunk.length;
      for (const [row, item] of chunk.entries()) deliver(item, flat.slice(row * width, (row + 1) * width));
      this.#ready = true;
    } catch (error) {
      for (const { job } of chunk) fail(job, error);
    } finally {
      worker.held--;
      this.#dispatch();
    }
  }
}

function deliver({ job, index }: Item, vector: Float32Array): void {
  job.vectors[index] = vector;
  if (--job.missing === 0) job.resolve(job.vectors);
}

function fail(job: Job, error: unknown): void {
  job.waiting.length = 0;
  job.reject(error);
}

function cancelOnAbort(job: Job, signal: AbortSignal): void {
  const abort = () => fail(job, cancelled());
  signal.addEventListener("abort", abort, { once: true });
  const { resolve, reject } = job;
  job.resolve = (vectors) => {
    signal.removeEventListener("abort", abort);
    resolve(vectors);
  };
  job.reject = (error) => {
    signal.removeEventListener("abort", abort);
    reject(error);
  };
}

function cancelled(): AstrocyteError {
  return new AstrocyteError("cancelled", "[llm.local] The caller cancelled the embedding.");
}
