import type { Stage } from "./attempt.ts";
import { dataOf, eventsIn } from "./events.ts";
import { parsed } from "./report.ts";
import { isObject } from "./request.ts";
import { contentOf } from "./text-stage.ts";

const WORDS = /"content":\s*"[^"]/;

/**
 * Keeps the rounds of one answer apart: what is said after a tool is a sentence of its own, and models begin it
 * without a space ("I will note it.It is noted."). One for all rounds of a turn.
 */
export class GapStage implements Stage {
  #spoke = false;
  #joining = false;

  /** Another round begins. */
  next(): void {
    this.#joining = this.#spoke;
  }

  push(block: Buffer): Buffer {
    this.#spoke ||= WORDS.test(block.toString());
    return this.#joining ? Buffer.concat(eventsIn(block).map((event) => this.#event(event))) : block;
  }

  #event(event: Buffer): Buffer {
    const value = this.#joining ? parsed(dataOf(event) ?? "") : undefined;
    const content = contentOf(value, "delta");
    if (!isObject(value) || content === "") return event;
    this.#joining = false;
    if (/^\s/.test(content)) return event;
    const [choice, ...others] = value["choices"] as Array<{ delta: object }>;
    const choices = [{ ...choice, delta: { ...choice!.delta, content: ` ${content}` } }, ...others];
    return Buffer.from(`data: ${JSON.stringify({ ...value, choices })}\n\n`);
  }
}
