import { createServer, type IncomingMessage, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";

export type Served = { url: string; close(): Promise<void> };

/** A server of ours on a free loopback port. */
export async function serve(handler: (request: Request) => Promise<Response>): Promise<Served> {
  const server = createServer(listenerOf(handler));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, close: () => stop(server) };
}

function listenerOf(handler: (request: Request) => Promise<Response>): RequestListener {
  return (incoming, outgoing) => {
    void requestOf(incoming)
      .then(handler)
      .then(async (answer) => {
        const body = Buffer.from(await answer.arrayBuffer());
        outgoing.writeHead(answer.status, Object.fromEntries(answer.headers)).end(body);
      })
      .catch(() => outgoing.destroy());
  };
}

async function requestOf(incoming: IncomingMessage): Promise<Request> {
  const { method = "GET", url = "/", headers } = incoming;
  const body = await text(incoming);
  const known = Object.entries(headers).map(([name, value]): [string, string] => [name, String(value)]);
  return new Request(`http://${headers.host}${url}`, {
    method,
    headers: known,
    ...(body !== "" && { body }),
  });
}

function stop(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
