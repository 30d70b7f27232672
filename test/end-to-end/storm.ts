import { createServer, request as httpRequest, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";
import { connect } from "node:net";
import { buffer } from "node:stream/consumers";
import { setTimeout } from "node:timers/promises";

/** What came to the gateway's address, kept for later. */
type Kept = { path: string; headers: IncomingHttpHeaders; body: Buffer };

const STORMY = /^\/v1\/(?:webhooks\/|sessions\/[^/]+\/client-events$)/;
const COPIES = 2;
const LATEST_MS = 120;

export type Storm = {
  url: string;
  /** Where the gateway is. */
  target: string;
  /** False lets everything through as it comes. */
  rages: boolean;
  /** Statuses of forged requests. */
  forged: number[];
  /** Callbacks and reports so far. */
  count(): number;
  /** Everything once more, newest first, all at once. */
  replay(): Promise<void>;
  close(): Promise<void>;
};

/**
 * The gateway's public address in bad weather: what vendors call back and pages report comes late and so out of
 * order, more than once at the same time, forged beside the true one; and every third answer gets lost.
 */
export async function startStorm(): Promise<Storm> {
  const kept: Kept[] = [];
  const forged: number[] = [];
  const under = new Set<Promise<unknown>>();
  const server = createServer(async (incoming, outgoing) => {
    const { url: path = "/", method = "GET", headers } = incoming;
    if (method !== "POST" || !STORMY.test(path)) {
      const passed = httpRequest(storm.target + path, { method, headers }, (answer) => {
        outgoing.writeHead(answer.statusCode!, answer.headers);
        answer.pipe(outgoing);
        outgoing.on("close", () => answer.destroy());
      });
      passed.on("error", () => outgoing.destroy());
      return void incoming.pipe(passed);
    }
    const each = { path, headers, body: await buffer(incoming) };
    kept.push(each);
    if (storm.rages) {
      for (let copy = 0; copy < COPIES; copy++) track(late(each));
      track(forge(each).then((statuses) => forged.push(...statuses)));
      await setTimeout(Math.random() * LATEST_MS);
    }
    const answer = await send(each);
    const lost = storm.rages && kept.length % 3 === 0 && path.endsWith("client-events");
    outgoing.writeHead(lost ? 502 : answer.status, { "content-type": answer.type }).end(answer.body);
  });
  server.on("upgrade", (incoming, socket) => {
    const { hostname, port } = new URL(storm.target);
    const onward = connect(Number(port), hostname, () => {
      const lines = Object.entries(incoming.headers).map(([name, value]) => `${name}: ${value}`);
      onward.write(`GET ${incoming.url} HTTP/1.1\r\n${lines.join("\r\n")}\r\n\r\n`);
      onward.pipe(socket).pipe(onward);
    });
    for (const side of [onward, socket]) side.on("error", () => side.destroy());
  });
  const send = async ({ path, headers, body }: Kept) => {
    const { host: _, connection: __, "content-length": ___, "transfer-encoding": ____, ...rest } = headers;
    const init = { method: "POST", headers: rest as Record<string, string>, body: new Uint8Array(body) };
    const answer = await fetch(storm.target + path, init);
    const type = answer.headers.get("content-type") ?? "application/json";
    return { status: answer.status, type, body: await answer.text() };
  };
  const late = async (each: Kept) => {
    await setTimeout(Math.random() * LATEST_MS);
    await send(each);
  };
  /** A signature, token or address that is nobody's, and another body under a true one. */
  const forge = async (each: Kept): Promise<number[]> => {
    const { path, headers, body } = each;
    const credentials = ["authorization", "elevenlabs-signature", "x-twilio-signature"];
    const worn = Object.fromEntries(credentials.flatMap((name) => (headers[name] ? [[name, "v0=0"]] : [])));
    const signed = Object.keys(worn).length > 0;
    const fakes: Kept[] = [
      { path: signed ? path : path.replace(/.$/, "~"), headers: { ...headers, ...worn }, body },
    ];
    if (path.startsWith("/v1/webhooks/")) fakes.push({ path, headers, body: Buffer.concat([body, body]) });
    return Promise.all(fakes.map(async (fake) => (await send(fake)).status));
  };
  const track = (work: Promise<unknown>) => {
    under.add(work);
    work.finally(() => under.delete(work));
  };
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const storm: Storm = {
    ...{
      url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      target: "",
      rages: false,
      forged,
    },
    count: () => kept.length,
    async replay() {
      await Promise.all(under);
      await Promise.all(kept.toReversed().map(send));
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return storm;
}
