import type { GatewayParts } from "../parts.ts";
import { briefingJson } from "../present.ts";
import { contextOf, type Route, route } from "../route.ts";
import * as schema from "../schemas/sessions.ts";

export function briefingRoutes({ composer }: GatewayParts): Route[] {
  return [
    route({
      ...{
        method: "POST",
        tag: "briefings",
        access: "principal",
        path: "/v1/briefings",
        operation: "composeBriefing",
      },
      summary: "Compose the briefing of a session without opening one. Costs sources and recalls, no vendor.",
      body: schema.composeBody,
      answer: schema.briefingAnswer,
      handler: async ({ body, caller }) =>
        briefingJson(await composer.brief({ ...body, context: contextOf(caller) })),
    }),
  ];
}
