import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { test } from "node:test";
import { trackUnusedConnections } from "./unused-connections.ts";

test("a server that stops drops connections without a request and finishes those with one", async () => {
  const asked = Promise.withResolvers<void>();
  const answer = Promise.withResolvers<void>();
  const server = createServer(async (_request, response) => {
    asked.resolve();
    await answer.promise;
    response.end("done");
  });
  const dropUnused = trackUnusedConnections(server);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;

  const silent = connect(port, "127.0.0.1");
  await once(server, "connection");
  const working = fetch(`http://127.0.0.1:${port}/`, { headers: { connection: "close" } });
  await asked.promise;

  const closed = once(server, "close");
  server.close();
  dropUnused();
  await once(silent, "close");
  answer.resolve();
  assert.equal(await (await working).text(), "done");
  await closed;
});
