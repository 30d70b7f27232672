import type { IncomingMessage, Server } from "node:http";
import type { Duplex } from "node:stream";
import { type WebSocket, WebSocketServer } from "ws";
import { toAstrocyteError } from "../core/errors.ts";
import type { CallbackRequest } from "../presentation/adapter.ts";
import type { RateLimiter } from "./limits.ts";
import type { GatewayParts } from "./parts.ts";
import { headersOf } from "./routes/callbacks.ts";

const PATH = /^\/v1\/sockets\/([a-z0-9_-]{1,64})\/([\w.-]{1,256})$/;
/** Bytes of one message. */
const MAX_MESSAGE_BYTES = 65_536;
const MAX_SOCKETS = 10_000;
/** Of one session: a page or a vendor that comes back has its old one for a while. */
const MAX_OF_SESSION = 8;
const PING_MS = 30_000;

const REFUSALS: Partial<Record<string, string>> = {
  gone: "410 Gone",
  rate_limited: "429 Too Many Requests",
  internal: "500 Internal Server Error",
};

/** `mayCome`: whether a page of this origin may. `requests`: how often one address may be called. */
type SocketGuards = {
  mayCome(origin: string | undefined, host: string | undefined): boolean;
  requests: RateLimiter;
};

export type Sockets = {
  /** Ends all connections. */
  close(): void;
};

/**
 * Takes WebSockets of calls that pass through us, opened by vendors and by the pages of our own rooms. The
 * address is the session's own, and its last part the credential.
 */
export function acceptSockets(
  server: Server,
  { composer, clock, logger }: GatewayParts,
  { mayCome, requests }: SocketGuards,
): Sockets {
  const sockets = new WebSocketServer({ noServer: true, maxPayload: MAX_MESSAGE_BYTES });
  const alive = new WeakSet<WebSocket>();
  const open = new Map<string, number>();
  let closed = false;

  server.on("upgrade", (request: IncomingMessage, connection: Duplex, head: Buffer) => {
    const gone = () => connection.destroy();
    connection.on("error", gone);
    admit(request).then(
      (take) => {
        connection.off("error", gone);
        sockets.handleUpgrade(request, connection, head, take);
      },
      (error) => refuse(connection, refusalOf(error)),
    );
  });

  /** Errors: a status line, or an `AstrocyteError`. */
  async function admit(request: IncomingMessage): Promise<(socket: WebSocket) => void> {
    const [path = ""] = (request.url ?? "").split("?");
    const [, vendor, secret] = PATH.exec(path) ?? [];
    if (vendor === undefined || secret === undefined) throw "404 Not Found";
    if (!mayCome(request.headers.origin, request.headers.host)) throw "403 Forbidden";
    if (closed || sockets.clients.size >= MAX_SOCKETS) throw "503 Service Unavailable";
    requests.spend(`socket ${secret}`);
    const take = await composer.socket(vendor, secret, callback(request, composer.parts.publicUrl));
    if ((open.get(secret) ?? 0) >= MAX_OF_SESSION) throw "429 Too Many Requests";
    return (socket) => {
      watch(socket, secret);
      take(socket);
    };
  }

  function refusalOf(error: unknown): string {
    if (typeof error === "string") return error;
    const { code } = toAstrocyteError(error);
    if (code === "internal") logger.error({ code }, "a socket could not be taken");
    // Whether the vendor, the session or the secret is wrong is for nobody to know.
    return REFUSALS[code] ?? "404 Not Found";
  }

  function watch(socket: WebSocket, secret: string): void {
    alive.add(socket);
    open.set(secret, (open.get(secret) ?? 0) + 1);
    socket.on("pong", () => alive.add(socket));
    socket.on("close", () => {
      const left = open.get(secret)! - 1;
      if (left > 0) open.set(secret, left);
      else open.delete(secret);
    });
  }

  /** One whose network went away says nothing: it is found by not answering. */
  const check = () => {
    stop = clock.after(PING_MS, check);
    for (const socket of sockets.clients) {
      if (!alive.delete(socket)) socket.terminate();
      else socket.ping();
    }
  };
  let stop = clock.after(PING_MS, check);

  return {
    close() {
      closed = true;
      stop();
      for (const socket of sockets.clients) socket.terminate();
      sockets.close();
    },
  };
}

function callback(request: IncomingMessage, publicUrl: string): CallbackRequest {
  const url = publicUrl.replace(/^http/, "ws") + (request.url ?? "");
  const query = Object.fromEntries(new URL(url).searchParams);
  return { url, body: new Uint8Array(), headers: headersOf(request.headers), query };
}

function refuse(connection: Duplex, status: string): void {
  connection.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}
