import { AstrocyteError, toAstrocyteError } from "../../core/errors.ts";
import { sha256 } from "../../core/secrets.ts";
import type { PresentationEvent, WebhookRequest } from "../../presentation/adapter.ts";
import type { ComposerParts } from "../parts.ts";
import { applyEvent } from "../sessions/events.ts";
import { handleOf, requireAdapter, requireCallback } from "../sessions/lookup.ts";
import type { InboxRow, SessionRow } from "../store.ts";
import type { Channel } from "./turns.ts";

const MAX_ATTEMPTS = 8;

/**
 * Takes in one callback: the path's secret names the session, the adapter verifies and parses, the inbox
 * makes it durable. When this returns the vendor may be told 2xx; the work is done afterwards, idempotently.
 * A doubled callback is accepted once. Errors: `unauthenticated` for anything forged.
 */
export async function acceptWebhook(
  parts: ComposerParts,
  vendor: string,
  pathSecret: string,
  request: Omit<WebhookRequest, "session">,
): Promise<void> {
  const row = await requireCallback(parts, vendor, pathSecret);
  const adapter = requireAdapter(parts, vendor);
  if (!adapter.parseWebhook)
    throw new AstrocyteError("not_supported", `[webhooks] ${vendor} sends no webhooks.`);
  const events = await adapter.parseWebhook({ ...request, session: handleOf(row) });
  await accept(parts, row, events, "webhook", sha256(request.body));
}

/** Events that the session's own page relays from the vendor's data channel. */
export async function acceptClientEvents(
  parts: ComposerParts,
  row: SessionRow,
  messages: Array<Record<string, unknown>>,
): Promise<void> {
  const adapter = requireAdapter(parts, row.vendor);
  if (!adapter.parseClientEvent)
    throw new AstrocyteError("not_supported", `[events] ${row.vendor} has no client events.`);
  const events = messages.flatMap((message) => adapter.parseClientEvent!(message, handleOf(row)));
  const heard = events.filter((event) => event.type !== "tool_call");
  if (heard.length > 0) await accept(parts, row, heard, "client", sha256(JSON.stringify(messages)));
}

/** What a room that this process hosts itself reports; durable when it returns. */
export async function acceptRoomEvents(
  parts: ComposerParts,
  row: SessionRow,
  events: PresentationEvent[],
): Promise<void> {
  await accept(parts, row, events, "local", sha256(JSON.stringify(events)));
}

async function accept(
  parts: ComposerParts,
  row: SessionRow,
  events: PresentationEvent[],
  channel: Channel,
  digest: string,
): Promise<void> {
  // Consent decides before anything is written: the inbox is a store too.
  const kept =
    row.consent === "none" ? events.filter((event) => event.type !== "turn").map(withoutWords) : events;
  await parts.store.inbox.accept({
    id: `${row.id}:${channel}:${digest}`,
    sessionId: row.id,
    channel,
    receivedAt: parts.clock.now(),
    payload: JSON.stringify(kept),
    attempts: 0,
  });
}

function withoutWords(event: PresentationEvent): PresentationEvent {
  return event.type === "transcript" ? { ...event, turns: [] } : event;
}

/** Works off what has been accepted, oldest first. Returns how many messages were processed. */
export async function drainInbox(parts: ComposerParts): Promise<number> {
  const rows = await parts.store.inbox.pending(100, MAX_ATTEMPTS);
  for (const row of rows) await processMessage(parts, row);
  return rows.length;
}

async function processMessage(parts: ComposerParts, row: InboxRow): Promise<void> {
  try {
    for (const event of JSON.parse(row.payload) as PresentationEvent[]) {
      await applyEvent(parts, row.sessionId, event, row.channel as Channel);
    }
    await parts.store.inbox.done(row.id);
  } catch (error) {
    // It stays in the inbox: what was acknowledged is not dropped, after the last attempt it waits for a person.
    const { code } = toAstrocyteError(error);
    parts.logger.warn(
      { sessionId: row.sessionId, code, attempts: row.attempts },
      "an accepted message failed",
    );
    await parts.store.inbox.failed(row.id, code);
  }
}
