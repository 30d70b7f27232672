import type { PresenceMessage } from "../presentation/presence.ts";

/** The report that the person came or went, for a vendor's room: the page knows it best, and first. */
export function presence(what: "joined" | "left"): PresenceMessage {
  return { topic: "astrocyte.presence", payload: { what, at: new Date().toISOString() } };
}
