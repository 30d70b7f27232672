import type { Clock } from "../core/clock.ts";
import { AstrocyteError } from "../core/errors.ts";
import { dataOf, EventGate } from "./events.ts";
import type { Outgoing } from "./outgoing.ts";
import type { BrainSettings } from "./parts.ts";
import { parsed, type Report, Tail } from "./report.ts";
import type { Control, Listener, OpenCall, UpstreamCall, UpstreamHeaders } from "./upstream-call.ts";
import { type Watchdog, watch } from "./watchdog.ts";

/** What became of one call to one upstream. */
export type Outcome =
  /** All events went out. */
  | { kind: "streamed"; headers: UpstreamHeaders; report: Report }
  /** Any status, in one piece; nothing of it went out. */
  | { kind: "whole"; status: number; headers: UpstreamHeaders; body: Buffer }
  /** Nothing came. `reset`: the connection was lost, and the same call may be made once more. */
  | { kind: "failed"; error: AstrocyteError; reset: boolean }
  /** It broke off after events had gone out; the last of them is whole if `aligned`. */
  | { kind: "broken"; error: AstrocyteError; aligned: boolean }
  /** The caller hung up, or stopped reading. */
  | { kind: "gone" };

/** Sees whole events on their way to the caller, and may keep some back. */
export type Stage = { push(events: Buffer): Buffer | undefined };

export type AttemptOptions = {
  open: OpenCall;
  call: UpstreamCall;
  outgoing: Outgoing;
  stages: Stage[];
  settings: BrainSettings;
  clock: Clock;
  /** The upstream's first byte is here, and goes out next. */
  onFirstByte(headers: UpstreamHeaders): void;
  /** All events have gone out, and the upstream has nothing more. */
  onEnd(report: Report): void;
};

const MAX_WHOLE = 64 * 1024 * 1024;
const RESETS = new Set(["ECONNRESET", "EPIPE", "UND_ERR_SOCKET"]);

/** Makes one call and relays its answer. It always settles, and never leaves the upstream running. */
export function attempt(options: AttemptOptions): Promise<Outcome> {
  return new Promise((resolve) => new Attempt(options, resolve).start());
}

class Attempt implements Listener {
  readonly #options: AttemptOptions;
  readonly #resolve: (outcome: Outcome) => void;
  readonly #gate = new EventGate();
  readonly #tail = new Tail();
  #mode: "waiting" | "stream" | "whole" = "waiting";
  #status = 0;
  #headers: UpstreamHeaders = {};
  #chunks: Buffer[] = [];
  /** Events on their way out. */
  #queue: Buffer[] = [];
  #bytes = 0;
  #begun = false;
  #control: Control | undefined;
  #paused = false;
  #settled = false;
  #stopListening = () => {};
  #patience: Watchdog;
  #keepAlive: Watchdog | undefined;

  constructor(options: AttemptOptions, resolve: (outcome: Outcome) => void) {
    this.#options = options;
    this.#resolve = resolve;
    const { settings, clock, call } = options;
    const { stream } = call.prompt.chat;
    const wait = stream ? settings.firstByteTimeoutMs : settings.wholeAnswerTimeoutMs;
    this.#patience = watch(clock, wait, () => this.error(tooSlow(wait)));
    if (stream) this.#keepAlive = watch(clock, settings.keepAliveMs, () => this.#comment());
  }

  start(): void {
    const { outgoing, open, call } = this.#options;
    this.#stopListening = outgoing.onGone(this.#onGone);
    if (outgoing.gone) this.#onGone();
    else this.#open(open, call);
  }

  #open(open: OpenCall, call: UpstreamCall): void {
    try {
      this.#control = open(call, this);
      if (this.#settled) this.#control.cancel();
    } catch (error) {
      this.error(error);
    }
  }

  head(status: number, headers: UpstreamHeaders): void {
    this.#status = status;
    this.#headers = headers;
    const type = String(headers["content-type"] ?? "");
    const events = type.includes("text/event-stream");
    // Some servers send events as plain text.
    const asked = this.#options.call.prompt.chat.stream && !type.includes("json");
    this.#mode = status < 300 && (events || asked) ? "stream" : "whole";
    if (headers["content-encoding"] !== undefined) this.error(compressed());
  }

