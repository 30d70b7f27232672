import { raceAbort, withDeadline } from "../../core/deadline.ts";
import { AstrocyteError, toAstrocyteError } from "../../core/errors.ts";
import { toE164 } from "../../core/telephone.ts";
import type { CallbackRequest, InboundCall, VendorReply } from "../../presentation/adapter.ts";
import type { ComposerParts } from "../parts.ts";
import { endSession } from "../sessions/end.ts";
import { requireAdapter, requireSession } from "../sessions/lookup.ts";
import { abandon, openSession } from "../sessions/open.ts";
import { runningCall } from "../sessions/running-call.ts";
import type { SessionRow } from "../store.ts";
import { callerOf } from "./caller.ts";
import type { InboundLine } from "./config.ts";

/** Of the vendor's time: for the way of our answer. */
const MARGIN_MS = 1_000;
/** How often another delivery's opening is looked at. */
const POLL_MS = 100;

/**
 * Answers a call that began at a vendor: finds out who calls, opens a session as for any other call, and tells the
 * vendor in its own words; also the same again when it asks again. What takes too long or fails is declined, and
 * nothing of it is left.
 *
 * Errors: `unauthenticated` for a forged request, `not_supported` where no calls come in. All others are for the
 * person to hear, and part of the answer.
 */
export async function answerCall(
  parts: ComposerParts,
  vendor: string,
  request: CallbackRequest,
): Promise<VendorReply> {
  const { inbound } = requireAdapter(parts, vendor);
  const line = parts.inbound.get(vendor);
  if (!inbound || !line)
    throw new AstrocyteError(
      "not_supported",
      `[inbound] no calls come in at ${vendor}. Add inbound.${vendor}.`,
    );
  const call = inbound.parse(request);
  const timeoutMs = Math.max(inbound.answerWithinMs - MARGIN_MS, inbound.answerWithinMs / 2);
  const limit = { clock: parts.clock, timeoutMs, what: `[inbound] the opening at ${vendor}` };
  let session: SessionRow | undefined;
  try {
    session = await withDeadline(limit, (signal) => sessionFor(parts, vendor, line, call, signal));
    return inbound.accept(runningCall(parts, session));
  } catch (thrown) {
    const error = toAstrocyteError(thrown);
    parts.logger.warn(
      { vendor, code: error.code, ...(session && { sessionId: session.id }) },
      "a call was declined",
    );
    if (session) await endSession(parts, session.id, "declined");
    return inbound.decline(error);
  }
}

/** The session that answers the call: one, however often and however much at once it is asked for. */
async function sessionFor(
  parts: ComposerParts,
  vendor: string,
  line: InboundLine,
  call: InboundCall,
  signal: AbortSignal,
): Promise<SessionRow> {
  const known = await parts.store.sessions.byCallId(vendor, call.callId);
  if (known) return opened(parts, known.id, signal);
  const { subject, consent } = await callerOf(parts, line, call, vendor);
  const opening = openSession(parts, {
    ...{ persona: personaFor(line, call), subject, vendor, consent, inbound: call, signal },
    context: { principal: line.principal, ...(line.tenantId !== undefined && { tenantId: line.tenantId }) },
    metadata: { inbound: { called: call.to, identified_by: "caller_id", verified: false } },
  });
  try {
    return (await raceAbort(opening, signal)).session;
  } catch (error) {
    if (signal.aborted) await abandon(parts, vendor, call.callId, opening, toAstrocyteError(error));
    const other =
      AstrocyteError.is(error, "conflict") && (await parts.store.sessions.byCallId(vendor, call.callId));
    if (other) return opened(parts, other.id, signal);
    throw error;
  }
}

/** Waits for an opening that is under way elsewhere. */
async function opened(parts: ComposerParts, id: string, signal: AbortSignal): Promise<SessionRow> {
  for (;;) {
    const row = await requireSession(parts, id);
    if (row.state === "open" || row.state === "live") return row;
    if (row.state !== "preparing")
      throw new AstrocyteError("gone", `[inbound] session ${id} is over. Call again.`);
    await raceAbort(new Promise<void>((resolve) => void parts.clock.after(POLL_MS, resolve)), signal);
  }
}

function personaFor({ persona, byNumber }: InboundLine, { to }: InboundCall): string {
  const answering = byNumber.get(toE164(to) ?? to) ?? persona;
  if (answering !== undefined) return answering;
  throw new AstrocyteError(
    "not_found",
    "[inbound] nobody answers at the number called. Add it to by_number.",
  );
}
