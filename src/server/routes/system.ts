import type { FastifyInstance } from "fastify";
import { z } from "zod";
import type { GatewayParts } from "../parts.ts";
import { type Route, route } from "../route.ts";

const tag = "system";
const status = z.object({ status: z.enum(["ok", "draining"]) });

/** `isDraining`: the gateway is about to stop and wants no more traffic. */
export function systemRoutes(
  { metrics, composer }: GatewayParts,
  version: string,
  isDraining: () => boolean,
): Route[] {
  return [
    route({
      ...{
        method: "GET",
        tag,
        access: "public",
        path: "/live",
        operation: "live",
        summary: "The process answers.",
      },
      answer: status,
      handler: async () => ({ status: "ok" }),
    }),
    route({
      ...{ method: "GET", tag, access: "public", path: "/ready", operation: "ready" },
      summary: "Traffic is welcome: the store answers, and the gateway is not about to stop. Else 503.",
      answer: status,
      async handler({ reply }) {
        await composer.list({ limit: 1 });
        if (!isDraining()) return { status: "ok" };
        return reply.code(503).send({ status: "draining" });
      },
    }),
    route({
      ...{ method: "GET", tag, access: "public", path: "/health", operation: "health" },
      summary: "As /ready, with the version.",
      answer: status.extend({ version: z.string() }),
      async handler({ reply }) {
        await composer.list({ limit: 1 });
        if (!isDraining()) return { status: "ok", version };
        return reply.code(503).send({ status: "draining", version });
      },
    }),
    route({
      ...{ method: "GET", tag, access: "operator", path: "/metrics", operation: "metrics" },
      summary: "For Prometheus.",
      answer: "text/plain; version=0.0.4; charset=utf-8",
      async handler({ reply }) {
        const { contentType, text } = await metrics.scrape();
        return reply.type(contentType).send(text);
      },
    }),
  ];
}

/** The document describes all routes, so it is made last. */
export function registerOpenApi(app: FastifyInstance, document: Record<string, unknown>): void {
  const text = JSON.stringify(document);
  app.get("/openapi.json", async (_request, reply) =>
    reply.type("application/json; charset=utf-8").send(text),
  );
}
