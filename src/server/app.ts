import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { fastify } from "fastify";
import { AstrocyteError, toAstrocyteError } from "../core/errors.ts";
import { newId } from "../core/ids.ts";
import { createAuthenticator } from "./auth/index.ts";
import { isDevelopment, isLoopback } from "./config.ts";
import { isForeign, problemOf, traceOf } from "./errors.ts";
import { EventStreams } from "./event-stream.ts";
import { registerHeaders } from "./headers.ts";
import { RateLimiter } from "./limits.ts";
import { openApiOf } from "./openapi.ts";
import { registerPage } from "./page.ts";
import type { GatewayParts } from "./parts.ts";
import { registerRoutes } from "./register.ts";
import type { Route } from "./route.ts";
import { adminRoutes } from "./routes/admin.ts";
import { registerBrain } from "./routes/brain.ts";
import { briefingRoutes } from "./routes/briefings.ts";
import { registerCallbacks } from "./routes/callbacks.ts";
import { dsarRoutes } from "./routes/dsar.ts";
import { exchangeRoutes } from "./routes/exchange.ts";
import { memoryRoutes } from "./routes/memory.ts";
import { sessionRoutes } from "./routes/sessions.ts";
import { registerOpenApi, systemRoutes } from "./routes/system.ts";
import { acceptSockets } from "./sockets.ts";
import { trackUnusedConnections } from "./unused-connections.ts";
import { version } from "./version.ts";

/** An HTTP server that does not listen yet. */
export type Gateway = {
  /** Every operation that the OpenAPI document describes. */
  routes: Route[];
  /** Serves until `close`; returns the address. Errors: `config_invalid` when it would be open to the network. */
  listen(at?: { host?: string; port?: number }): Promise<string>;
  /**
   * Takes no more, ends event streams and this process's rooms, waits for what is under way as long as the
   * drain allows, then cuts it. Idempotent.
   */
  close(): Promise<void>;
};

/** The HTTP face of memory, composer and brain. Nothing listens yet. */
export function createGateway(parts: GatewayParts): Gateway {
  const { config, composer, clock, logger } = parts;
  const { limits } = config;
  let draining = false;
  let closing: Promise<void> | undefined;

  // A request that trickles in is cut; the pause between two of one connection is longer than clients keep theirs.
  const server = createServer({ headersTimeout: 20_000, requestTimeout: 60_000, keepAliveTimeout: 65_000 });
  server.on("request", (_request, response) => {
    // A connection that was busy when the gateway began to stop is not kept for a next request.
    response.once("close", () => setImmediate(() => draining && server.closeIdleConnections()));
  });
  const dropUnused = trackUnusedConnections(server);
  const app = fastify({
    serverFactory: (handler) => server.on("request", handler),
    genReqId: () => newId("req", clock),
    trustProxy: config.trust_proxy,
    bodyLimit: limits.max_body_bytes,
    routerOptions: { maxParamLength: 512 },
    logger: false,
  });
  app.removeContentTypeParser("text/plain");
  app.decorateRequest("caller", null as never);

  app.setErrorHandler((error, request, reply) => {
    const { problem, headers } = problemOf(error, request.id);
    if (isForeign(error)) {
      const facts = { requestId: request.id, code: problem.code, ...traceOf(error) };
      logger.error(facts, "a request failed on our side");
    }
    return reply.code(problem.status).headers(headers).send(problem);
  });
  app.setNotFoundHandler((request, reply) => {
    const missing = new AstrocyteError("not_found", "[gateway] there is nothing here. See /openapi.json.");
    const { problem, headers } = problemOf(missing, request.id);
    return reply.code(404).headers(headers).send(problem);
  });
  app.addHook("onResponse", async (request, reply) => {
    // The route's pattern: an address may hold a secret.
    const route = request.routeOptions.url ?? "none";
    const { method, id } = request;
    const ms = Math.round(reply.elapsedTime * 10) / 10;
    const status = reply.raw.statusCode;
    parts.metrics.http(route, method, status, ms / 1000);
    logger.info({ requestId: id, method, route, status, ms, caller: request.caller?.id }, "request");
  });
  registerHeaders(app, config.cors.origins, () => composer.parts.publicUrl);

  const streams = new EventStreams(composer, clock, limits.streams);
  const opens = new RateLimiter(clock, limits.sessions_per_minute);
  const requests = new RateLimiter(clock, limits.requests_per_minute);
  const failures = new RateLimiter(clock, limits.failures_per_minute);
  const routes = [
    ...memoryRoutes(parts),
    ...exchangeRoutes(parts),
    ...adminRoutes(parts),
    ...dsarRoutes(parts),
    ...sessionRoutes({ ...parts, streams, opens }),
    ...briefingRoutes(parts),
    ...systemRoutes(parts, version, () => draining),
  ];
  const authenticate = createAuthenticator(config, composer, clock);
  registerRoutes(app, routes, { authenticate, requests, failures });
  registerCallbacks(app, parts, requests);
  registerBrain(app, parts);
  registerOpenApi(app, openApiOf(routes, version));
  if (isDevelopment(config)) registerPage(app, parts);

  const mayCome = (origin: string | undefined, host: string | undefined) => {
    if (origin === undefined || !URL.canParse(origin)) return origin === undefined;
    const others = [...config.cors.origins, composer.parts.publicUrl].map((url) => new URL(url).host);
    return [host, ...others].includes(new URL(origin).host);
  };
  const sockets = acceptSockets(server, parts, { mayCome, requests });
  const unwatch = parts.metrics.watch(composer);

  async function close(): Promise<void> {
    draining = true;
    streams.closeAll();
    await parts.beforeClose().catch((error) => {
      logger.warn({ code: toAstrocyteError(error).code }, "not every session could be ended");
    });
    sockets.close();
    dropUnused();
    const cut = clock.after(config.drain, () => server.closeAllConnections());
    await app.close();
    cut();
    unwatch();
  }

  return {
    routes,
    async listen({ host = config.host, port = config.port } = {}) {
      if (isDevelopment(config) && !isLoopback(host)) throw openToAll(host);
      await app.ready();
      await app.listen({ host, port });
      const { port: bound } = server.address() as AddressInfo;
      return `http://${host.includes(":") ? `[${host}]` : host}:${bound}`;
    },
    close() {
      closing ??= close();
      return closing;
    },
  };
}

function openToAll(host: string): AstrocyteError {
  return new AstrocyteError(
    "config_invalid",
    `[server] without keys or jwt everybody who reaches ${host} could read all memory. Set server.keys or server.jwt, or listen on 127.0.0.1.`,
  );
}
