import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";
import type { TurnTrace } from "../brain/trace.ts";
import type { Composer } from "../composer/composer.ts";
import type { EventRow } from "../composer/store.ts";

/** What Prometheus scrapes. Labels are names of ours, never ids or content. */
export type GatewayMetrics = {
  http(route: string, method: string, status: number, seconds: number): void;
  recall(seconds: number, degraded: boolean): void;
  turn(trace: TurnTrace): void;
  /** Counts sessions of this composer from now on. Returns its end. */
  watch(composer: Composer): () => void;
  scrape(): Promise<{ contentType: string; text: string }>;
};

const FAST = [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10];
const PAGE = 500;

/** Counters of one gateway. `process` adds those of the Node process: once a process. */
export function createMetrics(options: { process?: boolean } = {}): GatewayMetrics {
  const register = new Registry();
  const registers = [register];
  if (options.process) collectDefaultMetrics({ register });
  let composer: Composer | undefined;

  const http = new Histogram({
    name: "astrocyte_http_request_duration_seconds",
    help: "Time from request to answer.",
    labelNames: ["route", "method", "status"],
    buckets: FAST,
    registers,
  });
  const recall = new Histogram({
    name: "astrocyte_recall_duration_seconds",
    help: "Time of a recall, over the API and in the brain's turns.",
    labelNames: ["path"],
    buckets: FAST,
    registers,
  });
  const degraded = new Counter({
    name: "astrocyte_degraded_total",
    help: "Answers that went on without all of memory.",
    labelNames: ["path"],
    registers,
  });
  const turns = new Counter({
    name: "astrocyte_brain_turns_total",
    help: "Turns of the shared brain.",
    labelNames: ["outcome", "memory"],
    registers,
  });
  const minutes = new Counter({
    name: "astrocyte_session_minutes_total",
    help: "Minutes of ended sessions.",
    labelNames: ["vendor"],
    registers,
  });
  const ended = new Counter({
    name: "astrocyte_sessions_ended_total",
    help: "Sessions that ended, by the reason.",
    labelNames: ["reason"],
    registers,
  });
  new Gauge({
    name: "astrocyte_sessions_open",
    help: "Sessions that are open or live, in all processes.",
    labelNames: ["vendor"],
    registers,
    async collect() {
      this.reset();
      for (const [vendor, count] of await openSessions(composer)) this.set({ vendor }, count);
    },
  });
  new Gauge({
    name: "astrocyte_sessions_leaked",
    help: "Sessions that the newest sweep could not end. Must be 0.",
    registers,
    collect() {
      this.set(composer?.lastSweep?.leaked ?? 0);
    },
  });
  new Gauge({
    name: "astrocyte_sweep_timestamp_seconds",
    help: "When the newest sweep began, since the epoch; 0 before the first is through.",
    registers,
    collect() {
      this.set((composer?.lastSweep?.at ?? 0) / 1000);
    },
  });

  const count = async (event: EventRow) => {
    if (event.type !== "ended") return;
    ended.inc({ reason: String(event.data["reason"] ?? "ended") });
    const row = await composer?.get(event.sessionId);
    if (row?.openedAt == null) return;
    minutes.inc({ vendor: row.vendor }, Math.max(0, event.at - row.openedAt) / 60_000);
  };

  return {
    http: (route, method, status, seconds) => http.observe({ route, method, status }, seconds),
    recall(seconds, isDegraded) {
      recall.observe({ path: "api" }, seconds);
      if (isDegraded) degraded.inc({ path: "api" });
    },
    turn({ outcome, memory, at }) {
      turns.inc({ outcome, memory });
      if (memory === "degraded") degraded.inc({ path: "brain" });
      const { bound, recalled } = at;
      if (bound !== undefined && recalled !== undefined)
        recall.observe({ path: "brain" }, (recalled - bound) / 1000);
    },
    watch(watched) {
      composer = watched;
      return watched.subscribe((event) => void count(event).catch(() => {}));
    },
    scrape: async () => ({ contentType: register.contentType, text: await register.metrics() }),
  };
}

async function openSessions(composer: Composer | undefined): Promise<Map<string, number>> {
  const counts = new Map<string, number>();
  let after: string | undefined;
  while (composer) {
    const page = await composer.list({ states: ["open", "live"], limit: PAGE, ...(after && { after }) });
    for (const { vendor } of page) counts.set(vendor, (counts.get(vendor) ?? 0) + 1);
    if (page.length < PAGE) break;
    after = page.at(-1)!.id;
  }
  return counts;
}
