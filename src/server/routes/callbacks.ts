import type { IncomingHttpHeaders } from "node:http";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { CallbackRequest, VendorReply } from "../../presentation/adapter.ts";
import type { RateLimiter } from "../limits.ts";
import type { GatewayParts } from "../parts.ts";

type Params = { vendor: string; secret: string };

/** What vendors call. The path's secret is the credential, and signatures cover the raw bytes. */
export function registerCallbacks(
  app: FastifyInstance,
  { composer }: GatewayParts,
  limiter: RateLimiter,
): void {
  const callbackOf = (request: FastifyRequest) => callback(request, composer.parts.publicUrl);

  app.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser("*", { parseAs: "buffer" }, (_request, body, done) => done(null, body));

    scope.post<{ Params: Params }>("/v1/webhooks/:vendor/:secret", async (request, reply) => {
      const { vendor, secret } = request.params;
      limiter.spend(`webhook ${secret}`);
      return answered(reply, await composer.webhook(vendor, secret, callbackOf(request)));
    });

    scope.post<{ Params: Pick<Params, "vendor"> }>("/v1/webhooks/:vendor", async (request, reply) => {
      limiter.spend(`webhook ${request.ip}`);
      return answered(reply, await composer.accountWebhook(request.params.vendor, callbackOf(request)));
    });

    scope.post<{ Params: Pick<Params, "vendor"> }>("/v1/inbound/:vendor", async (request, reply) => {
      limiter.spend(`inbound ${request.ip}`);
      return answered(reply, await composer.answerCall(request.params.vendor, callbackOf(request)));
    });

    scope.post<{ Params: Params }>("/v1/tools/:vendor/:secret", async (request) => {
      const { vendor, secret } = request.params;
      limiter.spend(`tool ${secret}`);
      const { toolCallId, status, output } = await composer.vendorTool(vendor, secret, callbackOf(request));
      return { tool_call_id: toolCallId, status, output };
    });
  });
}

function answered(reply: FastifyReply, own: VendorReply | undefined): unknown {
  if (!own) return { ok: true };
  return reply.code(own.status).type(own.contentType).send(own.body);
}

function callback(request: FastifyRequest, publicUrl: string): CallbackRequest {
  const query = Object.entries(request.query as object).map(([name, value]) => [name, String(value)]);
  return {
    url: publicUrl + request.url,
    body: (request.body as Uint8Array | undefined) ?? new Uint8Array(),
    headers: headersOf(request.headers),
    query: Object.fromEntries(query) as Record<string, string>,
  };
}

/** A header that came several times is one, as HTTP reads it. */
export function headersOf(headers: IncomingHttpHeaders): CallbackRequest["headers"] {
  const entries = Object.entries(headers).map(([name, value]) => [
    name,
    Array.isArray(value) ? value.join(", ") : value,
  ]);
  return Object.fromEntries(entries);
}