  data(chunk: Buffer): void {
    if (this.#settled) return;
    this.#patience.beat();
    if (this.#mode === "stream") this.#relay(chunk);
    else this.#collect(chunk);
  }

  end(): void {
    if (this.#settled) return;
    if (this.#mode === "stream") this.#endStream();
    else this.#endWhole();
  }

  #endWhole(): void {
    const body = Buffer.concat(this.#chunks);
    this.#settle({ kind: "whole", status: this.#status, headers: this.#headers, body });
  }

  #endStream(): void {
    const rest = this.#gate.rest();
    const whole = rest === undefined || isWhole(rest);
    if (rest && whole) this.#pass(Buffer.concat([rest, Buffer.from("\n\n")]));
    this.#flush();
    const report = this.#tail.report();
    // Without a length the end of the connection may be the end of the answer, or the upstream's death.
    const ended = isFramed(this.#headers) || report.done || report.finishReason !== undefined;
    if (!this.#begun) this.error(rest ? lost() : empty());
    else if (!whole || !ended) this.error(lost());
    else {
      // At once, so that the last words and the end leave together.
      this.#options.onEnd(report);
      this.#settle({ kind: "streamed", headers: this.#headers, report });
    }
  }

  error(cause: unknown): void {
    if (this.#settled) return;
    const error = AstrocyteError.is(cause) ? cause : lost(cause);
    this.#flush();
    this.#control?.cancel();
    const { aligned } = this.#gate;
    this.#settle(
      this.#begun
        ? { kind: "broken", error, aligned }
        : { kind: "failed", error, reset: RESETS.has(codeOf(cause)) },
    );
  }

  #relay(chunk: Buffer): void {
    const events = this.#gate.push(chunk);
    if (events) this.#pass(events);
  }

  /** From the first event on the answer is this upstream's: until then another may still give it. */
  #begin(): void {
    this.#begun = true;
    const { settings, clock, outgoing, onFirstByte } = this.#options;
    this.#patience.stop();
    this.#patience = watch(clock, settings.idleTimeoutMs, () => this.#stalled(settings.idleTimeoutMs));
    onFirstByte(this.#headers);
    outgoing.onDrain(this.#onDrain);
  }

  /** Hands events to the caller; when the caller is slow, the upstream waits. */
  #pass(events: Buffer): void {
    if (!this.#begun) this.#begin();
    this.#tail.push(events);
    let out: Buffer | undefined = events;
    for (const stage of this.#options.stages) out = out && stage.push(out);
    if (!out) return;
    // What came in one read goes out in one write.
    if (this.#queue.push(out) === 1) process.nextTick(this.#flush);
  }

  readonly #flush = (): void => {
    if (this.#queue.length === 0) return;
    const out = this.#queue.length === 1 ? this.#queue[0]! : Buffer.concat(this.#queue);
    this.#queue = [];
    this.#keepAlive?.beat();
    if (this.#options.outgoing.write(out) || this.#paused) return;
    this.#paused = true;
    this.#control?.pause();
  };

  #collect(chunk: Buffer): void {
    this.#bytes += chunk.length;
    if (this.#bytes > MAX_WHOLE) this.error(tooLarge());
    else this.#chunks.push(chunk);
  }

  #comment(): void {
    if (this.#gate.aligned && !this.#paused) this.#options.outgoing.keepAlive();
  }

  #stalled(ms: number): void {
    if (this.#paused) this.#options.outgoing.destroy();
    else this.error(tooSlow(ms));
  }

  readonly #onDrain = (): void => {
    this.#patience.beat();
    if (!this.#paused) return;
    this.#paused = false;
    this.#control?.resume();
  };

  readonly #onGone = (): void => {
    this.#control?.cancel();
    this.#settle({ kind: "gone" });
  };

  #settle(outcome: Outcome): void {
    if (this.#settled) return;
    this.#settled = true;
    this.#patience.stop();
    this.#keepAlive?.stop();
    const { outgoing } = this.#options;
    outgoing.offDrain(this.#onDrain);
    this.#stopListening();
    this.#resolve(outcome);
  }
}

/** An event without its ending, at the end of an answer that came to its end: whole if its data is. */
function isWhole(event: Buffer): boolean {
  const data = dataOf(event);
  if (data === undefined) return event.toString("latin1", 0, 1) === ":";
  return data.trim() === "[DONE]" || parsed(data) !== undefined;
}

function isFramed(headers: UpstreamHeaders): boolean {
  return headers["transfer-encoding"] !== undefined || headers["content-length"] !== undefined;
}

function codeOf(error: unknown): string {
  if (AstrocyteError.is(error)) return "";
  const { code, cause } = (error ?? {}) as { code?: unknown; cause?: { code?: unknown } };
  return String(code ?? cause?.code ?? "");
}

function lost(cause?: unknown): AstrocyteError {
  const message = "[brain] the connection to the model's server was lost. Try again.";
  return new AstrocyteError("llm_unavailable", message, { cause });
}

function tooSlow(ms: number): AstrocyteError {
  return new AstrocyteError("llm_timeout", `[brain] the model's server was silent for ${ms} ms. Try again.`);
}

function empty(): AstrocyteError {
  return new AstrocyteError(
    "llm_unavailable",
    "[brain] the model's server answered with nothing. Try again.",
  );
}

function compressed(): AstrocyteError {
  const message = "[brain] the model's server compressed its answer unasked. Turn compression off there.";
  return new AstrocyteError("llm_failed", message);
}

function tooLarge(): AstrocyteError {
  return new AstrocyteError("llm_failed", `[brain] the answer is larger than ${MAX_WHOLE} bytes. Stream it.`);
}
