import type { ToolEvent, TranscriptLine } from "../../client/index.ts";
import { byId, make } from "./dom.ts";

/** The conversation as it grows: one item an utterance. */
export class TranscriptView {
  readonly #list = byId<HTMLOListElement>("transcript");
  readonly #items = new Map<string, HTMLElement>();

  clear(): void {
    this.#list.replaceChildren();
    this.#items.clear();
  }

  show({ id, role, text, final, heard, interrupted }: TranscriptLine): void {
    const item = this.#items.get(id) ?? this.#add(id);
    item.className = `${role}${final ? "" : " growing"}`;
    // A screen reader is told the whole, not each word.
    item.ariaBusy = String(!final);
    const who = make("span", "who", role === "user" ? "You: " : "Agent: ");
    item.replaceChildren(who, interrupted && heard !== undefined ? heard : text);
    if (interrupted) item.append(make("small", "", "Cut off here."));
    this.#list.scrollTop = this.#list.scrollHeight;
  }

  #add(id: string): HTMLElement {
    const item = make("li", "");
    this.#items.set(id, item);
    this.#list.append(item);
    return item;
  }
}

/** Tool calls, newest last, each with its state. */
export class ToolsView {
  readonly #list = byId<HTMLOListElement>("tools");
  readonly #items = new Map<string, HTMLElement>();

  clear(): void {
    this.#items.clear();
    this.#list.replaceChildren(make("li", "empty", "None yet."));
  }

  show({ toolCallId, name, arguments: args, status }: ToolEvent): void {
    if (this.#items.size === 0) this.#list.replaceChildren();
    const item = this.#items.get(toolCallId) ?? make("li", "");
    this.#items.set(toolCallId, item);
    item.replaceChildren(make("code", "", `${name}(${args})`), make("p", "origin", status));
    this.#list.append(item);
  }
}
