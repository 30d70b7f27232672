import { request } from "node:http";
import { fixed } from "./figures.ts";
import type { GatewayStats } from "./gateway.ts";
import { askFor, start } from "./processes.ts";

/** A thousand callers who mostly listen: memory must stay flat, and every stream alive. */

const STREAMS = 1_000;

export async function runIdle(quick: boolean): Promise<Record<string, number>> {
  const seconds = quick ? 20 : 300;
  const upstream = await start<{ port: number }>("upstream.ts");
  const gateway = await start<{ url: string; key: string }>("gateway.ts", [
    `http://127.0.0.1:${upstream.hello.port}/v1`,
  ]);
  const empty = await askFor<GatewayStats>(gateway.child, "stats");
  const streams = Array.from({ length: STREAMS }, () => listen(gateway.hello));
  await Promise.all(streams.map(({ begun }) => begun));
  await sleep(seconds * 100);
  const samples: GatewayStats[] = [];
  for (let tenth = 0; tenth < 9; tenth++) {
    samples.push(await askFor<GatewayStats>(gateway.child, "collect"));
    await sleep(seconds * 100);
  }
  samples.push(await askFor<GatewayStats>(gateway.child, "collect"));
  const [first, last] = [samples[0]!, samples.at(-1)!];
  console.log(`resident MB at each tenth: ${samples.map(({ rssMb }) => fixed(rssMb, 1)).join(", ")}`);
  const figures = {
    idle_streams: STREAMS,
    idle_seconds: seconds,
    idle_alive: streams.filter((stream) => stream.alive()).length,
    idle_rss_empty_mb: fixed(empty.rssMb, 1),
    idle_rss_first_mb: fixed(first.rssMb, 1),
    idle_rss_last_mb: fixed(last.rssMb, 1),
    idle_heap_first_mb: fixed(first.heapMb, 1),
    idle_heap_last_mb: fixed(last.heapMb, 1),
    idle_kb_per_stream: fixed(((first.rssMb - empty.rssMb) * 1024) / STREAMS, 1),
    idle_loop_delay_p99_ms: fixed(last.loopDelayP99Ms, 1),
  };
  for (const stream of streams) stream.end();
  console.table(figures);
  return figures;
}

function listen({ url, key }: { url: string; key: string }) {
  let open = true;
  const body = JSON.stringify({
    model: "idle",
    stream: true,
    messages: [{ role: "user", content: "Hello" }],
  });
  const headers = { authorization: `Bearer ${key}`, "content-type": "application/json" };
  const sent = request(`${url}/chat/completions`, { method: "POST", agent: false, headers });
  const begun = new Promise<void>((resolve, reject) => {
    sent.on("error", reject).on("response", (res) => {
      res
        .once("data", () => resolve())
        .on("error", () => {})
        .on("close", () => (open = false))
        .resume();
    });
  });
  sent.end(body);
  return { begun, alive: () => open, end: () => sent.destroy() };
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
