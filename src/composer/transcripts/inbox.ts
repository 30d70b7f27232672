import { AstrocyteError, toAstrocyteError } from "../../core/errors.ts";
import { sha256 } from "../../core/secrets.ts";
import type {
  CallbackRequest,
  PresentationEvent,
  SessionReference,
  VendorReply,
  VendorTurn,
} from "../../presentation/adapter.ts";
import type { ComposerParts } from "../parts.ts";
import { applyEvent } from "../sessions/events.ts";
import { handleOf, requireAdapter, requireCallback } from "../sessions/lookup.ts";
import { RUNNING, runningCall } from "../sessions/running-call.ts";
import type { InboxRow, SessionRow } from "../store.ts";
import type { Channel } from "./turns.ts";

const MAX_ATTEMPTS = 8;
/** Messages that are looked at in one go. */
const PENDING = 100;

/**
 * Takes in one callback: the path's secret names the session, the adapter verifies and parses, the inbox
 * makes it durable. When this returns the vendor may be told 2xx; the work is done afterwards, idempotently.
 * A doubled callback is accepted once. Returns the vendor's own form of "yes", if it has one. Errors: `unauthenticated` for anything forged.
 */
export async function acceptWebhook(
  parts: ComposerParts,
  vendor: string,
  pathSecret: string,
  request: CallbackRequest,
): Promise<VendorReply | undefined> {
  return acceptFor(parts, await requireCallback(parts, vendor, pathSecret), request);
}

/**
 * Takes in one callback of a whole account: the adapter verifies it and says whose it is, then it goes on as at
 * the session's own address. One about a session that is not ours is answered and forgotten: the account may
 * have other agents. Errors: `unauthenticated`, `not_supported`.
 */
export async function acceptAccountWebhook(
  parts: ComposerParts,
  vendor: string,
  request: CallbackRequest,
): Promise<VendorReply | undefined> {
  const adapter = requireAdapter(parts, vendor);
  if (!adapter.sessionOfWebhook)
    throw new AstrocyteError("not_supported", `[webhooks] ${vendor} calls each session's own address.`);
  const named = await adapter.sessionOfWebhook(request);
  const row = named && (await referredTo(parts, vendor, named));
  return row && acceptFor(parts, row, request);
}

async function referredTo(
  { store }: ComposerParts,
  vendor: string,
  named: SessionReference,
): Promise<SessionRow | undefined> {
  if ("vendorSessionId" in named) return store.sessions.byVendorId(vendor, named.vendorSessionId);
  const row = await store.sessions.get(named.sessionId);
  return row?.vendor === vendor ? row : undefined;
}

async function acceptFor(
  parts: ComposerParts,
  row: SessionRow,
  callback: CallbackRequest,
): Promise<VendorReply | undefined> {
  const adapter = requireAdapter(parts, row.vendor);
  if (!adapter.parseWebhook)
    throw new AstrocyteError("not_supported", `[webhooks] ${row.vendor} sends no webhooks.`);
  const request = { ...callback, session: handleOf(row) };
  const events = await adapter.parseWebhook(request);
  await accept(parts, row, events, "webhook", sha256(request.body));
  return adapter.webhookReply?.(request, RUNNING.includes(row.state) ? runningCall(parts, row) : undefined);
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
  // A person may leave twice, in the same words: only what happens at the same time is the same.
  await accept(parts, row, events, "local", sha256(JSON.stringify([parts.clock.now(), events])));
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

/** Turns of a session that were accepted and are not yet worked off, oldest first. */
export async function pendingTurns(parts: ComposerParts, sessionId: string): Promise<VendorTurn[]> {
  const rows = await parts.store.inbox.pending(PENDING, MAX_ATTEMPTS);
  return rows
    .filter((row) => row.sessionId === sessionId)
    .flatMap(({ payload }) => JSON.parse(payload) as PresentationEvent[])
    .flatMap((event) => (event.type === "turn" ? [event.turn] : []));
}

/** Works off what has been accepted, oldest first. Returns how many messages were processed. */
export async function drainInbox(parts: ComposerParts): Promise<number> {
  const rows = await parts.store.inbox.pending(PENDING, MAX_ATTEMPTS);
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
