import type { FastifyInstance, FastifyRequest } from "fastify";
import type { RateLimiter } from "../limits.ts";
import type { GatewayParts } from "../parts.ts";

type Params = { vendor: string; secret: string };

/** What vendors call. The path's secret is the credential, and signatures cover the raw bytes. */
export function registerCallbacks(
  app: FastifyInstance,
  { composer }: GatewayParts,
  limiter: RateLimiter,
): void {
  app.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser("*", { parseAs: "buffer" }, (_request, body, done) => done(null, body));

    scope.post<{ Params: Params }>("/v1/webhooks/:vendor/:secret", async (request) => {
      const { vendor, secret } = request.params;
      limiter.spend(`webhook ${secret}`);
      await composer.webhook(vendor, secret, callbackOf(request, composer.parts.publicUrl));
      return { ok: true };
    });

    scope.post<{ Params: Params }>("/v1/tools/:vendor/:secret", async (request) => {
      const { vendor, secret } = request.params;
      limiter.spend(`tool ${secret}`);
      const { toolCallId, status, output } = await composer.vendorTool(
        vendor,
        secret,
        callbackOf(request, composer.parts.publicUrl),
      );
      return { tool_call_id: toolCallId, status, output };
    });
  });
}

function callbackOf(request: FastifyRequest, publicUrl: string) {
  const headers = Object.entries(request.headers).map(([name, value]) => [
    name,
    Array.isArray(value) ? value.join(", ") : value,
  ]);
  const query = Object.entries(request.query as object).map(([name, value]) => [name, String(value)]);
  return {
    url: publicUrl + request.url,
    body: (request.body as Uint8Array | undefined) ?? new Uint8Array(),
    headers: Object.fromEntries(headers) as Record<string, string | undefined>,
    query: Object.fromEntries(query) as Record<string, string>,
  };
}
