import type { IncomingMessage, Server } from "node:http";
import type { Duplex } from "node:stream";
import { type WebSocket, WebSocketServer } from "ws";
import type { GatewayParts } from "./parts.ts";

const PATH = /^\/v1\/rooms\/(room_[a-z0-9]{1,64})$/;
/** Bytes of one message from a page. */
const MAX_MESSAGE_BYTES = 65_536;
const MAX_SOCKETS = 10_000;
const PING_MS = 30_000;

export type RoomSockets = {
  /** Ends all connections. */
  close(): void;
};

/** Takes WebSockets for the rooms that this process hosts. Who may come in is for the room to say. */
export function acceptRooms(
  server: Server,
  { rooms, clock }: GatewayParts,
  mayCome: (origin: string | undefined, host: string | undefined) => boolean,
): RoomSockets {
  const sockets = new WebSocketServer({ noServer: true, maxPayload: MAX_MESSAGE_BYTES });
  const alive = new WeakSet<WebSocket>();

  server.on("upgrade", (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    const [path = ""] = (request.url ?? "").split("?");
    const roomId = PATH.exec(path)?.[1];
    if (roomId === undefined) return refuse(socket, "404 Not Found");
    if (!mayCome(request.headers.origin, request.headers.host)) return refuse(socket, "403 Forbidden");
    if (sockets.clients.size >= MAX_SOCKETS) return refuse(socket, "503 Service Unavailable");
    sockets.handleUpgrade(request, socket, head, (page) => {
      alive.add(page);
      page.on("pong", () => alive.add(page));
      rooms.visit(page, roomId);
    });
  });

  /** A page whose network went away says nothing: it is found by not answering. */
  const check = () => {
    stop = clock.after(PING_MS, check);
    for (const page of sockets.clients) {
      if (!alive.delete(page)) page.terminate();
      else page.ping();
    }
  };
  let stop = clock.after(PING_MS, check);

  return {
    close() {
      stop();
      for (const page of sockets.clients) page.terminate();
      sockets.close();
    },
  };
}

function refuse(socket: Duplex, status: string): void {
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}
