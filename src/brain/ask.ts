import type { CircuitBreaker } from "../core/breaker.ts";
import type { Clock } from "../core/clock.ts";
import { AstrocyteError } from "../core/errors.ts";
import type { Logger } from "../core/telemetry.ts";
import { attempt, type Outcome, type Stage } from "./attempt.ts";
import type { Outgoing } from "./outgoing.ts";
import type { BrainSettings } from "./parts.ts";
import type { Report } from "./report.ts";
import type { TurnClock } from "./trace.ts";
import type { OpenCall, UpstreamCall } from "./upstream-call.ts";
import { conventionOf, modelFor, type Upstream } from "./upstreams.ts";

/** An upstream that is ready to be called. */
export type OpenUpstream = {
  name: string;
  config: Upstream;
  open: OpenCall;
  breaker: CircuitBreaker;
  close(): Promise<void>;
};

export type Asking = {
  upstreams: OpenUpstream[];
  call: Omit<UpstreamCall, "model">;
  outgoing: Outgoing;
  /** Ends the caller's stream, unless another round follows. */
  onEnd(report: Report): void;
  /** Made anew for each attempt: what a broken one saw does not count. */
  stages(): Stage[];
  settings: BrainSettings;
  clock: Clock;
  logger: Logger;
  turn: TurnClock;
};

/** Statuses after which another upstream may do better. */
const PASS_ON = new Set([401, 403, 408, 429]);

/**
 * The first answer that an upstream gives, in their order; a connection lost before the first byte is tried
 * once more. When none can answer, the last one's own answer is told, or its error thrown.
 */
export async function ask(asking: Asking): Promise<{ outcome: Outcome; upstream: OpenUpstream }> {
  const { upstreams, call } = asking;
  const serving = upstreams
    .map((upstream) => ({ upstream, model: modelFor(upstream.config, call.prompt.chat.model) }))
    .filter(({ model }) => model !== null);
  if (serving.length === 0) throw unknownModel();
  let failure: unknown;
  for (const [index, { upstream, model }] of serving.entries()) {
    const last = index === serving.length - 1;
    const outcome = await enter(upstream, () => askOne(asking, upstream, model ?? undefined));
    if (!(outcome instanceof AstrocyteError)) {
      if (!isFailure(outcome) || (last && outcome.kind === "whole")) return { outcome, upstream };
      failure = outcome.kind === "failed" ? outcome.error : failure;
    } else failure = outcome;
    asking.logger.warn({ upstream: upstream.name, last }, "upstream could not answer");
  }
  throw failure ?? noneAnswered();
}

/** Runs one call under the upstream's breaker; the error when the breaker spares it. */
async function enter(
  { breaker }: OpenUpstream,
  run: () => Promise<Outcome>,
): Promise<Outcome | AstrocyteError> {
  let settle: ReturnType<CircuitBreaker["enter"]>;
  try {
    settle = breaker.enter();
  } catch (error) {
    return error as AstrocyteError;
  }
  const outcome = await run();
  settle(verdict(outcome));
  return outcome;
}

async function askOne(asking: Asking, upstream: OpenUpstream, model: string | undefined): Promise<Outcome> {
  const first = await once(asking, upstream, model);
  return first.kind === "failed" && first.reset ? once(asking, upstream, model) : first;
}

function once(asking: Asking, { open, config }: OpenUpstream, model: string | undefined): Promise<Outcome> {
  const { outgoing, settings, clock, stages, turn, onEnd } = asking;
  turn.mark("asked");
  turn.trace.attempts++;
  const canCount =
    config.kind === "provider" || (config.kind !== "none" && conventionOf(config.kind).streamUsage);
  const call = { ...asking.call, model, askUsage: asking.call.askUsage && canCount };
  return attempt({
    open,
    call,
    outgoing,
    stages: stages(),
    settings,
    clock,
    onEnd,
    onFirstByte(headers) {
      turn.mark("upstream");
      outgoing.beginStream(passedOn(headers));
      turn.mark("out");
    },
  });
}

function isFailure(outcome: Outcome): boolean {
  if (outcome.kind === "whole") return outcome.status >= 500 || PASS_ON.has(outcome.status);
  return outcome.kind === "failed";
}

/** What the breaker learns: being refused, or the caller's leaving, says nothing about the upstream's health. */
function verdict(outcome: Outcome): AstrocyteError | undefined {
  if (outcome.kind === "gone") return new AstrocyteError("cancelled", "[brain] the caller hung up.");
  if (outcome.kind === "failed" || outcome.kind === "broken") return outcome.error;
  return outcome.kind === "whole" && outcome.status >= 500 ? noneAnswered() : undefined;
}

/** Headers of the answer that mean something to the caller; new ones, never the upstream's own object. */
export function passedOn(
  headers: Record<string, string | string[] | undefined>,
): Record<string, string | string[]> {
  const passed: Record<string, string | string[]> = {};
  for (const [name, value] of Object.entries(headers))
    if (
      value !== undefined &&
      /^(?:content-type|retry-after(?:-ms)?|x-should-retry|x-ratelimit-.+)$/.test(name)
    )
      passed[name] = value;
  return passed;
}

function unknownModel(): AstrocyteError {
  const message = "[brain] no upstream serves the requested model. Use one that GET /models lists.";
  return new AstrocyteError("not_found", message, { details: { param: "model" } });
}

function noneAnswered(): AstrocyteError {
  return new AstrocyteError("llm_unavailable", "[brain] the model's server failed. Try again later.");
}
