import type { PresentationEvent } from "./adapter.ts";
import { asRow, readTime } from "./read.ts";

/**
 * What a page reports of its person, in every kind of room: it knows best whether somebody is there, and most
 * vendors do not say. `at` is ISO 8601; it also tells a second coming from a repeated report.
 */
export type PresenceMessage = {
  topic: "astrocyte.presence";
  payload: { what: "joined" | "left"; at: string };
};

/** Reads a page's report; `undefined` for any other message. For an adapter's `parseClientEvent`. */
export function readPresence(message: Record<string, unknown>): PresentationEvent | undefined {
  if (message["topic"] !== ("astrocyte.presence" satisfies PresenceMessage["topic"])) return undefined;
  const { what, at } = asRow(message["payload"]);
  if (what !== "joined" && what !== "left") return undefined;
  const time = readTime(at);
  return { type: what, who: "person", ...(time !== undefined && { at: time }) };
}
