import type { Clock } from "../core/clock.ts";
import { AstrocyteError, toAstrocyteError } from "../core/errors.ts";
import type { HttpClient } from "../core/http.ts";
import type { Logger } from "../core/telemetry.ts";
import type { Binding, ToolCallEvent, VendorPersona, VendorTool, VendorTurn } from "./adapter.ts";
import { askBrain } from "./brain-call.ts";
import { heardOf } from "./heard.ts";
import { History } from "./history.ts";
import { ToolDesk, type ToolOutput } from "./tool-desk.ts";

/** Tool rounds in one answer. */
const TOOL_ROUNDS = 5;

export type AgentParts = {
  persona: VendorPersona;
  binding: Binding;
  http: HttpClient;
  clock: Clock;
  logger: Logger;
  /** Sent with each question; the brain adds the session's own where absent. */
  briefing?: string;
  /** What was said on an earlier connection, oldest first. */
  before?: VendorTurn[];
  /** Start of the keys of its turns: unique in the session. */
  keyPrefix: string;
  /** A piece of a speech, and all of it so far. While a returned promise waits, the brain is not read on. */
  utter(speech: { key: string; text: string }, piece: string): void | Promise<void>;
  /** Records a finished speech, and the same again when less of it was heard. */
  spoke(turn: VendorTurn): void;
  /** Gives a tool call to the page; absent where there is none. */
  relay?(call: ToolCallEvent): void;
  /** Tools of the adapter's own, beside the persona's. */
  own?: OwnTool[];
  /** The brain gave no answer. */
  failed(error: { code: string; message: string }): void;
};

/** `run` gets the arguments as the model wrote them, and never rejects. */
export type OwnTool = VendorTool & { run(args: string): ToolOutput };

type Speech = { key: string; at: number; text: string; done: boolean; correct?: (heard: string) => void };

/** The agent's side where the words pass through us: it asks the brain, speaks, and falls silent when somebody cuts in. */
export class Agent {
  readonly #parts: AgentParts;
  readonly #history: History;
  readonly #desk: ToolDesk;
  readonly #tools: VendorTool[];
  #answering: AbortController | undefined;
  /** Tools of the newest round. */
  #running: Promise<unknown> = Promise.resolve();
  /** Since the person's last words: some may still be playing. */
  #speeches: Speech[] = [];
  #spoken = 0;

  constructor(parts: AgentParts) {
    const { binding, persona, clock, http, relay } = parts;
    this.#parts = parts;
    this.#history = new History(parts.briefing, parts.before);
    this.#tools = [...persona.tools, ...(parts.own ?? [])];
    const endpoint = binding.tools;
    this.#desk = new ToolDesk({ clock, http, tools: persona.tools, endpoint, ...(relay && { relay }) });
  }

  /** Answers what the person said; settles when the answer is finished or cut off, and never rejects. */
  hear(text: string): Promise<void> {
    this.listen(text);
    return this.#answer();
  }

  /** Takes in what the person said, to be answered later: by `resume`, or with what comes next. */
  listen(text: string): void {
    this.interrupt();
    this.#speeches = [];
    this.#history.person(text);
  }

