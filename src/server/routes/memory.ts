import { toIso } from "../../core/clock.ts";
import type { ContentPart } from "../../memory/llm/provider.ts";
import type { ReflectOptions, RetainContent, RetainOptions } from "../../memory/types.ts";
import type { GatewayParts } from "../parts.ts";
import { hitJson, recallJson, traceJson } from "../present.ts";
import { contextOf, type Route, route } from "../route.ts";
import * as schema from "../schemas/memory.ts";

const tag = "memory";
const access = "principal";
const method = "POST";

/** Memory under the field names of the Python project's REST API, with what ours adds. */
export function memoryRoutes({ memory, metrics }: GatewayParts): Route[] {
  const timed = async <T extends { degraded: boolean }>(work: Promise<T>): Promise<T> => {
    const start = performance.now();
    const result = await work;
    metrics.recall((performance.now() - start) / 1000, result.degraded);
    return result;
  };

  const retain = route({
    ...{
      method,
      tag,
      access,
      path: "/v1/retain",
      operation: "retain",
      summary: "Store what was said or is known.",
    },
    body: schema.retainBody,
    answer: schema.retainAnswer,
    async handler({ body, caller }) {
      const { content, ...options } = body;
      const result = await memory.retain(contentOf(content), {
        ...retainOptions(options),
        context: contextOf(caller),
      });
      return {
        stored: result.stored,
        memory_id: result.memoryId ?? null,
        deduplicated: result.deduplicated,
        error: result.reason ?? null,
        retention_action: result.action,
        curated: false,
        memory_layer: null,
        redactions: result.redactions,
        chunks: result.chunks.map(({ memoryId, action, supersedes, flags }) => ({
          memory_id: memoryId,
          action,
          supersedes: supersedes ?? null,
          flags,
        })),
      };
    },
  });

  const recall = route({
    ...{
      method,
      tag,
      access,
      path: "/v1/recall",
      operation: "recall",
      summary: "Find what answers a question.",
    },
    body: schema.recallBody,
    answer: schema.recallAnswer,
    async handler({ body, caller }) {
      const options = { ...readOptions(body), context: contextOf(caller) };
      const detail = body.detail_level && { detailLevel: body.detail_level };
      return recallJson(await timed(memory.recall(body.query, { ...options, ...detail })));
    },
  });

  const debug = route({
    ...{ method, tag, access, path: "/v1/debug/recall", operation: "debugRecall" },
    summary: "How a recall came about, without content.",
    body: schema.recallBody,
    answer: schema.debugAnswer,
    async handler({ body, caller }) {
      const options = { ...readOptions(body), context: contextOf(caller) };
      const { hits, trace } = await timed(memory.recall(body.query, options));
      return { trace: traceJson(trace), result_count: hits.length };
    },
  });

  const reflect = route({
    ...{
      method,
      tag,
      access,
      path: "/v1/reflect",
      operation: "reflect",
      summary: "Answer from memory, citing it.",
    },
    body: schema.reflectBody,
    answer: schema.reflectAnswer,
    async handler({ body, caller }) {
      const options = {
        ...readOptions(body),
        context: contextOf(caller),
        includeSources: body.include_sources,
      };
      const {
        answer,
        confidence,
        method: how,
        citations,
        sources,
      } = await memory.reflect(body.query, options);
      return {
        answer,
        confidence,
        method: how,
        citations,
        sources: sources.map(hitJson),
        observations: [],
        authority_context: null,
      };
    },
  });

  const history = route({
    ...{
      method,
      tag,
      access,
      path: "/v1/history",
      operation: "history",
      summary: "What was known at a time.",
    },
    body: schema.historyBody,
    answer: schema.historyAnswer,
    async handler({ body, caller }) {
      const { query, bank_id, as_of } = body;
      const options = { ...readOptions(body), asOf: as_of, context: contextOf(caller) };
      const result = await timed(memory.history(query, options));
      return { ...recallJson(result), as_of: toIso(Date.parse(as_of)), bank_id };
    },
  });

  const forget = route({
    ...{
      method,
      tag,
      access,
      path: "/v1/forget",
      operation: "forget",
      summary: "Delete memories by selectors.",
    },
    body: schema.forgetBody,
    answer: schema.forgetAnswer,
    async handler({ body, caller }) {
      const hard = body.compliance === true || body.mode === "hard";
      const result = await memory.forget({
        bankId: body.bank_id,
        context: contextOf(caller),
        ...(body.memory_ids && { memoryIds: body.memory_ids }),
        ...(body.tags && { tags: body.tags }),
        ...(body.before_date !== undefined && { before: body.before_date }),
        ...(body.source !== undefined && { source: body.source }),
        ...(body.session_id !== undefined && { sessionId: body.session_id }),
        ...(body.scope && { scope: body.scope }),
        ...(body.dry_run !== undefined && { dryRun: body.dry_run }),
        mode: hard ? "hard" : "soft",
      });
      const { deletedCount, memoryIds, dryRun, mode } = result;
      return { deleted_count: deletedCount, memory_ids: memoryIds, dry_run: dryRun, mode };
    },
  });

  const restore = route({
    ...{
      method,
      tag,
      access,
      path: "/v1/restore",
      operation: "restore",
      summary: "Bring deleted memories back.",
    },
    body: schema.idsBody,
    answer: schema.restoreAnswer,
    async handler({ body: { bank_id, memory_ids }, caller }) {
      const call = { bankId: bank_id, memoryIds: memory_ids, context: contextOf(caller) };
      return { restored_count: (await memory.restore(call)).restoredCount };
    },
  });

  const purge = route({
    ...{ method, tag, access, path: "/v1/purge", operation: "purge" },
    summary: "Remove deleted memories for good.",
    body: schema.idsBody,
    answer: schema.purgeAnswer,
    async handler({ body: { bank_id, memory_ids }, caller }) {
      const call = { bankId: bank_id, memoryIds: memory_ids, context: contextOf(caller) };
      return { purged_count: (await memory.purge(call)).purgedCount };
    },
  });

  return [retain, recall, debug, reflect, history, forget, restore, purge];
}

