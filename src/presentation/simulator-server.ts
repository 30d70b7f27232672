import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";

/** One request that a simulated vendor got. `body` is parsed JSON, or a form as an object; the text otherwise. */
export type SimulatedCall = {
  method: string;
  path: string;
  query: URLSearchParams;
  headers: IncomingMessage["headers"];
  body: unknown;
};

/** `undefined` body: none at all. A `Uint8Array` goes out as it is. */
export type SimulatedAnswer = { status: number; body?: unknown; headers?: Record<string, string> };

/** `lost`: the work is done, and the connection breaks before the answer. */
export type SimulatedOutcome = SimulatedAnswer | "lost";

/** A simulated vendor that listens. */
export type SimulatorServer = {
  url: string;
  close(): Promise<void>;
};

/** A vendor's API on a loopback port. `answer` may wait as long as it likes. */
export async function startSimulatorServer(
  answer: (call: SimulatedCall) => SimulatedOutcome | Promise<SimulatedOutcome>,
  upgrade?: (request: IncomingMessage, socket: Duplex, head: Buffer) => void,
): Promise<SimulatorServer> {
  const server = createServer(async (req, res) => {
    try {
      const url = new URL(req.url ?? "/", "http://simulator");
      const body = parse(req.headers["content-type"] ?? "", await readBody(req));
      const { pathname: path, searchParams: query } = url;
      const outcome = await answer({ method: req.method ?? "GET", path, query, headers: req.headers, body });
      if (outcome === "lost") return void req.socket.destroy();
      if (outcome.body === undefined) return void res.writeHead(outcome.status, outcome.headers).end();
      const raw = outcome.body instanceof Uint8Array || typeof outcome.body === "string";
      const type = raw ? {} : { "content-type": "application/json" };
      res.writeHead(outcome.status, { ...type, ...outcome.headers });
      res.end(raw ? outcome.body : JSON.stringify(outcome.body));
    } catch {
      res.destroy();
    }
  });
  if (upgrade) server.on("upgrade", upgrade);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () => stop(server),
  };
}

/** What a simulated vendor has begun and not yet finished. A failure in it is a fault of the simulator: it is not hidden. */
type Busy = { running: Set<Promise<unknown>> };

export function track({ running }: Busy, work: Promise<unknown>): void {
  const watched = work.finally(() => running.delete(watched));
  running.add(watched);
}

/** Resolves when all that has begun, and all that followed from it, is done. */
export async function untilIdle({ running }: Busy): Promise<void> {
  while (running.size > 0) await Promise.allSettled(running);
}

async function readBody(req: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of req) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString("utf8");
}

function parse(type: string, body: string): unknown {
  if (body === "") return undefined;
  if (type.includes("x-www-form-urlencoded")) return Object.fromEntries(new URLSearchParams(body));
  try {
    return JSON.parse(body);
  } catch {
    return body;
  }
}

function stop(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
