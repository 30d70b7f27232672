import type { ChildProcess } from "node:child_process";
import { fixed, median, quantile } from "./figures.ts";
import type { LoadOrder, LoadResult } from "./load.ts";
import { askFor } from "./processes.ts";

export type ArmStats = { rssMb: number; cpuMs: number; loopDelayP99Ms: number; loopDelayMaxMs: number };

/** One way to the model. */
export type Arm = {
  name: string;
  url: string;
  headers: Record<string, string>;
  /** Asks memory at each turn. */
  recalls?: boolean;
  reset?(): void;
  stats?(): Promise<ArmStats>;
};

type Scenario = {
  name: string;
  model: "paced" | "unpaced";
  streams: number;
  requests: number;
  rounds: number;
};

type Measured = {
  firstWords: number[];
  perSecond: number[];
  cpuMsEach: number[];
  loopDelay: number[];
  loopDelayMax: number[];
  rssMb: number;
  failed: number;
  failure?: string;
  degraded: number;
};

/** What a paced stream lasts: callers begin at any time within it. */
const STREAM_MS = 280;

export type Measurement = {
  arms: Arm[];
  load: ChildProcess;
  quick: boolean;
  /** Only this scenario, e.g. `paced_64`. */
  only?: string | undefined;
  questions: string[];
};

/** Runs all scenarios, arms in turn, their order reversed every second round; prints and returns the figures. */
export async function measure(measurement: Measurement): Promise<Record<string, number>> {
  const figures: Record<string, number> = {};
  for (const arm of measurement.arms) {
    await drive(measurement, arm, warmUp(arm, measurement.quick));
    // As many as will be measured, so that every thread has what it needs and its code is compiled.
    await drive(measurement, arm, scenario("warm", "paced", 64, measurement.quick ? 12 : 24, 1));
  }
  const scenarios = measurement.quick ? QUICK : FULL;
  for (const each of scenarios.filter(({ name }) => (measurement.only ?? name) === name)) {
    const measured = await runScenario(measurement, each);
    report(each, measured, figures);
  }
  return figures;
}

/** Until the code is compiled; one at a time where memory would be flooded, and its breaker open. */
function warmUp({ recalls }: Arm, quick: boolean): Scenario {
  const times = quick ? 30 : 150;
  return recalls ? scenario("warm", "unpaced", 1, times * 3, 1) : scenario("warm", "unpaced", 64, times, 1);
}

function scenario(
  name: string,
  model: "paced" | "unpaced",
  streams: number,
  requests: number,
  rounds: number,
): Scenario {
  return { name: `${name}_${streams}`, model, streams, requests, rounds };
}

/** What floods memory comes last. */
const FULL = [
  scenario("paced", "paced", 1, 12, 5),
  scenario("unpaced", "unpaced", 1, 300, 5),
  scenario("paced", "paced", 64, 10, 6),
  scenario("paced", "paced", 256, 6, 3),
  scenario("unpaced", "unpaced", 64, 40, 6),
  scenario("unpaced", "unpaced", 256, 12, 4),
];
const QUICK = [
  scenario("paced", "paced", 1, 6, 1),
  scenario("paced", "paced", 64, 6, 2),
  scenario("unpaced", "unpaced", 64, 20, 2),
];

async function runScenario(measurement: Measurement, each: Scenario): Promise<Map<string, Measured>> {
  const all = new Map<string, Measured>();
  for (let round = 0; round < each.rounds; round++) {
    const order = round % 2 === 0 ? measurement.arms : [...measurement.arms].reverse();
    for (const arm of order) add(all, arm.name, await drive(measurement, arm, each));
  }
  return all;
}

async function drive({ load, questions }: Measurement, arm: Arm, each: Scenario): Promise<Measured> {
  arm.reset?.();
  const before = await arm.stats?.();
  const order: LoadOrder = {
    url: arm.url,
    headers: arm.headers,
    model: each.model,
    streams: each.streams,
    requests: each.requests,
    spreadMs: each.model === "paced" && each.streams > 1 ? STREAM_MS : 0,
    questions,
  };
  const { firstWords, elapsedMs, failed, failure, degraded } = await askFor<LoadResult>(load, order);
  const after = await arm.stats?.();
  const cpu = after && before ? after.cpuMs - before.cpuMs : 0;
  return {
    firstWords,
    perSecond: [(firstWords.length * 1000) / elapsedMs],
    cpuMsEach: [cpu / firstWords.length],
    loopDelay: after ? [after.loopDelayP99Ms] : [],
    loopDelayMax: after ? [after.loopDelayMaxMs] : [],
    rssMb: after?.rssMb ?? 0,
    failed,
    degraded,
    ...(failure !== undefined && { failure }),
  };
}

function add(all: Map<string, Measured>, name: string, more: Measured): void {
  const before = all.get(name);
  if (!before) return void all.set(name, more);
  before.firstWords.push(...more.firstWords);
  before.perSecond.push(...more.perSecond);
  before.cpuMsEach.push(...more.cpuMsEach);
  before.loopDelay.push(...more.loopDelay);
  before.loopDelayMax.push(...more.loopDelayMax);
  before.rssMb = more.rssMb;
  before.failed += more.failed;
  before.degraded += more.degraded;
  if (more.failure !== undefined) before.failure = more.failure;
}

function report(
  { name, rounds }: Scenario,
  measured: Map<string, Measured>,
  figures: Record<string, number>,
): void {
  const direct = measured.get("direct")!;
  console.log(`\n${name}: ${direct.firstWords.length} requests an arm in ${rounds} rounds`);
  const rows: Record<string, Record<string, number>> = {};
  for (const [arm, each] of measured) {
    if (each.failed > 0) console.log(`  ${arm}: ${each.failed} failed, the last with ${each.failure}`);
    rows[arm] = rowOf(each, direct);
    for (const [key, value] of Object.entries(rows[arm]))
      if (!Number.isNaN(value)) figures[`${name}_${arm}_${key}`] = value;
  }
  console.table(rows);
}

function rowOf(each: Measured, direct: Measured): Record<string, number> {
  const p50 = quantile(each.firstWords, 0.5);
  const p99 = quantile(each.firstWords, 0.99);
  return {
    first_word_p50_ms: fixed(p50),
    first_word_p99_ms: fixed(p99),
    added_p50_ms: fixed(p50 - quantile(direct.firstWords, 0.5)),
    added_p99_ms: fixed(p99 - quantile(direct.firstWords, 0.99)),
    per_second: fixed(median(each.perSecond), 1),
    // Of the same round: the machine's speed drifts.
    throughput_ratio: fixed(
      median(each.perSecond.map((value, round) => value / direct.perSecond[round]!)),
      3,
    ),
    cpu_ms_each: fixed(median(each.cpuMsEach), 3),
    loop_delay_p99_ms: fixed(median(each.loopDelay), 1),
    loop_delay_max_ms: fixed(quantile(each.loopDelayMax, 1), 1),
    rss_mb: fixed(each.rssMb, 0),
    degraded: each.degraded,
    failed: each.failed,
  };
}
