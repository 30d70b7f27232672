import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { BrainRoute } from "../../brain/brain.ts";
import type { GatewayParts } from "../parts.ts";

/** The shared brain answers by itself, errors included: it gets requests with their body unread. */
export function registerBrain(app: FastifyInstance, { brain }: GatewayParts): void {
  app.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser("*", (_request, _payload, done) => done(null));
    const answer = (request: FastifyRequest<{ Params: BrainRoute }>, reply: FastifyReply) => {
      reply.hijack();
      void brain.handle(request.raw, reply.raw, request.params);
    };
    for (const base of ["/brain", "/brain/s/:sessionKey"]) {
      scope.post<{ Params: BrainRoute }>(`${base}/v1/chat/completions`, answer);
      scope.post<{ Params: BrainRoute }>(`${base}/v1/dialects/:vendor`, answer);
      scope.get<{ Params: BrainRoute }>(`${base}/v1/models`, (request, reply) => {
        reply.hijack();
        void brain.models(request.raw, reply.raw, request.params);
      });
    }
  });
}
