import { AstrocyteError } from "../../core/errors.ts";
import type { PresentationEvent } from "../../presentation/adapter.ts";
import type { ComposerParts } from "../parts.ts";
import type { SessionRow } from "../store.ts";
import { type Channel, storeTurns } from "../transcripts/turns.ts";
import { endSession } from "./end.ts";
import { schedule, unschedule } from "./jobs.ts";
import { handleOf, requireAdapter, requireSession } from "./lookup.ts";

/**
 * Applies one event of a vendor or a page to its session. Any order, any number of times: every branch is
 * idempotent. Tool calls do not come this way, they are answered (see `tools/execute.ts`).
 */
export async function applyEvent(
  parts: ComposerParts,
  sessionId: string,
  event: PresentationEvent,
  channel: Channel,
): Promise<void> {
  const row = await requireSession(parts, sessionId);
  switch (event.type) {
    case "joined":
      return joined(parts, row, event.who);
    case "left":
      return left(parts, row, event.who);
    case "turn":
      await storeTurns(parts, row, [event.turn], channel);
      await seen(parts, row);
      return settleAgain(parts, row);
    case "transcript":
      return transcript(parts, row, event, channel);
    case "ended":
      return ended(parts, row, event.reason, channel);
    case "identified":
      return identified(parts, row, event.vendorSessionId, channel);
    case "other":
      return note(parts, row, `vendor.${event.name}`, event.facts);
    case "tool_call":
      throw new AstrocyteError(
        "not_supported",
        "[sessions] a tool call is answered, not applied. Send it to the tools route.",
      );
  }
}

async function joined(parts: ComposerParts, row: SessionRow, who: "agent" | "person"): Promise<void> {
  const at = parts.clock.now();
  if (who === "agent") return note(parts, row, "agent_joined", {});
  const event = { sessionId: row.id, at, type: "live", data: {} };
  await parts.store.sessions.transition(
    row.id,
    ["open"],
    { state: "live", liveAt: at, lastSeenAt: at },
    event,
  );
  await unschedule(parts, "absent", row.id);
  await unschedule(parts, "left", row.id);
}

async function left(parts: ComposerParts, row: SessionRow, who: "agent" | "person"): Promise<void> {
  if (row.state !== "open" && row.state !== "live") return;
  await note(parts, row, who === "agent" ? "agent_left" : "person_left", {});
  if (who === "agent") return;
  const wait = parts.personas.get(row.persona)?.limits.leftTimeoutMs ?? 0;
  await schedule(parts, "left", row.id, parts.clock.now() + wait);
}

/** Somebody speaks, so somebody is there, even where no join was reported. */
async function seen(parts: ComposerParts, row: SessionRow): Promise<void> {
  if (row.state === "open") return joined(parts, row, "person");
  await parts.store.sessions.transition(row.id, ["live"], { lastSeenAt: parts.clock.now() });
}

async function transcript(
  parts: ComposerParts,
  row: SessionRow,
  event: Extract<PresentationEvent, { type: "transcript" }>,
  channel: Channel,
): Promise<void> {
  await storeTurns(parts, row, event.turns, channel);
  await note(parts, row, "transcript", { turns: event.turns.length, complete: event.complete });
  await settleAgain(parts, row);
}

/** What comes after the end, even minutes after the call was settled, is settled again: only new turns are retained. */
async function settleAgain(parts: ComposerParts, row: SessionRow): Promise<void> {
  const ended = await parts.store.sessions.transition(row.id, ["ended"], { settled: false });
  if (ended) await schedule(parts, "settle", row.id, parts.clock.now());
}

/** A webhook that nobody signed is a hint: the vendor is asked before a call is cut. */
async function ended(parts: ComposerParts, row: SessionRow, reason: string, channel: Channel): Promise<void> {
  if (row.state !== "open" && row.state !== "live") return;
  const adapter = requireAdapter(parts, row.vendor);
  const hint = channel === "webhook" && adapter.capabilities.webhooks === "unsigned";
  if (hint && (await adapter.isOpen?.(handleOf(row))) === true)
    return note(parts, row, "end_unconfirmed", { reason });
  await endSession(parts, row.id, reason);
}

/** An id that a page claims, or that another session has, is not believed: it would bring in a stranger's call. */
async function identified(
  parts: ComposerParts,
  row: SessionRow,
  vendorSessionId: string,
  channel: Channel,
): Promise<void> {
  if (row.vendorSessionId === vendorSessionId) return;
  const other = await parts.store.sessions.byVendorId(row.vendor, vendorSessionId);
  if (channel === "client" || other) return note(parts, row, "identity_refused", { channel });
  const event = { sessionId: row.id, at: parts.clock.now(), type: "identified", data: {} };
  await parts.store.sessions.transition(
    row.id,
    ["preparing", "open", "live", "ending", "ended"],
    { vendorSessionId },
    event,
  );
}

async function note(
  parts: ComposerParts,
  row: SessionRow,
  type: string,
  data: Record<string, unknown>,
): Promise<void> {
  await parts.store.events.append({ sessionId: row.id, at: parts.clock.now(), type, data });
}
