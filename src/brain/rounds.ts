import { type Asking, ask, type OpenUpstream } from "./ask.ts";
import type { Outcome, Stage } from "./attempt.ts";
import { BufferWords } from "./buffer-words.ts";
import { GapStage } from "./gap-stage.ts";
import {
  nameOf,
  resolveCalls,
  type ToolCallPart,
  type ToolDefinition,
  type ToolRun,
} from "./memory-tools.ts";
import { parsed, type Report, reportOf } from "./report.ts";
import { contentOf, TextStage } from "./text-stage.ts";
import { splitWhole, ToolStage } from "./tool-stage.ts";
import { hideUsage } from "./usage-stage.ts";

/** One call of the model within a turn, and what it gave. */
export type Round = {
  outcome: Outcome;
  upstream: OpenUpstream;
  report: Report | undefined;
  /** Calls of the brain's own tools. */
  calls: ToolCallPart[];
  /** False when the model waits for nothing but our results. */
  final: boolean;
  /** The words of the answer, where they are to be kept. */
  text: string;
};

export type RoundOptions = {
  asking: Omit<Asking, "stages" | "onEnd">;
  tools: ToolDefinition[];
  maxRounds: number;
  keepText: boolean;
  /** Said before a tool that the model calls without a word. */
  bufferWords: string | undefined;
  /** What the tools work with; without it none are offered. */
  run: ToolRun | undefined;
  /** Told of each round, the last one included. */
  onRound(round: Round): void;
};

/** Asks until the model has called none of the brain's own tools; the last round offers none. */
export async function runRounds(options: RoundOptions): Promise<Round> {
  const { tools, maxRounds, run, asking, onRound } = options;
  const gap = tools.length > 0 ? new GapStage() : undefined;
  for (let count = 1; ; count++) {
    const round = await oneRound(options, run && count <= maxRounds ? tools : [], count === 1, gap);
    onRound(round);
    if (round.calls.length === 0 || !run) return round;
    const told = await resolveCalls(run, round.calls);
    if (round.final) return round;
    asking.call.prompt.appended.push(...told);
    gap?.next();
  }
}

async function oneRound(
  options: RoundOptions,
  tools: ToolDefinition[],
  first: boolean,
  gap: GapStage | undefined,
): Promise<Round> {
  const { asking, keepText, bufferWords } = options;
  const { chat } = asking.call.prompt;
  const names = new Set(tools.map((tool) => String(nameOf(tool))));
  let text: TextStage | undefined;
  let own: ToolStage | undefined;
  const stages = (): Stage[] => {
    own = names.size > 0 || !first ? new ToolStage(names, first) : undefined;
    text = keepText ? new TextStage() : undefined;
    const hide = asking.call.askUsage && !chat.wantsUsage ? hideUsage : undefined;
    const words = bufferWords === undefined ? undefined : new BufferWords(bufferWords);
    return [words, own, gap, text, hide].filter((stage) => stage !== undefined);
  };
  const onEnd = ({ done }: Report) => {
    if (own?.final ?? true) asking.outgoing.end(done ? undefined : "data: [DONE]\n\n");
  };
  const { outcome, upstream } = await ask({ ...asking, call: { ...asking.call, tools }, stages, onEnd });
  if (outcome.kind === "whole" && outcome.status < 300) return wholeRound(outcome, upstream, names);
  const report = outcome.kind === "streamed" ? outcome.report : undefined;
  const calls = outcome.kind === "streamed" ? (own?.calls ?? []) : [];
  return { outcome, upstream, report, calls, final: own?.final ?? true, text: text?.text ?? "" };
}

function wholeRound(
  outcome: Extract<Outcome, { kind: "whole" }>,
  upstream: OpenUpstream,
  names: ReadonlySet<string>,
): Round {
  const { body, calls, final } = splitWhole(outcome.body, names);
  const json = body.toString("utf8");
  const text = contentOf(parsed(json), "message");
  return { outcome: { ...outcome, body }, upstream, report: reportOf(json), calls, final, text };
}
