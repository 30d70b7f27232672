import { toAstrocyteError } from "../../core/errors.ts";
import type { ComposerParts } from "../parts.ts";
import type { JobRow, SessionRow } from "../store.ts";
import { drainInbox } from "../transcripts/inbox.ts";
import { settle } from "../transcripts/settle.ts";
import { endSession, finishClosing } from "./end.ts";
import { backoffMs, type JobKind } from "./jobs.ts";
import { keepAlive } from "./keep-alive.ts";
import { type SweepReport, sweep } from "./sweep.ts";

/** How often a process looks for due work of its own and of crashed ones. */
const TICK_MS = 500;
const LEASE_MS = 60_000;
const BATCH = 50;

/** These say themselves when they are due again, or are done with. */
const LASTING: ReadonlySet<string> = new Set(["keep_alive", "close", "settle"] satisfies JobKind[]);

const WORK: Record<JobKind, (parts: ComposerParts, row: SessionRow, job: JobRow) => Promise<unknown>> = {
  limit: (parts, row) => endSession(parts, row.id, "max_duration"),
  absent: (parts, row) =>
    row.state === "open" ? endSession(parts, row.id, "nobody_came") : Promise.resolve(),
  left: (parts, row) => endSession(parts, row.id, "everybody_left"),
  goodbye: (parts, row) => endSession(parts, row.id, "agent_ended"),
  keep_alive: (parts, row) => keepAlive(parts, row),
  close: (parts, row) => finishClosing(parts, row),
  settle,
};

/** The composer's heartbeat: inbox, due jobs, sweep. One runs a process; jobs are claimed, so many may run. */
export class Clockwork {
  readonly #parts: ComposerParts;
  lastSweep: SweepReport | undefined;
  #stop: (() => void) | undefined;
  #running: Promise<void> = Promise.resolve();
  #closed = false;
  #nextSweep = 0;

  constructor(parts: ComposerParts) {
    this.#parts = parts;
  }

  start(): void {
    this.#tick();
  }

  /** Waits for what is under way. */
  async stop(): Promise<void> {
    this.#closed = true;
    this.#stop?.();
    await this.#running;
  }

  /** Does what is due now, in order: one pass at a time. */
  runDue(): Promise<void> {
    const pass = this.#running.then(() => this.#pass());
    this.#running = pass.catch(() => {});
    return pass;
  }

  async sweep(): Promise<SweepReport> {
    this.lastSweep = await sweep(this.#parts);
    return this.lastSweep;
  }

  #tick(): void {
    if (this.#closed) return;
    this.runDue()
      .catch((error) =>
        this.#parts.logger.error({ code: toAstrocyteError(error).code }, "a pass of the clockwork failed"),
      )
      .finally(() => {
        if (!this.#closed) this.#stop = this.#parts.clock.after(TICK_MS, () => this.#tick());
      });
  }

  async #pass(): Promise<void> {
    const { clock, settings, store } = this.#parts;
    if (clock.now() >= this.#nextSweep) {
      this.#nextSweep = clock.now() + settings.sweepEveryMs;
      await this.sweep();
    }
    await this.#drain();
    for (;;) {
      const jobs = await store.jobs.claim(clock.now(), BATCH, LEASE_MS);
      // Again: what was accepted before a session ended belongs to it when it is settled.
      if (jobs.length > 0) await this.#drain();
      for (const job of jobs) await this.#run(job);
      if (jobs.length < BATCH || this.#closed) return;
    }
  }

  async #drain(): Promise<void> {
    while (!this.#closed && (await drainInbox(this.#parts)) > 0);
  }

  async #run(job: JobRow): Promise<void> {
    const { store, clock, logger } = this.#parts;
    try {
      const row = await store.sessions.get(job.sessionId);
      const work = WORK[job.kind as JobKind];
      if (row && work) await work(this.#parts, row, job);
      if (!LASTING.has(job.kind)) await store.jobs.done(job.id);
    } catch (error) {
      logger.warn(
        { sessionId: job.sessionId, job: job.kind, code: toAstrocyteError(error).code },
        "a job failed and is repeated",
      );
      const attempts = job.attempts + 1;
      await store.jobs.put({ ...job, attempts, dueAt: clock.now() + backoffMs(attempts) });
    }
  }
}
