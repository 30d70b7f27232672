import { type AstrocyteError, AstrocyteError as Failure, toAstrocyteError } from "../../core/errors.ts";
import { newId } from "../../core/ids.ts";
import { sealKey } from "../../core/secrets.ts";
import type { InboundCall, OpenedSession, PresentationAdapter } from "../../presentation/adapter.ts";
import type { ComposerParts } from "../parts.ts";
import type { SessionRow } from "../store.ts";
import { phoneOf } from "../telephone/phone.ts";
import type { Briefing, CreateSession, Persona } from "../types.ts";
import { vendorPersona } from "./binding.ts";
import { closeAtVendor, endSession } from "./end.ts";
import { assertWithinBudget, tooMany } from "./guard.ts";
import { scheduleTimers } from "./jobs.ts";
import { banksOf, parseSubject, requireAdapter, requirePersona, requireSession } from "./lookup.ts";
import { runningCall } from "./running-call.ts";

/** A session that is asked for; `inbound` when the call began at the vendor. */
export type Opening = CreateSession & { inbound?: InboundCall; signal?: AbortSignal };

/** `token` is the browser's credential: it is good for this session alone and dies with it. */
export type Opened = { session: SessionRow; token: string };

/**
 * Opens a session. It cannot be half done: the row is stored before the vendor is called, each resource as it
 * is made, and a crash in between is found by the sweep.
 *
 * Cost: one call of the slowest source or recall, then the vendor's create; billing starts with that.
 * Errors: `invalid_input`, `not_found`, `access_denied`, `rate_limited`, `quota_exceeded`, `vendor_*`.
 */
export async function openSession(parts: ComposerParts, request: Opening): Promise<Opened> {
  const persona = requirePersona(parts, request.persona);
  const adapter = requireAdapter(parts, request.vendor);
  assertFits(parts, persona, adapter);
  const asked = newRow(parts, request, persona);
  const write = request.consent === "memory";
  await parts.memory.openBank(asked.bankId, { context: request.context, write });
  const row = { ...asked, call: await callOf(parts, request, persona, adapter) };
  request.signal?.throwIfAborted();
  await create(parts, row, persona.limits.maxConcurrent);
  try {
    await assertWithinBudget(parts, row, persona);
    const briefing = await brief(parts, request, persona, adapter);
    const opened = await openAtVendor(parts, adapter, await briefed(parts, row, briefing));
    return { session: await confirm(parts, row, opened), token: sealKey(parts.secret, "session", row.id) };
  } catch (error) {
    throw await fail(parts, row.id, toAstrocyteError(error));
  }
}

export function brief(
  parts: ComposerParts,
  request: Pick<Opening, "subject" | "context" | "inbound">,
  persona: Persona,
  adapter: PresentationAdapter,
): Promise<Briefing> {
  const subject = parseSubject(request.subject);
  const banks = banksOf(persona, subject);
  return parts.brief({
    persona,
    subject,
    context: request.context,
    banks,
    capabilities: adapter.capabilities,
    unverified: request.inbound !== undefined,
  });
}

async function callOf(
  parts: ComposerParts,
  { inbound, subject }: Opening,
  persona: Persona,
  adapter: PresentationAdapter,
): Promise<SessionRow["call"]> {
  if (inbound) return { inbound };
  const phone = await phoneOf(parts, persona, parseSubject(subject), adapter);
  return phone === undefined ? null : { phone };
}

/** Errors: `rate_limited`; `conflict` where another session answers the same call. */
async function create(parts: ComposerParts, row: SessionRow, maxConcurrent: number): Promise<void> {
  const { sessions } = parts.store;
  const event = { sessionId: row.id, at: row.createdAt, type: "preparing", data: {} };
  if (await sessions.create(row, event, maxConcurrent)) return;
  if (row.callId !== null && (await sessions.byCallId(row.vendor, row.callId)))
    throw new Failure("conflict", "[sessions] another session answers this call already.");
  throw tooMany(maxConcurrent);
}

/** The persona's contract with the vendor is checked before anything is billed. */
function assertFits(parts: ComposerParts, persona: Persona, adapter: PresentationAdapter): void {
  const problems = adapter.validate(vendorPersona(parts, persona, adapter.vendor));
  if (problems.length === 0) return;
  throw new Failure(
    "invalid_input",
    `[personas] "${persona.id}" does not fit ${adapter.vendor}: ${problems.join("; ")}. Change the persona or choose another vendor.`,
    { details: { problems } },
  );
}

