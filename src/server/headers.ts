import type { FastifyInstance } from "fastify";

const METHODS = "GET, POST, PUT, DELETE";
const ALLOWED = "authorization, content-type, last-event-id";
const EXPOSED = "x-request-id, retry-after, location";

/** Headers of every answer: what a browser must not do with it, and which other sites may read it. */
export function registerHeaders(app: FastifyInstance, origins: string[], publicUrl: () => string): void {
  const allowed = new Set(origins.map((origin) => new URL(origin).origin));

  app.addHook("onRequest", async (request, reply) => {
    reply.headers({
      "x-request-id": request.id,
      "x-content-type-options": "nosniff",
      "referrer-policy": "no-referrer",
      "x-frame-options": "DENY",
      "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
      "cross-origin-resource-policy": "same-origin",
      "cache-control": "no-store",
      ...(publicUrl().startsWith("https:") && { "strict-transport-security": "max-age=31536000" }),
    });
    const { origin } = request.headers;
    if (origins.length > 0) reply.header("vary", "Origin");
    if (origin === undefined || !allowed.has(origin)) return;
    reply.headers({
      "access-control-allow-origin": origin,
      "access-control-expose-headers": EXPOSED,
      "cross-origin-resource-policy": "cross-origin",
    });
    if (request.method !== "OPTIONS" || !request.headers["access-control-request-method"]) return;
    return reply
      .headers({
        "access-control-allow-methods": METHODS,
        "access-control-allow-headers": ALLOWED,
        "access-control-max-age": "600",
      })
      .code(204)
      .send();
  });
}
