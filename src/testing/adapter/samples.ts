import type { Binding, VendorPersona, VendorTool } from "../../presentation/adapter.ts";
import { MARKER_PREFIX } from "../../presentation/resources.ts";

/** A tool that the page carries to the gateway. */
export const CLIENT_TOOL: VendorTool = {
  name: "look_up",
  description: "Looks something up.",
  parameters: { type: "object", properties: { what: { type: "string" } }, required: ["what"] },
  result: "speak",
  delivery: "client",
};

/** A tool for which the vendor calls us. */
export const SERVER_TOOL: VendorTool = {
  name: "change_address",
  description: "Changes the address.",
  parameters: { type: "object", properties: { to: { type: "string" } }, required: ["to"] },
  result: "silent",
  delivery: "server",
};

/** A persona for the tests of an adapter; `over` gives the vendor's block and the tools that it takes. */
export function personaFor(over: Partial<VendorPersona> = {}): VendorPersona {
  return {
    id: "coach",
    prompt: "You are a coach.",
    language: "en",
    vendor: {},
    tools: [CLIENT_TOOL],
    ...over,
  };
}

/** What a session of the tests is told, and its greeting. */
export const BRIEFING = { text: "You are a coach. Anna runs on Tuesdays.", greeting: "Hello Anna." };

let sessions = 0;

/** What the composer hands over for one more session; all credentials differ from session to session. */
export function bindingFor(vendor: string, over: Partial<Binding> = {}): Binding {
  const sessionId = `ses_${++sessions}`;
  const gateway = "127.0.0.1:9";
  return {
    sessionId,
    marker: `${MARKER_PREFIX}${sessionId}`,
    brain: {
      baseUrl: `http://${gateway}/brain/v1`,
      apiKey: `${sessionId}.brain-key-${sessions}`,
      contextToken: `${sessionId}.context-token-${sessions}`,
      model: "astrocyte",
    },
    callbackUrl: `http://${gateway}/v1/webhooks/${vendor}/${sessionId}.webhook-secret-${sessions}`,
    tools: {
      url: `http://${gateway}/v1/tools/${vendor}/${sessionId}.webhook-secret-${sessions}`,
      secret: `tool-secret-${sessions}`,
    },
    socketUrl: `ws://${gateway}/v1/sockets/${vendor}/${sessionId}.socket-secret-${sessions}`,
    limits: { maxDurationMs: 600_000, absentTimeoutMs: 120_000, leftTimeoutMs: 30_000 },
    personTag: `person-${sessions}`,
    onResource: async () => {},
    ...over,
  };
}
