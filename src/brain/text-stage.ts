import type { Stage } from "./attempt.ts";
import { dataOf, eventsIn } from "./events.ts";
import { parsed } from "./report.ts";
import { isObject } from "./request.ts";

const MAX_TEXT = 100_000;

/** Keeps the words of an answer as they pass, where a completed exchange is to be retained. */
export class TextStage implements Stage {
  #text = "";

  get text(): string {
    return this.#text;
  }

  push(block: Buffer): Buffer {
    for (const event of eventsIn(block)) this.#read(dataOf(event));
    return block;
  }

  #read(data: string | undefined): void {
    if (data === undefined || this.#text.length > MAX_TEXT) return;
    this.#text += contentOf(parsed(data), "delta");
  }
}

/** The words in the first choice of a chunk (`delta`) or a whole answer (`message`). */
export function contentOf(value: unknown, holder: "delta" | "message"): string {
  const choice = isObject(value) && Array.isArray(value["choices"]) ? value["choices"][0] : undefined;
  const part = isObject(choice) ? choice[holder] : undefined;
  return isObject(part) && typeof part["content"] === "string" ? part["content"] : "";
}
