import type { Clock } from "../core/clock.ts";
import { AstrocyteError } from "../core/errors.ts";
import type { Logger } from "../core/telemetry.ts";
import { type OpenUpstream, passedOn } from "./ask.ts";
import type { Outcome } from "./attempt.ts";
import type { Binding } from "./bind.ts";
import { type Exchanges, type Place, placeOf } from "./exchanges.ts";
import { memoryBlock } from "./memory-block.ts";
import { type ToolRun, toolsFor } from "./memory-tools.ts";
import type { Outgoing } from "./outgoing.ts";
import type { BrainMemory, BrainSettings } from "./parts.ts";
import { composePrompt } from "./prompt.ts";
import { liveQuestion } from "./question.ts";
import type { Recalled, Recaller } from "./recall.ts";
import { refusal, refusalEvent } from "./refusal.ts";
import type { ChatRequest } from "./request.ts";
import { type Round, runRounds } from "./rounds.ts";
import type { TurnClock } from "./trace.ts";

/** What a turn works with. */
export type Turn = {
  chat: ChatRequest;
  binding: Binding;
  outgoing: Outgoing;
  clock: Clock;
  logger: Logger;
  turn: TurnClock;
  memory: BrainMemory | undefined;
  recaller: Recaller;
  exchanges: Exchanges | undefined;
  upstreams: OpenUpstream[];
  settings: BrainSettings;
};

/** Recall, inject, ask, relay; and where it is wished, keep what was said. Errors are thrown, to be told. */
export async function runTurn(turn: Turn): Promise<void> {
  const { chat, binding, recaller, exchanges, settings, clock, memory } = turn;
  const quotes = turn.upstreams.some(({ config }) => config.kind === "none");
  const question = memory || quotes ? liveQuestion(chat.messages) : "";
  const recalling = recaller.recall(binding, question);
  recalling.catch(() => {});
  // While memory searches: what the prompt will need.
  const tools = memory ? toolsFor(binding, chat) : [];
  const place = exchanges && (binding.retain || tools.length > 0) ? placeOf(chat, binding) : undefined;
  if (place) exchanges?.begun(place);
  if (memory && binding.bankIds.length > 0) chat.layout();
  const { hits } = await arrived(turn, recalling);
  const { briefing } = binding.session ?? {};
  const prompt = composePrompt(chat, briefing?.text ?? "", memoryBlock(hits, binding.recall.maxTokens));
  const run: ToolRun | undefined = memory &&
    place && { memory, binding, clock, place, timeoutMs: settings.toolTimeoutMs, notes: [] };
  const askUsage = binding.session !== undefined && chat.stream && !chat.wantsUsage;
  const { turnId } = turn.turn.trace;
  const known = { question, lines: briefing?.lines ?? [], hits };
  const last = await runRounds({
    asking: { ...turn, call: { prompt, askUsage, tools, turnId, known } },
    tools,
    maxRounds: settings.toolRounds,
    keepText: binding.retain,
    bufferWords: binding.session?.bufferWords,
    run,
    onRound: (round) => count(turn, round),
  });
  tell(turn, last);
  if (place && endedWell(last) && (await turn.outgoing.delivered()))
    keep(turn, place, last, run?.notes ?? []);
}

async function arrived({ turn, outgoing }: Turn, recalling: Promise<Recalled>): Promise<Recalled> {
  // What is told if it fails.
  turn.trace.memory = "degraded";
  const recalled = await recalling;
  const { memory, hits, reused, ms } = recalled;
  Object.assign(turn.trace, { memory, hits: hits.length, reused });
  turn.recalled(ms);
  if (outgoing.gone) throw new AstrocyteError("cancelled", "[brain] the caller hung up.");
  return recalled;
}

function count({ turn }: Turn, { outcome, upstream, report, calls }: Round): void {
  const headers = outcome.kind === "streamed" || outcome.kind === "whole" ? outcome.headers : {};
  turn.round(upstream, headers, report);
  turn.trace.toolCalls += calls.length;
}

/** The end of the answer, or what became of it. */
function tell({ outgoing, turn }: Turn, { outcome }: Round): void {
  if (outcome.kind === "gone") throw new AstrocyteError("cancelled", "[brain] the caller hung up.");
  if (outcome.kind === "broken" && !outcome.aligned) outgoing.destroy();
  if (outcome.kind === "broken" || outcome.kind === "failed") throw outcome.error;
  if (outcome.kind === "streamed") return;
  turn.mark("upstream");
  tellWhole(outgoing, outcome);
}

function tellWhole(outgoing: Outgoing, { status, headers, body }: Extract<Outcome, { kind: "whole" }>): void {
  const passed = passedOn(headers);
  const told = status < 300 && !outgoing.begun ? { headers: passed, body } : refusal(status, passed, body);
  if (outgoing.begun) outgoing.end(refusalEvent(told));
  else outgoing.whole(status, told.headers, told.body);
}

/** The model came to its end by itself, and has nothing more to ask of the caller. */
function endedWell({ outcome, report }: Round): boolean {
  const complete = outcome.kind === "streamed" || (outcome.kind === "whole" && outcome.status < 300);
  const reason = report?.finishReason;
  return (
    complete && (reason === "stop" || reason === "length" || (reason === undefined && report?.done === true))
  );
}

function keep({ exchanges, binding }: Turn, place: Place, { text }: Round, notes: string[]): void {
  if ((binding.retain && text !== "" && place.question !== "") || notes.length > 0)
    exchanges?.completed({ binding, place, answer: text, notes });
}
