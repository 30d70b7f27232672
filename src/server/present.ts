import { type ClientBriefing, clientView } from "../composer/briefing/client-view.ts";
import type { EventRow, SessionRow, TurnRow } from "../composer/store.ts";
import type { Briefing, BriefingLine } from "../composer/types.ts";
import { toIso } from "../core/clock.ts";
import type { MemoryHit, RecallResult, RecallTrace } from "../memory/types.ts";

/* Our data as JSON: snake_case, times in ISO 8601. */

const isoOrNull = (at: number | null) => (at === null ? null : toIso(at));

export function joinJson(join: NonNullable<SessionRow["join"]>) {
  const { kind, url, token, expiresAt, data } = join;
  return {
    kind,
    url,
    ...(token !== undefined && { token }),
    ...(expiresAt !== undefined && { expires_at: toIso(expiresAt) }),
    ...(data && { data }),
  };
}

/** Neither the bank's id nor what the vendor made. */
export function sessionJson(row: SessionRow) {
  const running = row.state === "open" || row.state === "live";
  return {
    session_id: row.id,
    state: row.state,
    vendor: row.vendor,
    persona: row.persona,
    subject: row.subject,
    consent: row.consent,
    metadata: row.metadata,
    created_at: toIso(row.createdAt),
    opened_at: isoOrNull(row.openedAt),
    live_at: isoOrNull(row.liveAt),
    ended_at: isoOrNull(row.endedAt),
    end_reason: row.endReason,
    max_duration_ms: row.maxDurationMs,
    settled: row.settled,
    usage: row.usage,
    ...(running && row.join && { join: joinJson(row.join) }),
  };
}

export function turnJson({ key, role, text, heard, interrupted, at, channel }: TurnRow) {
  return { key, role, text, heard, interrupted, at: toIso(at), channel };
}

export function eventJson({ seq, at, type, data }: EventRow) {
  return { seq, at: toIso(at), type, data };
}

export function hitJson(hit: MemoryHit) {
  return {
    text: hit.text,
    score: hit.score,
    fact_type: hit.factType,
    metadata: hit.metadata,
    tags: hit.tags,
    occurred_at: toIso(hit.occurredAt),
    retained_at: toIso(hit.retainedAt),
    source: hit.source ?? null,
    memory_id: hit.memoryId,
    bank_id: hit.bankId,
    memory_layer: null,
    chunk_id: null,
    session_id: hit.sessionId ?? null,
    speaker: hit.speaker ?? null,
    origin: hit.origin,
    superseded_by: hit.supersededBy ?? null,
    flags: hit.flags,
  };
}

export function traceJson(trace: RecallTrace) {
  return {
    strategies_used: trace.strategiesUsed,
    total_candidates: trace.totalCandidates,
    fusion_method: trace.fusionMethod,
    latency_ms: trace.latencyMs,
    strategy_timings_ms: trace.strategyTimingsMs,
    strategy_candidate_counts: trace.strategyCandidateCounts,
    late: trace.late,
    failed: trace.failed,
    cut: trace.cut,
    cache_hit: trace.cacheHit,
  };
}

export function recallJson({ hits, totalAvailable, truncated, nothingFits, degraded, trace }: RecallResult) {
  return {
    hits: hits.map(hitJson),
    total_available: totalAvailable,
    truncated,
    nothing_fits: nothingFits,
    degraded,
    trace: traceJson(trace),
    authority_context: null,
  };
}

/** For the application that may read the bank; `clientBriefingJson` is for a page. */
export function briefingJson(briefing: Briefing) {
  const { text, tokens, characters } = briefing;
  return { text, tokens, characters, ...bodyJson(briefing) };
}

export function clientBriefingJson(briefing: Briefing) {
  return bodyJson(clientView(briefing));
}

function bodyJson(briefing: Briefing | ClientBriefing) {
  return {
    greeting: briefing.greeting ?? null,
    lines: briefing.lines.map(lineJson),
    overridden: briefing.overridden.map(({ memoryId, field, text, by, reason }) => ({
      memory_id: memoryId ?? null,
      field: field ?? null,
      text,
      by,
      reason,
    })),
    left_out: briefing.leftOut.map((line) => ({ ...lineJson(line), reason: line.reason })),
    failed: briefing.failed,
    composed_at: toIso(briefing.composedAt),
  };
}

type AnyLine = BriefingLine | ClientBriefing["lines"][number];

function lineJson({ block, text, source, memory, sensitivity }: AnyLine) {
  return {
    block,
    text,
    ...(source && { source: { source: source.source, field: source.field, age_ms: source.ageMs } }),
    ...(memory && {
      memory: {
        memory_id: memory.memoryId,
        ...("bankId" in memory && { bank_id: memory.bankId }),
        session_id: memory.sessionId ?? null,
        occurred_at: toIso(memory.occurredAt),
        score: memory.score,
      },
    }),
    sensitivity,
  };
}
