import type { Clock } from "../../core/clock.ts";
import { AstrocyteError, toAstrocyteError } from "../../core/errors.ts";
import type { HttpClient } from "../../core/http.ts";
import type { Logger } from "../../core/telemetry.ts";
import type { Binding, VendorPersona, VendorTurn } from "../adapter.ts";
import { askBrain } from "./brain-call.ts";
import { LIMITS } from "./config.ts";
import { History } from "./history.ts";
import type { RoomEventBody, RoomToolResult } from "./protocol.ts";
import { ToolDesk } from "./tools.ts";

export type AgentParts = {
  briefing: string;
  persona: VendorPersona;
  binding: Binding;
  http: HttpClient;
  clock: Clock;
  logger: Logger;
  post(event: RoomEventBody): void;
  /** Records what the agent said. */
  spoke(turn: VendorTurn): void;
};

type Speech = { id: string; at: number; text: string };

/** The local vendor's own part: it listens, asks the brain, speaks, and falls silent when somebody cuts in. */
export class Agent {
  readonly #parts: AgentParts;
  readonly #history: History;
  readonly #desk: ToolDesk;
  #answering: AbortController | undefined;
  #speech: Speech | undefined;
  #spoken = 0;

  constructor(parts: AgentParts) {
    const { binding, persona, clock, http, post } = parts;
    this.#parts = parts;
    this.#history = new History(parts.briefing);
    this.#desk = new ToolDesk({ clock, http, post, tools: persona.tools, endpoint: binding.tools });
  }

  /** Answers what the person said; settles when the answer is finished or cut off, and never rejects. */
  hear(text: string): Promise<void> {
    this.interrupt();
    this.#history.person(text);
    return this.#answer();
  }

  /** Says the text word for word. */
  say(text: string): void {
    this.interrupt();
    this.#begin();
    this.#utter(text);
    this.#finish(false);
  }

  addContext(text: string): void {
    this.#history.context(text);
  }

  toolResult(result: RoomToolResult): void {
    this.#desk.answer(result);
  }

  /** Falls silent at once. What had been said until then counts as heard. */
  interrupt(): void {
    this.#answering?.abort();
    this.#answering = undefined;
    this.#finish(true);
  }

  async #answer(): Promise<void> {
    const controller = new AbortController();
    this.#answering = controller;
    try {
      for (let round = 0; round < LIMITS.toolRounds; round++) {
        if (!(await this.#round(controller.signal))) break;
      }
    } catch (error) {
      if (!controller.signal.aborted) this.#failed(error);
    }
    if (this.#answering === controller) this.#answering = undefined;
  }

  /** One completion and its tools. True when the model has to be asked again with their results. */
  async #round(signal: AbortSignal): Promise<boolean> {
    const { http, binding, persona } = this.#parts;
    const speech = this.#begin();
    const calls = await askBrain({
      http,
      brain: binding.brain,
      messages: this.#history.messages(),
      tools: persona.tools,
      signal,
      onText: (piece) => {
        if (!signal.aborted) this.#utter(piece);
      },
    });
    if (signal.aborted) return false;
    this.#finish(false);
    if (calls.length === 0) return false;
    const results = await Promise.all(calls.map((call) => this.#desk.run(call)));
    // Also after an interruption: what a tool has done is done, and the model has to know.
    this.#history.tools(calls.map((call, i) => ({ call, output: results[i]!.output })));
    if (signal.aborted) return false;
    const silent = calls.every(
      ({ name }, i) =>
        results[i]!.status === "success" &&
        persona.tools.find((tool) => tool.name === name)?.result === "silent",
    );
    // A silent result needs no words of its own, but the person must not be left without any.
    return !(silent && speech.text !== "");
  }

  #begin(): Speech {
    this.#speech = { id: `agent-${++this.#spoken}`, at: this.#parts.clock.now(), text: "" };
    return this.#speech;
  }

  #utter(piece: string): void {
    const speech = this.#speech;
    if (!speech) return;
    speech.text += piece;
    this.#parts.post({ type: "utterance.delta", id: speech.id, role: "agent", text: speech.text });
  }

  #finish(interrupted: boolean): void {
    const speech = this.#speech;
    this.#speech = undefined;
    if (!speech || speech.text === "") return;
    const { id: key, at, text } = speech;
    this.#history.agent(text);
    this.#parts.spoke({ key, role: "agent", text, at, ...(interrupted && { interrupted, heard: text }) });
  }

  #failed(error: unknown): void {
    this.#finish(true);
    const { code } = toAstrocyteError(error);
    // Another's error may quote anything.
    const message = AstrocyteError.is(error) ? error.message : "[local] the answer failed. Say it again.";
    const { logger, binding, post } = this.#parts;
    logger.warn({ sessionId: binding.sessionId, code }, "the brain gave no answer");
    post({ type: "error", code, message });
  }
}
