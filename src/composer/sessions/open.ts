import { type AstrocyteError, AstrocyteError as Failure, toAstrocyteError } from "../../core/errors.ts";
import { newId } from "../../core/ids.ts";
import { sealKey } from "../../core/secrets.ts";
import type { OpenedSession, PresentationAdapter } from "../../presentation/adapter.ts";
import type { ComposerParts } from "../parts.ts";
import type { SessionRow } from "../store.ts";
import type { Briefing, CreateSession, Persona } from "../types.ts";
import { vendorPersona } from "./binding.ts";
import { closeAtVendor } from "./end.ts";
import { assertWithinBudget, tooMany } from "./guard.ts";
import { scheduleTimers } from "./jobs.ts";
import { banksOf, parseSubject, requireAdapter, requirePersona, requireSession } from "./lookup.ts";
import { runningCall } from "./running-call.ts";

/** `token` is the browser's credential: it is good for this session alone and dies with it. */
export type Opened = { session: SessionRow; token: string };

/**
 * Opens a session. It cannot be half done: the row is stored before the vendor is called, each resource as it
 * is made, and a crash in between is found by the sweep.
 *
 * Cost: one call of the slowest source or recall, then the vendor's create; billing starts with that.
 * Errors: `invalid_input`, `not_found`, `access_denied`, `rate_limited`, `quota_exceeded`, `vendor_*`.
 */
export async function openSession(parts: ComposerParts, request: CreateSession): Promise<Opened> {
  const persona = requirePersona(parts, request.persona);
  const adapter = requireAdapter(parts, request.vendor);
  assertFits(parts, persona, adapter);
  const row = newRow(parts, request, persona);
  await parts.memory.openBank(row.bankId, { context: request.context, write: request.consent === "memory" });
  const event = { sessionId: row.id, at: row.createdAt, type: "preparing", data: {} };
  const { maxConcurrent } = persona.limits;
  if (!(await parts.store.sessions.create(row, event, maxConcurrent))) throw tooMany(maxConcurrent);
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
  request: Pick<CreateSession, "subject" | "context">,
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
  });
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

function newRow(parts: ComposerParts, request: CreateSession, persona: Persona): SessionRow {
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
    await parts.store.sessions.transition(row.id, ["ending", "ended", "failed"], {
      vendorSessionId,
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
