import { deriveKey, sealKey, sha256 } from "../../core/secrets.ts";
import type { Binding, VendorPersona } from "../../presentation/adapter.ts";
import type { ComposerParts } from "../parts.ts";
import type { SessionRow } from "../store.ts";
import type { Persona } from "../types.ts";

const MARKER_PREFIX = "astrocyte:";

/** Everything that the vendor needs of us for one session; each credential is derived for one purpose. */
export function bindingFor(
  parts: ComposerParts,
  { id: sessionId, subject, tenantId, vendor, call }: SessionRow,
  persona: Persona,
): Binding {
  const key = (purpose: Parameters<typeof sealKey>[1]) => sealKey(parts.secret, purpose, sessionId);
  const { maxDurationMs, absentTimeoutMs, leftTimeoutMs } = persona.limits;
  return {
    sessionId,
    marker: markerOf(parts, sessionId),
    brain: {
      baseUrl: `${parts.publicUrl}/brain/v1`,
      apiKey: key("brain"),
      contextToken: key("context"),
      model: parts.settings.brainModel,
    },
    callbackUrl: `${parts.publicUrl}/v1/webhooks/${vendor}/${key("webhook")}`,
    tools: { url: `${parts.publicUrl}/v1/tools/${vendor}/${key("webhook")}`, secret: key("tool") },
    socketUrl: `${parts.publicUrl.replace(/^http/, "ws")}/v1/sockets/${vendor}/${key("socket")}`,
    ...call,
    limits: { maxDurationMs, absentTimeoutMs, leftTimeoutMs },
    // A vendor learns no id of ours: the tag says that it is the same person, not who.
    personTag: deriveKey(parts.secret, "person", `${tenantId ?? ""}\0${subject}`).slice(0, 32),
    onResource: (resource) => parts.store.sessions.addResource(sessionId, resource),
  };
}

/** By which a vendor's list is searched for what is ours. Its end tells deployments on one account apart. */
export function markerOf(parts: Pick<ComposerParts, "secret">, sessionId: string): string {
  return `${MARKER_PREFIX}${sessionId}_${sha256(deriveKey(parts.secret, "marker", "")).slice(0, 8)}`;
}

/** The session that a marker in a vendor's list belongs to, if this deployment made it, also before its data was lost. */
export function sessionOfMarker(parts: Pick<ComposerParts, "secret">, marker: string): string | undefined {
  const id = /astrocyte:(\w+)_[0-9a-f]{8}\b/.exec(marker)?.[1];
  return id !== undefined && marker.includes(markerOf(parts, id)) ? id : undefined;
}

/** A vendor that cannot call tools, but asks our brain for every answer: the brain runs them itself. */
export function runsInBrain({ adapters }: ComposerParts, vendor: string): boolean {
  const { tools, customLlm } = adapters.get(vendor)?.capabilities ?? {};
  return tools === "none" && customLlm !== "none";
}

/**
 * Where there is no page to relay them, every tool comes from the vendor, signed; a vendor whose tools the brain
 * runs hears of none.
 */
export function vendorPersona(parts: ComposerParts, persona: Persona, vendor: string): VendorPersona {
  const serverAlone = parts.adapters.get(vendor)?.capabilities.tools === "server";
  return {
    id: persona.id,
    prompt: persona.prompt,
    ...(persona.greeting !== undefined && { greeting: persona.greeting }),
    language: persona.language,
    tools: (runsInBrain(parts, vendor) ? [] : persona.tools).map((name) => {
      const tool = parts.tools.get(name)!;
      const { description, parameters, result } = tool;
      const delivery = serverAlone ? "server" : tool.delivery;
      return { name, description, parameters, result, delivery };
    }),
    vendor: persona.vendors[vendor] ?? {},
  };
}