function newRow(parts: ComposerParts, request: Opening, persona: Persona): SessionRow {
  const subject = parseSubject(request.subject);
  return {
    id: newId("ses", parts.clock),
    state: "preparing",
    vendor: request.vendor,
    persona: persona.id,
    subject: subject.principal,
    principal: request.context.principal,
    teams: request.context.teams ?? [],
    tenantId: request.context.tenantId ?? null,
    bankId: banksOf(persona, subject)[0]!,
    consent: request.consent,
    metadata: request.metadata ?? {},
    vendorSessionId: null,
    join: null,
    callId: request.inbound?.callId ?? null,
    call: null,
    resources: [],
    briefing: null,
    createdAt: parts.clock.now(),
    openedAt: null,
    liveAt: null,
    lastSeenAt: null,
    endedAt: null,
    endReason: null,
    maxDurationMs: persona.limits.maxDurationMs,
    settled: false,
    usage: {},
  };
}

/** Stores the briefing. Who ended the session meanwhile has spared us the vendor's call. */
async function briefed(parts: ComposerParts, row: SessionRow, briefing: Briefing): Promise<SessionRow> {
  const patch = { briefing: JSON.stringify(briefing) };
  if (await parts.store.sessions.transition(row.id, ["preparing"], patch)) return { ...row, ...patch };
  throw endedWhileOpening(row.id);
}

function openAtVendor(
  parts: ComposerParts,
  adapter: PresentationAdapter,
  row: SessionRow,
): Promise<OpenedSession> {
  const { briefing, persona, binding } = runningCall(parts, row);
  return adapter.open(briefing, persona, binding);
}

/** Records what the vendor opened. A session that was ended meanwhile is closed there again. */
async function confirm(parts: ComposerParts, row: SessionRow, opened: OpenedSession): Promise<SessionRow> {
  const at = parts.clock.now();
  const { vendorSessionId, join, resources } = opened;
  const event = { sessionId: row.id, at, type: "open", data: { vendor: row.vendor } };
  const patch = { state: "open", vendorSessionId, join, resources, openedAt: at } as const;
  if (!(await parts.store.sessions.transition(row.id, ["preparing"], patch, event))) {
    // A call that was declined ends by that: ending it would cut off why.
    const declined = row.callId === vendorSessionId;
    await parts.store.sessions.transition(row.id, ["ending", "ended", "failed"], {
      vendorSessionId: declined ? null : vendorSessionId,
      resources,
    });
    await closeAtVendor(parts, await requireSession(parts, row.id), "ended_while_opening");
    throw endedWhileOpening(row.id);
  }
  const session = await requireSession(parts, row.id);
  await scheduleTimers(parts, session);
  return session;
}

function endedWhileOpening(id: string): AstrocyteError {
  return new Failure("gone", `[sessions] session ${id} was ended while it opened. Open a new one.`);
}

/**
 * Gives up an opening that took too long: what there is of it goes now, and what comes late when it comes.
 */
export async function abandon(
  parts: ComposerParts,
  vendor: string,
  callId: string,
  opening: Promise<Opened>,
  error: AstrocyteError,
): Promise<void> {
  opening.then(
    ({ session }) => endSession(parts, session.id, "answered_too_late"),
    () => {},
  );
  const row = await parts.store.sessions.byCallId(vendor, callId);
  if (row) await fail(parts, row.id, error);
}

/** What the vendor may have made is closed by the sweep too, should this not succeed. */
async function fail(parts: ComposerParts, id: string, error: AstrocyteError): Promise<AstrocyteError> {
  const at = parts.clock.now();
  const event = { sessionId: id, at, type: "failed", data: { code: error.code } };
  const patch = { state: "failed", endedAt: at, endReason: error.code, settled: true, call: null } as const;
  const failed = await parts.store.sessions.transition(id, ["preparing"], patch, event);
  if (failed) {
    const row = await requireSession(parts, id);
    await closeAtVendor(parts, row, error.code).catch((cause) =>
      parts.logger.warn(
        { sessionId: id, code: toAstrocyteError(cause).code },
        "clean-up after a failed open is left to the sweep",
      ),
    );
  }
  return error;
}
