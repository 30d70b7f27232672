import type { Span } from "@opentelemetry/api";
import { AstrocyteError } from "../core/errors.ts";
import { type Attributes, meter, withSpan } from "../core/telemetry.ts";

/** Names of the OpenTelemetry GenAI conventions where they have one. Reflecting stores nothing here: a search. */
const OPERATION_NAMES = {
  retain: "upsert_memory",
  recall: "search_memory",
  history: "search_memory",
  reflect: "search_memory",
  forget: "delete_memory",
  purge: "delete_memory",
  import: "upsert_memory",
  create: "create_memory_store",
  drop: "delete_memory_store",
} as const;

const duration = meter.createHistogram("astrocyte.memory.operation.duration", {
  unit: "s",
  description: "Time of a memory operation, by operation and outcome.",
});
const memories = meter.createCounter("astrocyte.memory.memories", {
  unit: "{memory}",
  description: "Memories that an operation stored, merged, returned or deleted.",
});

/** A span and a measurement around an operation; ids, counts and codes alone. */
export async function measured<T>(
  operation: string,
  bankIds: string[],
  attributes: Attributes,
  work: (span: Span) => Promise<T>,
): Promise<T> {
  const name = operation in OPERATION_NAMES ? OPERATION_NAMES[operation as "retain"] : operation;
  const start = performance.now();
  let outcome = "ok";
  const all: Attributes = {
    ...attributes,
    "gen_ai.operation.name": name,
    "gen_ai.provider.name": "astrocyte",
    "astrocyte.operation": operation,
    ...(bankIds.length > 0 && { "gen_ai.memory.store.id": bankIds.join(",") }),
  };
  try {
    return await withSpan(`${name} ${bankIds[0] ?? ""}`.trim(), all, work);
  } catch (error) {
    outcome = AstrocyteError.is(error) ? error.code : "internal";
    throw error;
  } finally {
    duration.record((performance.now() - start) / 1000, { operation, outcome });
  }
}

export function countMemories(operation: string, outcome: string, count: number): void {
  if (count > 0) memories.add(count, { operation, outcome });
}
