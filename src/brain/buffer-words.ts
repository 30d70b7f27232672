import type { Stage } from "./attempt.ts";
import { dataOf, eventsIn } from "./events.ts";
import { parsed } from "./report.ts";
import { isObject } from "./request.ts";
import { contentOf } from "./text-stage.ts";

/** Vendors' own tools, which take no time: words before one hangs up would be odd. */
const INSTANT = new Set([
  "end_call",
  "language_detection",
  "skip_turn",
  "transfer_to_agent",
  "transfer_to_number",
  "voicemail_detection",
]);

/**
 * Says some words when the model calls a tool before it has said anything: where a vendor speaks nothing but our
 * answer, the person would hear nothing until the tool is done (voice contract §A.8).
 */
export class BufferWords implements Stage {
  readonly #words: string;
  #settled = false;

  constructor(words: string) {
    this.#words = words;
  }

  push(block: Buffer): Buffer {
    return this.#settled ? block : Buffer.concat(eventsIn(block).flatMap((event) => this.#event(event)));
  }

  #event(event: Buffer): Buffer[] {
    const value = this.#settled ? undefined : parsed(dataOf(event) ?? "");
    if (!isObject(value)) return [event];
    const tool = calledIn(value);
    this.#settled = tool !== undefined || contentOf(value, "delta") !== "";
    if (tool === undefined || INSTANT.has(tool)) return [event];
    const choices = [{ index: 0, delta: { content: this.#words }, finish_reason: null }];
    return [Buffer.from(`data: ${JSON.stringify({ ...value, choices })}\n\n`), event];
  }
}

/** The name of the tool that a chunk begins to call. */
function calledIn({ choices }: Record<string, unknown>): string | undefined {
  const delta = Array.isArray(choices) && isObject(choices[0]) ? choices[0]["delta"] : undefined;
  const calls = isObject(delta) && Array.isArray(delta["tool_calls"]) ? delta["tool_calls"] : [];
  const called = isObject(calls[0]) ? calls[0]["function"] : undefined;
  return isObject(called) && typeof called["name"] === "string" ? called["name"] : undefined;
}
