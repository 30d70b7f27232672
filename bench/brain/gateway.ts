import { monitorEventLoopDelay } from "node:perf_hooks";
import { createBrain, serveBrain } from "../../src/brain/index.ts";
import { sha256 } from "../../src/core/secrets.ts";
import { OWNER } from "../recall/files.ts";
import { BANK, openMemories } from "./memories.ts";

/** The brain in a process of its own, with or without memory. It tells its resources when asked. */

export type GatewayStats = {
  rssMb: number;
  heapMb: number;
  cpuMs: number;
  loopDelayP99Ms: number;
  loopDelayMaxMs: number;
};

const KEY = "bench-key-0123456789";

const [upstream = "", memories = "0"] = process.argv.slice(2);
const memory = Number(memories) > 0 ? await openMemories(Number(memories)) : undefined;
// As a gateway does at its start.
await memory?.warm();
const brain = createBrain({
  ...(memory && { memory }),
  keys: [{ name: "bench", hash: sha256(KEY), principal: OWNER, bank: BANK }],
  upstreams: [{ kind: "openai", baseUrl: upstream, apiKey: "unused" }],
});
const { url } = await serveBrain(brain);
const delay = monitorEventLoopDelay({ resolution: 2 });
delay.enable();

process.on("message", (message: string) => {
  if (message === "reset") {
    delay.reset();
    return;
  }
  // What is garbage does not count.
  if (message === "collect") globalThis.gc?.();
  process.send!(stats());
});
process.on("disconnect", () => process.exit(0));
process.send!({ url, key: KEY });

function stats(): GatewayStats {
  const { rss, heapUsed } = process.memoryUsage();
  const { user, system } = process.cpuUsage();
  return {
    rssMb: rss / 2 ** 20,
    heapMb: heapUsed / 2 ** 20,
    cpuMs: (user + system) / 1000,
    loopDelayP99Ms: delay.percentile(99) / 1e6,
    loopDelayMaxMs: delay.max / 1e6,
  };
}
