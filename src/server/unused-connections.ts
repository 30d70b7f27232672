import type { Server } from "node:http";
import type { Socket } from "node:net";

/**
 * Connections on which no request has come yet. Browsers and HTTP clients open some ahead, and Node does not
 * count them as idle: a server that stops would wait for them as if they were at work. Returns what drops them.
 */
export function trackUnusedConnections(server: Server): () => void {
  const unused = new Set<Socket>();
  server.on("connection", (socket) => {
    unused.add(socket);
    socket.once("close", () => unused.delete(socket));
  });
  server.on("request", ({ socket }) => unused.delete(socket));
  server.on("upgrade", (_request, socket) => unused.delete(socket as Socket));
  return () => {
    for (const socket of unused) socket.destroy();
  };
}
