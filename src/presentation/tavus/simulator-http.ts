import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Answer } from "./simulator-answer.ts";
import { createRooms } from "./simulator-room.ts";
import { answerCall } from "./simulator-routes.ts";
import type { Row, World } from "./simulator-world.ts";

/** The API and the rooms on one loopback port. Resolves when it listens. */
export async function listen(world: World): Promise<{ close(): Promise<void> }> {
  const rooms = createRooms(world);
  const server = createServer((req, res) => {
    serve(world, req, res).catch(() => res.destroy());
  });
  server.on("upgrade", (req, socket, head) => rooms.upgrade(req, socket, head));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  world.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    async close() {
      rooms.close();
      await stop(server);
    },
  };
}

async function serve(world: World, req: IncomingMessage, res: ServerResponse): Promise<void> {
  const url = new URL(req.url ?? "/", world.url);
  const method = req.method ?? "GET";
  const body = parse(await readBody(req));
  const answer =
    refusal(world, req) ?? answerCall(world, { method, path: url.pathname, query: url.searchParams, body });
  const { status } = answer;
  const query = Object.fromEntries(url.searchParams);
  world.requests.push({ method, path: url.pathname, query, body, status, at: world.clock.now() });
  const { slowCreateMs, loseResponseOf } = world.faults;
  if (method === "POST" && loseResponseOf === url.pathname) return void req.socket.destroy();
  if (method === "POST" && slowCreateMs > 0 && url.pathname === "/v2/conversations") {
    return void world.clock.after(slowCreateMs, () => send(res, answer));
  }
  send(res, answer);
}

function refusal(world: World, req: IncomingMessage): Answer | undefined {
  const { faults } = world;
  if (faults.badKey || req.headers["x-api-key"] !== world.apiKey) {
    return { status: 401, body: { message: "Invalid access token" } };
  }
  if (faults.failNext <= 0) return undefined;
  faults.failNext--;
  return { status: 503, body: { message: "Service Unavailable" } };
}

function send(res: ServerResponse, { status, body }: Answer): void {
  if (body === undefined) return void res.writeHead(status).end();
  res.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
}

async function readBody(req: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of req) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString("utf8");
}

function parse(text: string): Row | Row[] | undefined {
  return text === "" ? undefined : (JSON.parse(text) as Row | Row[]);
}

function stop(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
