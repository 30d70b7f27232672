import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { Authenticate, Caller } from "./auth/index.ts";
import type { RateLimiter } from "./limits.ts";
import { assertAccess, checked, type Input, type Route } from "./route.ts";

export type Guards = {
  authenticate: Authenticate;
  /** By caller. */
  requests: RateLimiter;
  /** By address, for requests without a valid credential. */
  failures: RateLimiter;
};

/** Puts routes on the server: who calls, whether they may, what they sent, and only then the work. */
export function registerRoutes(app: FastifyInstance, routes: Route[], guards: Guards): void {
  for (const route of routes) {
    const { method, path, access, params, query, body, status = 200, handler } = route;
    app.route({
      method,
      url: path.replaceAll(/\{(\w+)\}/g, ":$1"),
      // Before the body is read: a stranger's is not.
      onRequest: async (request) => {
        if (access === "public") return;
        const caller = await admit(request, guards);
        guards.requests.spend(caller.id);
        assertAccess(access, caller);
        request.caller = caller;
      },
      handler: async (request: FastifyRequest, reply: FastifyReply) => {
        reply.code(status);
        const input = {
          params: checked(params, request.params, "path"),
          query: checked(query, request.query, "query"),
          body: checked(body, request.body, "body"),
          caller: request.caller,
          request,
          reply,
        };
        return handler(input as Input<never, never, never>);
      },
    });
  }
}

/** Guessing is slowed down by address; the first wrong credential is told at once. */
async function admit(request: FastifyRequest, { authenticate, failures }: Guards): Promise<Caller> {
  try {
    return await authenticate({ headers: request.headers, address: request.socket.remoteAddress });
  } catch (error) {
    failures.spend(`address ${request.ip}`);
    throw error;
  }
}

declare module "fastify" {
  interface FastifyRequest {
    caller: Caller;
  }
}
