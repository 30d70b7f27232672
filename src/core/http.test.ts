import assert from "node:assert/strict";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { type TestContext, test } from "node:test";
import { FakeClock } from "../testing/fake-clock.ts";
import { AstrocyteError } from "./errors.ts";
import { createHttpClient, type HttpClientOptions } from "./http.ts";

async function serve(t: TestContext, listener: RequestListener, options: Partial<HttpClientOptions> = {}) {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const client = createHttpClient({ area: "test", ...options });
  t.after(async () => {
    server.closeAllConnections();
    server.close();
    await client.close();
  });
  const { port } = server.address() as AddressInfo;
  return { client, url: `http://127.0.0.1:${port}/secret-path?key=hunter2` };
}

const code = (error: unknown) => (AstrocyteError.is(error) ? error.code : error);

test("sends a body and headers, and answers any status as a value", async (t) => {
  const { client, url } = await serve(t, async (request, response) => {
    const body = Buffer.concat(await request.toArray()).toString();
    response.writeHead(418, { "x-got": `${request.method} ${request.headers["x-a"]} ${body}` });
    response.end('{"a":1}');
  });
  const answer = await client.request({ method: "POST", url, headers: { "x-a": "b" }, body: "hello" });
  assert.equal(answer.status, 418);
  assert.equal(answer.headers["x-got"], "POST b hello");
  assert.deepEqual(answer.json(), { a: 1 });
  assert.equal(answer.text(), '{"a":1}');
  assert.equal(answer.bytes().length, 7);
});

test("keeps connections", async (t) => {
  const ports = new Set<number | undefined>();
  const { client, url } = await serve(t, (request, response) => {
    ports.add(request.socket.remotePort);
    response.end("x");
  });
  for (let i = 0; i < 10; i++) assert.equal((await client.request({ url })).json(), undefined);
  // The next request may go out just before the last one's connection counts as free.
  assert.ok(ports.size <= 2);
});

test("a lost connection is tried once more, and only when that does no harm", async (t) => {
  let calls = 0;
  const { client, url } = await serve(t, (request, response) => {
    if (++calls % 2 === 1) request.socket.resetAndDestroy();
    else response.end("second");
  });
  assert.equal((await client.request({ url, idempotent: true })).text(), "second");
  await assert.rejects(client.request({ url }), (error) => code(error) === "source_failed");
  assert.equal(calls, 3);
});

test("a connection that is lost twice is an error without path, query or key", async (t) => {
  const { client, url } = await serve(t, (request) => void request.socket.resetAndDestroy());
  await assert.rejects(client.request({ url, idempotent: true }), (error: Error) => {
    assert.equal(code(error), "source_failed");
    assert.doesNotMatch(error.message, /secret|hunter2/);
    return true;
  });
});

test("waits as long as Retry-After says, on the clock, and tries again", async (t) => {
  const clock = new FakeClock();
  let calls = 0;
  const { promise: refused, resolve } = Promise.withResolvers<void>();
  const { client, url } = await serve(
    t,
    (_request, response) => {
      calls++;
      if (calls > 1) return void response.end("served");
      response.once("close", resolve);
      response.writeHead(429, { "retry-after": "3" }).end("wait");
    },
    { clock },
  );
  const answer = client.request({ url, idempotent: true });
  await refused;
  while (clock.pending < 2) await new Promise((next) => setImmediate(next));
  await clock.advance(2_999);
  assert.equal(calls, 1);
  await clock.advance(1);
  assert.equal((await answer).text(), "served");
});

test("a Retry-After beyond the deadline, or on a call that may not repeat, is the answer", async (t) => {
  const { client, url } = await serve(t, (_request, response) => {
    response.writeHead(503, { "retry-after": new Date(Date.now() + 60_000).toUTCString() }).end();
  });
  assert.equal((await client.request({ url, idempotent: true, timeoutMs: 5_000 })).status, 503);
  assert.equal((await client.request({ url, timeoutMs: 120_000 })).status, 503);
});

test("the deadline covers the head and the body", async (t) => {
  const clock = new FakeClock();
  const arrived: Array<() => void> = [];
  const { client, url } = await serve(
    t,
    (request, response) => {
      if (request.headers["x-head"]) response.write("start");
      arrived.shift()?.();
    },
    { clock, codes: { timeout: "llm_timeout" } },
  );
  for (const headers of [{}, { "x-head": "1" }]) {
    const { promise, resolve } = Promise.withResolvers<void>();
    arrived.push(resolve);
    const answer = assert.rejects(
      client.request({ url, headers, timeoutMs: 50 }),
      (e) => code(e) === "llm_timeout",
    );
    await promise;
    await clock.advance(50);
    await answer;
  }
  assert.equal(clock.pending, 0);
});

test("the caller's signal ends a request and a stream", async (t) => {
  const { client, url } = await serve(t, (_request, response) => void response.write("start"));
  const controller = new AbortController();
  const { body, status } = await client.stream({ url, signal: controller.signal });
  assert.equal(status, 200);
  const request = client.request({ url, signal: controller.signal });
  controller.abort();
  await assert.rejects(request, (error) => code(error) === "cancelled");
  await assert.rejects(body.toArray(), (error) => code(error) === "cancelled");
  await assert.rejects(
    client.request({ url, signal: controller.signal }),
    (error) => code(error) === "cancelled",
  );
});

test("an answer beyond the cap is an error", async (t) => {
  const { client, url } = await serve(t, (_request, response) => void response.end("x".repeat(2_000)));
  await assert.rejects(client.request({ url, maxBytes: 1_000 }), (error) => code(error) === "source_failed");
  assert.equal((await client.request({ url, maxBytes: 2_000 })).bytes().length, 2_000);
});

test("an address where nobody listens and an address that is none are errors", async (t) => {
  const client = createHttpClient({ area: "test", codes: { unreachable: "llm_unavailable" } });
  t.after(() => client.close());
  for (const url of ["http://127.0.0.1:1/x", "nonsense"]) {
    await assert.rejects(client.request({ url }), (error) => code(error) === "llm_unavailable");
  }
});
