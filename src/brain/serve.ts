import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Brain } from "./brain.ts";

const PATH = /^(?:\/brain)?(?:\/s\/([^/]+))?\/v1\/(chat\/completions|models|dialects\/([^/]+))$/;

/** The brain alone on bare `node:http`, for tests and measurements; the gateway mounts it among its routes. */
export async function serveBrain(
  brain: Brain,
  port = 0,
  host = "127.0.0.1",
): Promise<{ server: Server; url: string }> {
  const server = createServer((req, res) => {
    const [path = ""] = (req.url ?? "").split("?");
    const [, key, route, vendor] = PATH.exec(path) ?? [];
    const at = {
      ...(key !== undefined && { sessionKey: decodeURIComponent(key) }),
      ...(vendor !== undefined && { vendor }),
    };
    if (route === "models" && req.method === "GET") brain.models(req, res, at);
    else if (route !== undefined && route !== "models" && req.method === "POST") brain.handle(req, res, at);
    else res.writeHead(404).end();
  });
  await new Promise<void>((resolve) => server.listen(port, host, resolve));
  const { port: bound } = server.address() as AddressInfo;
  return { server, url: `http://${host}:${bound}/brain/v1` };
}
