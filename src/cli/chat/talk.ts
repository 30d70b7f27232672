import type { Astrocyte } from "../../memory/brain.ts";
import type { AstrocyteContext, MemoryHit, RetainResult } from "../../memory/types.ts";
import type { Ui } from "../output/ui.ts";
import { when } from "../output/ui.ts";
import { printable } from "../output/width.ts";
import { hits } from "../views/hits.ts";
import { isQuestion } from "./intent.ts";

export const HELP = `Tell me something and I remember it, also the next time. Ask, and I answer from what you told me.
  /why         where the last answer comes from
  /forget      forget the last thing that you told me
  /forget 2    forget the second source of the last answer
  /quit        leave (Ctrl-D)`;

export type TalkOptions = {
  memory: Astrocyte;
  bankId: string;
  /** Ties what is said in one sitting together. */
  sessionId: string;
  context: { context?: AstrocyteContext };
  ui: Ui;
};

/** One sitting: what was answered and stored last is what `/why` and `/forget` mean. */
export class Talk {
  readonly #options: TalkOptions;
  #sources: MemoryHit[] = [];
  #stored: string[] = [];

  constructor(options: TalkOptions) {
    this.#options = options;
  }

  /** The reply to one line; undefined says goodbye. */
  async reply(line: string): Promise<string | undefined> {
    const [command = "", argument = ""] = line.split(/\s+/, 2);
    switch (command) {
      case "/quit":
      case "/exit":
        return undefined;
      case "/help":
        return HELP;
      case "/why":
        return this.#why();
      case "/forget":
        return this.#forget(argument);
    }
    if (line.startsWith("/")) return `There is no ${command}. /help lists what there is.`;
    return isQuestion(line) ? this.#answer(line) : this.#remember(line);
  }

  async #answer(question: string): Promise<string> {
    const { memory, bankId, context, ui } = this.#options;
    const { answer, method, sources } = await memory.reflect(question, { ...context, bankId });
    this.#sources = sources;
    if (method === "unknown") return "I don't know: you have not told me.";
    const told = sources.map((hit, i) => `${i + 1}: ${when(hit.occurredAt)}`).join(", ");
    return `${printable(answer, true)}\n${ui.dim(`(${told} · /why)`)}`;
  }

  async #remember(content: string): Promise<string> {
    const { memory, bankId, sessionId, context, ui } = this.#options;
    const options = { ...context, bankId, sessionId, source: "chat" };
    const result = await memory.retain(content, options);
    if (result.stored) this.#stored.push(...result.chunks.map(({ memoryId }) => memoryId));
    return acknowledged(ui, result);
  }

  #why(): string {
    return this.#sources.length === 0
      ? "I have not answered from memory yet."
      : hits(this.#options.ui, this.#sources);
  }

  async #forget(which: string): Promise<string> {
    const { memory, bankId, context } = this.#options;
    const id = which === "" ? this.#stored.at(-1) : this.#sources[Number(which) - 1]?.memoryId;
    if (id === undefined) {
      return which === ""
        ? "You have told me nothing in this sitting."
        : `The last answer has no source ${which}.`;
    }
    const { deletedCount } = await memory.forget({ ...context, bankId, memoryIds: [id], mode: "hard" });
    this.#stored = this.#stored.filter((stored) => stored !== id);
    return deletedCount > 0 ? "Forgotten, for good." : "That was forgotten already.";
  }
}

function acknowledged(ui: Ui, { action, reason, redactions, chunks }: RetainResult): string {
  if (action === "refused") return ui.warn(`I do not keep that: ${reason ?? "refused"}.`);
  const kinds = redactions.map(({ kind }) => kind).join(", ");
  const notes = [
    ...(kinds ? [`without the ${kinds}`] : []),
    ...(chunks.some(({ supersedes }) => supersedes !== undefined)
      ? ["in place of what you told me before"]
      : []),
    ...(chunks.some(({ flags }) => flags.includes("injection"))
      ? ["as a quotation: I take no orders from memory"]
      : []),
  ];
  const verb = action === "merged" ? "I knew that already" : "Remembered";
  return notes.length > 0 ? `${verb}, ${notes.join(", ")}.` : `${verb}.`;
}
