import type { MemoryHit, RecallResult, RecallTrace, ReflectResult } from "../../memory/types.ts";
import { hitJson, recallJson } from "../../server/present.ts";
import { EXIT } from "../output/exit.ts";
import { type Ui, when } from "../output/ui.ts";
import { printable, wrap } from "../output/width.ts";
import type { Answer } from "../run.ts";

export function recalled(result: RecallResult, withTrace: boolean): Answer {
  const { trace } = result;
  return {
    data: recallJson(result),
    text: (ui) =>
      [
        result.hits.length === 0 ? "Nothing in memory fits." : hits(ui, result.hits),
        ...notes(ui, result),
        ...(withTrace ? ["", traced(ui, trace)] : []),
      ].join("\n"),
    exitCode: result.hits.length === 0 ? EXIT.notFound : EXIT.ok,
  };
}

export function reflected(result: ReflectResult): Answer {
  return {
    data: { ...result, sources: result.sources.map(hitJson) },
    text: (ui) => {
      if (result.method === "unknown") return "I don't know: memory holds nothing on that.";
      const by =
        result.method === "llm" ? "" : ui.dim("\n(quoted from memory: no language model is configured)");
      const answer = printable(result.answer, true)
        .split("\n")
        .flatMap((line) => wrap(line, ui.width))
        .join("\n");
      return `${answer}${by}\n\n${ui.bold("Sources")}\n${hits(ui, result.sources)}`;
    },
    exitCode: result.method === "unknown" ? EXIT.notFound : EXIT.ok,
  };
}

export function hits(ui: Ui, all: MemoryHit[]): string {
  const banks = new Set(all.map(({ bankId }) => bankId)).size > 1;
  const columns = [
    { title: "score", align: "right" as const },
    { title: "when (UTC)" },
    ...(banks ? [{ title: "bank" }] : []),
    { title: "who" },
    { title: "memory", grow: true },
  ];
  const rows = all.map((hit) => [
    hit.score.toFixed(2),
    when(hit.occurredAt),
    ...(banks ? [hit.bankId] : []),
    hit.speaker ?? hit.source ?? "",
    `${hit.text}${marks(hit)}`,
  ]);
  return ui.table(columns, rows);
}

function marks({ supersededBy, flags, origin }: MemoryHit): string {
  const all = [
    ...(supersededBy === undefined ? [] : ["replaced since"]),
    ...(flags.includes("injection") ? ["reads like an instruction"] : []),
    ...(origin === "external" ? ["external"] : []),
  ];
  return all.length > 0 ? ` (${all.join(", ")})` : "";
}

function notes(ui: Ui, { degraded, truncated, trace }: RecallResult): string[] {
  return [
    ...(degraded
      ? [ui.warn(`Incomplete: ${[...trace.late, ...Object.keys(trace.failed)].join(", ")}.`)]
      : []),
    ...(truncated ? [ui.dim(`More fits than is shown (--max, --tokens).`)] : []),
  ];
}

function traced(ui: Ui, trace: RecallTrace): string {
  const strategies = ui.table(
    [{ title: "strategy" }, { title: "candidates", align: "right" }, { title: "ms", align: "right" }],
    trace.strategiesUsed.map((name) => [
      name,
      String(trace.strategyCandidateCounts[name] ?? 0),
      (trace.strategyTimingsMs[name] ?? 0).toFixed(1),
    ]),
  );
  const range = trace.timeRange ? `, time ${when(trace.timeRange.from)} to ${when(trace.timeRange.to)}` : "";
  return `${strategies}\n${ui.dim(`${trace.latencyMs.toFixed(1)} ms, fusion ${trace.fusionMethod}${range}`)}`;
}