type RetainBody = (typeof schema.retainBody)["_output"];
type ReadBody = Partial<(typeof schema.reflectBody)["_output"]>;

function contentOf(content: RetainBody["content"]): RetainContent {
  if (typeof content === "string") return content;
  if ("speaker" in content[0]!) {
    const turns = content as Array<{ speaker: string; text: string; occurred_at?: string; id?: string }>;
    return turns.map(({ occurred_at, ...turn }) => ({
      ...turn,
      ...(occurred_at && { occurredAt: occurred_at }),
    }));
  }
  return (content as Array<{ type: string; mime_type?: string; base64_data?: string }>).map(
    ({ mime_type, base64_data, ...part }) =>
      (base64_data === undefined
        ? part
        : { ...part, mimeType: mime_type, base64Data: base64_data }) as ContentPart,
  );
}

function retainOptions(body: Omit<RetainBody, "content">): RetainOptions {
  return defined({
    bankId: body.bank_id,
    metadata: body.metadata,
    tags: body.tags,
    contentType: body.content_type,
    occurredAt: body.occurred_at,
    expiresAt: body.expires_at,
    source: body.source,
    sessionId: body.session_id,
    speaker: body.speaker,
    factType: body.fact_type,
    idempotencyKey: body.idempotency_key,
    multimodal: body.multimodal,
  }) as RetainOptions;
}

function readOptions(body: ReadBody): ReflectOptions {
  return defined({
    bankId: body.bank_id,
    banks: body.banks,
    strategy: body.strategy,
    maxResults: body.max_results,
    maxTokens: body.max_tokens,
    tags: body.tags,
    timeRange: body.time_range && defined(body.time_range),
    sessionId: body.session_id,
    asOf: body.as_of,
    externalContext: body.external_context?.map(({ memory_id, occurred_at, ...rest }) => ({
      ...defined({ ...rest, memoryId: memory_id }),
      ...(occurred_at !== undefined && { occurredAt: Date.parse(occurred_at) }),
    })),
    deadlineMs: body.deadline_ms,
    mode: body.mode,
  }) as ReflectOptions;
}

function defined<T extends object>(value: T): T {
  return Object.fromEntries(Object.entries(value).filter(([, field]) => field !== undefined)) as T;
}
