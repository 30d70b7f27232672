import type { FastifyInstance } from "fastify";
import type { GatewayParts } from "../parts.ts";

/** The shared brain answers by itself, errors included: it gets requests with their body unread. */
export function registerBrain(app: FastifyInstance, { brain }: GatewayParts): void {
  app.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser("*", (_request, _payload, done) => done(null));
    for (const base of ["/brain", "/brain/s/:sessionKey"]) {
      scope.post<{ Params: { sessionKey?: string } }>(`${base}/v1/chat/completions`, (request, reply) => {
        reply.hijack();
        void brain.handle(request.raw, reply.raw, request.params);
      });
      scope.get<{ Params: { sessionKey?: string } }>(`${base}/v1/models`, (request, reply) => {
        reply.hijack();
        void brain.models(request.raw, reply.raw, request.params);
      });
    }
  });
}
