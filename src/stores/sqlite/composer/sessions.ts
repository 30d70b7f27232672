import type {
  EventRow,
  NewEvent,
  SessionFilter,
  SessionPatch,
  SessionRow,
  SessionState,
} from "../../../composer/store.ts";
import { AstrocyteError } from "../../../core/errors.ts";
import type { VendorResource } from "../../../presentation/adapter.ts";
import type { Connection } from "../connection.ts";
import type { ReadContext, WriteContext } from "../contexts.ts";
import { appendEvent } from "./events.ts";

type Creation = { row: SessionRow; event: NewEvent; maxActive: number };
type Transition = { id: string; from: SessionState[]; patch: SessionPatch; event?: NewEvent };

function load({ sql }: Connection, id: string): SessionRow | undefined {
  const found = sql("SELECT row FROM sessions WHERE id = ?").get(id);
  return found && (JSON.parse(found["row"] as string) as SessionRow);
}

function answering({ sql }: Connection, vendor: string, callId: string): SessionRow | undefined {
  const found = sql(
    "SELECT row FROM sessions WHERE vendor = ? AND row ->> '$.callId' = ? AND state <> 'failed'",
  ).get(vendor, callId);
  return found && (JSON.parse(found["row"] as string) as SessionRow);
}

function save({ sql }: WriteContext, row: SessionRow): void {
  sql("UPDATE sessions SET row = ? WHERE id = ?").run(JSON.stringify(row), row.id);
}

function mustLoad(context: WriteContext, id: string): SessionRow {
  const row = load(context, id);
  if (row) return row;
  throw new AstrocyteError("not_found", `[store] no session ${id}.`);
}

export const sessionWrites = {
  "sessions.create"(context: WriteContext, { row, event, maxActive }: Creation): EventRow | undefined {
    const active = context
      .sql("SELECT count(*) AS n FROM sessions WHERE principal = ? AND state NOT IN ('ended', 'failed')")
      .get(row.principal)!;
    if ((active["n"] as number) >= maxActive) return undefined;
    if (row.callId !== null && answering(context, row.vendor, row.callId)) return undefined;
    context.sql("INSERT INTO sessions (id, row) VALUES (?, ?)").run(row.id, JSON.stringify(row));
    return appendEvent(context, event);
  },

  "sessions.transition"(
    context: WriteContext,
    { id, from, patch, event }: Transition,
  ): { done: boolean; event?: EventRow } {
    const row = load(context, id);
    if (!row || !from.includes(row.state)) return { done: false };
    save(context, { ...row, ...patch });
    return event ? { done: true, event: appendEvent(context, event) } : { done: true };
  },

  "sessions.addResource"(
    context: WriteContext,
    { id, resource }: { id: string; resource: VendorResource },
  ): void {
    const row = mustLoad(context, id);
    const known = row.resources.some((other) => other.kind === resource.kind && other.id === resource.id);
    if (!known) save(context, { ...row, resources: [...row.resources, resource] });
  },

  "sessions.addUsage"(
    context: WriteContext,
    { id, usage }: { id: string; usage: Record<string, number> },
  ): void {
    const row = mustLoad(context, id);
    const sum = { ...row.usage };
    for (const [name, amount] of Object.entries(usage)) sum[name] = (sum[name] ?? 0) + amount;
    save(context, { ...row, usage: sum });
  },
};

export const sessionReads = {
  "sessions.get": (context: Connection, id: string): SessionRow | undefined => load(context, id),

  "sessions.byVendorId"(
    { sql }: ReadContext,
    { vendor, vendorSessionId }: { vendor: string; vendorSessionId: string },
  ): SessionRow | undefined {
    const found = sql("SELECT row FROM sessions WHERE vendor = ? AND vendor_session_id = ?").get(
      vendor,
      vendorSessionId,
    );
    return found && (JSON.parse(found["row"] as string) as SessionRow);
  },

  "sessions.byCallId": (
    context: ReadContext,
    { vendor, callId }: { vendor: string; callId: string },
  ): SessionRow | undefined => answering(context, vendor, callId),

  /** Ids sort by creation, so the newest come first. */
  "sessions.list"({ sql }: ReadContext, filter: SessionFilter): SessionRow[] {
    const { states, principal, subject, vendor, settled, createdAfter, after, limit } = filter;
    const rows = sql(
      `SELECT row FROM sessions WHERE (?1 IS NULL OR state IN (SELECT value FROM json_each(?1)))
        AND (?2 IS NULL OR principal = ?2) AND (?3 IS NULL OR subject = ?3) AND (?4 IS NULL OR vendor = ?4)
        AND (?5 IS NULL OR settled = ?5) AND (?6 IS NULL OR created_at > ?6) AND (?7 IS NULL OR id < ?7)
       ORDER BY id DESC LIMIT ?8`,
    ).all(
      states ? JSON.stringify(states) : null,
      principal ?? null,
      subject ?? null,
      vendor ?? null,
      settled === undefined ? null : Number(settled),
      createdAfter ?? null,
      after ?? null,
      limit,
    );
    return rows.map((found) => JSON.parse(found["row"] as string) as SessionRow);
  },
};
