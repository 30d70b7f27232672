import { parseArgs } from "node:util";
import { type Arm, measure } from "./brain/arms.ts";
import type { GatewayStats } from "./brain/gateway.ts";
import { runIdle } from "./brain/idle.ts";
import { PORTKEY_VERSION, portkeyHeaders, startPortkey } from "./brain/portkey.ts";
import { askFor, cpuMsOf, launch, rssMbOf, start, stopAll } from "./brain/processes.ts";

import { questionTexts } from "./recall/corpus.ts";
import { CACHE } from "./recall/files.ts";

/**
 * `bench brain`: what the shared brain adds to a model's first word, and what is left of throughput, beside
 * calling the model directly and beside Portkey's gateway. Arms take turns within one run: on shared machines
 * only what one run compares can be compared.
 *
 *   --quick   under a minute
 *   --idle    a thousand quiet streams for five minutes (with --quick: 20 seconds) instead
 *   --only S  one scenario, such as paced_64
 *   --memories N (10000)         --no-portkey
 */
export async function run(args: string[]): Promise<Record<string, number>> {
  const { values } = parseArgs({
    args,
    options: {
      quick: { type: "boolean", default: false },
      idle: { type: "boolean", default: false },
      memories: { type: "string", default: "10000" },
      "no-portkey": { type: "boolean", default: false },
      only: { type: "string" },
    },
  });
  try {
    return values.idle ? await runIdle(values.quick) : await compare(values);
  } finally {
    stopAll();
  }
}

type Options = { quick: boolean; memories: string; "no-portkey": boolean; only?: string | undefined };

async function compare(options: Options): Promise<Record<string, number>> {
  const { hello } = await start<{ port: number }>("upstream.ts");
  const upstream = `http://127.0.0.1:${hello.port}/v1`;
  const load = launch("load.ts");
  const arms: Arm[] = [
    { name: "direct", url: upstream, headers: {} },
    await brainArm("brain", upstream, []),
    { ...(await brainArm("brain_recall", upstream, [options.memories])), recalls: true },
    ...(options["no-portkey"] ? [] : await portkeyArm(upstream)),
  ];
  return measure({ arms, load, quick: options.quick, only: options.only, questions: questionTexts(5_000) });
}

async function brainArm(name: string, upstream: string, memory: string[]): Promise<Arm> {
  const { child, hello } = await start<{ url: string; key: string }>("gateway.ts", [upstream, ...memory]);
  return {
    name,
    url: hello.url,
    headers: { authorization: `Bearer ${hello.key}` },
    reset: () => void child.send("reset"),
    stats: () => askFor<GatewayStats>(child, "stats"),
  };
}

async function portkeyArm(upstream: string): Promise<Arm[]> {
  try {
    const { url, pid } = await startPortkey(CACHE);
    const stats = async () => ({
      rssMb: rssMbOf(pid),
      cpuMs: cpuMsOf(pid),
      loopDelayP99Ms: Number.NaN,
      loopDelayMaxMs: Number.NaN,
    });
    return [{ name: "portkey", url, headers: portkeyHeaders(upstream), stats }];
  } catch (error) {
    console.log(`portkey ${PORTKEY_VERSION}: left out, ${error instanceof Error ? error.message : error}`);
    return [];
  }
}