  /** Answers what was left unanswered, such as by a connection that broke, once the tools have run. */
  async resume(): Promise<void> {
    await this.#running;
    if (this.#history.waiting() && !this.#answering) await this.#answer();
  }

  /** Says the text word for word. */
  say(text: string): void {
    this.interrupt();
    const speech = this.#begin();
    void this.#utter(speech, text);
    this.#finish(speech);
  }

  /** Takes note of what the vendor says by itself. */
  said(key: string, text: string): void {
    const speech = { ...this.#begin(), key, text };
    this.#speeches = [speech];
    this.#finish(speech);
  }

  addContext(text: string): void {
    this.#history.context(text);
  }

  toolResult(toolCallId: string, output: ToolOutput): void {
    this.#desk.answer(toolCallId, output);
  }

  /**
   * Falls silent at once. `heard` is what was played of its words since the person's last, also of those that
   * were finished long before; without it, what had been said until then counts as heard.
   */
  interrupt(heard?: string): void {
    this.#answering?.abort();
    this.#answering = undefined;
    if (heard !== undefined) this.#cut(heard);
    for (const speech of this.#speeches) if (!speech.done) this.#finish(speech, speech.text);
  }

  #cut(heard: string): void {
    const speeches = this.#speeches.filter(({ text }) => text !== "");
    this.#speeches = [];
    const parts = heardOf(
      speeches.map(({ text }) => text),
      heard,
    );
    for (const [i, speech] of speeches.entries()) {
      if (!speech.done || parts[i] !== speech.text) this.#finish(speech, parts[i]!);
    }
  }

  async #answer(): Promise<void> {
    const controller = new AbortController();
    this.#answering = controller;
    try {
      for (let round = 0; round < TOOL_ROUNDS; round++) {
        if (!(await this.#round(controller.signal))) break;
      }
    } catch (error) {
      if (!controller.signal.aborted) this.#failed(error);
    }
    if (this.#answering === controller) this.#answering = undefined;
  }

  /** One completion and its tools. True when the model has to be asked again with their results. */
  async #round(signal: AbortSignal): Promise<boolean> {
    const { http, binding } = this.#parts;
    const speech = this.#begin();
    const calls = await askBrain({
      http,
      brain: binding.brain,
      messages: this.#history.messages(),
      tools: this.#tools,
      signal,
      onText: (piece) => (signal.aborted ? undefined : this.#utter(speech, piece)),
    });
    if (signal.aborted) return false;
    this.#finish(speech);
    if (calls.length === 0) return false;
    const results = await this.#runAll(calls);
    if (signal.aborted) return false;
    const silent = calls.every(
      ({ name }, i) =>
        results[i]!.status === "success" &&
        this.#tools.find((tool) => tool.name === name)?.result === "silent",
    );
    // A silent result needs no words of its own, but the person must not be left without any.
    return !(silent && speech.text !== "");
  }

  /** Also after an interruption: what a tool has done is done, and the model has to know. */
  async #runAll(calls: ToolCallEvent[]): Promise<ToolOutput[]> {
    const tell = this.#history.tools(calls);
    const running = Promise.all(calls.map((call) => this.#run(call)));
    this.#running = running;
    const results = await running;
    tell(results.map(({ output }) => output));
    return results;
  }

  async #run(call: ToolCallEvent): Promise<ToolOutput> {
    const own = this.#parts.own?.find(({ name }) => name === call.name);
    return own ? own.run(call.arguments) : this.#desk.run(call);
  }

  #begin(): Speech {
    const { keyPrefix, clock } = this.#parts;
    const speech = { key: `${keyPrefix}${++this.#spoken}`, at: clock.now(), text: "", done: false };
    this.#speeches.push(speech);
    return speech;
  }

  #utter(speech: Speech, piece: string): void | Promise<void> {
    speech.text += piece;
    return this.#parts.utter(speech, piece);
  }

  /** `heard` when it was cut off. */
  #finish(speech: Speech, heard?: string): void {
    const { key, at, text } = speech;
    speech.done = true;
    if (text === "") return;
    speech.correct ??= this.#history.agent(text);
    if (heard !== undefined) speech.correct(heard);
    this.#parts.spoke({
      key,
      role: "agent",
      text,
      at,
      ...(heard !== undefined && { interrupted: true, heard }),
    });
  }

  #failed(error: unknown): void {
    this.interrupt();
    const { code } = toAstrocyteError(error);
    // Another's error may quote anything.
    const message = AstrocyteError.is(error) ? error.message : "[agent] the answer failed. Say it again.";
    const { logger, binding, failed } = this.#parts;
    logger.warn({ sessionId: binding.sessionId, code }, "the brain gave no answer");
    failed({ code, message });
  }
}
