import type { Clock } from "../core/clock.ts";
import { AstrocyteError } from "../core/errors.ts";
import { sha256 } from "../core/secrets.ts";
import type { Logger } from "../core/telemetry.ts";
import type { RetainContent, RetainOptions } from "../memory/types.ts";
import type { Binding } from "./bind.ts";
import { spokenWords } from "./boilerplate.ts";
import type { BrainMemory } from "./parts.ts";
import { type ChatRequest, isSystem, textOf } from "./request.ts";

export type ExchangeParts = { memory: BrainMemory; clock: Clock; logger: Logger; settleMs: number };

/** What a turn leaves behind once it has run to its end. */
export type Completed = { binding: Binding; place: Place; answer: string; notes: string[] };

/** Where in its conversation a turn stands: the same for every speculation about it. */
export type Place = { before: string; question: string };

type Pending = { question: string; store(): void; cancel(): void };

const TRIES = 3;
const RETRY_MS = 1_000;

/**
 * Retains completed exchanges, each once. A vendor may ask for the same turn many times, with ever more of
 * the question: an exchange waits a moment, and a longer question at the same place takes over from it. The
 * idempotency key covers the conversation up to the question, so that repeats store nothing.
 */
export class Exchanges {
  readonly #parts: ExchangeParts;
  readonly #pending = new Map<string, Set<Pending>>();
  readonly #running = new Set<Promise<void>>();

  constructor(parts: ExchangeParts) {
    this.#parts = parts;
  }

  /** A request has come: what it asks anew, in more words, was not said as it stood before. */
  begun({ before, question }: Place): void {
    for (const pending of this.#pending.get(before) ?? [])
      if (question !== pending.question && question.startsWith(pending.question)) pending.cancel();
  }

  completed(completed: Completed): void {
    const { place } = completed;
    const store = () => {
      drop();
      this.#track(this.#store(completed));
    };
    const drop = () => {
      stop();
      const others = this.#pending.get(place.before);
      others?.delete(pending);
      if (others?.size === 0) this.#pending.delete(place.before);
    };
    const stop = this.#parts.clock.after(this.#parts.settleMs, store);
    const pending: Pending = { question: place.question, store, cancel: drop };
    const others = this.#pending.get(place.before) ?? new Set();
    this.#pending.set(place.before, others.add(pending));
  }

  /** Stores what is waiting and ends when all is stored. */
  async close(): Promise<void> {
    for (const pending of [...this.#pending.values()].flatMap((all) => [...all])) pending.store();
    await Promise.all(this.#running);
  }

  #track(work: Promise<void>): void {
    this.#running.add(work);
    work.finally(() => this.#running.delete(work));
  }

  async #store({ binding, place, answer, notes }: Completed): Promise<void> {
    const { context, bankIds } = binding;
    const at = this.#parts.clock.now();
    const key = sha256(`${binding.id}\n${place.before}\n${place.question}`);
    const common = { bankId: bankIds[0]!, context, source: "brain", occurredAt: at };
    if (binding.retain && answer !== "") {
      const turns = [
        { speaker: "user", text: place.question },
        { speaker: "assistant", text: answer },
      ];
      await this.#retain(turns, { ...common, contentType: "conversation", idempotencyKey: `brain:${key}` });
    }
    for (const note of notes) {
      const idempotencyKey = `brain:${sha256(`${key}\n${note}`)}`;
      await this.#retain(note, { ...common, contentType: "text", idempotencyKey });
    }
  }

  async #retain(content: RetainContent, options: RetainOptions): Promise<void> {
    for (let tries = 1; ; tries++) {
      try {
        await this.#parts.memory.retain(content, options);
        return;
      } catch (error) {
        const code = AstrocyteError.is(error) ? error.code : "internal";
        if (!AstrocyteError.is(error) || !error.retryable || tries === TRIES)
          return this.#parts.logger.error(
            { code, bankId: options.bankId },
            "a completed exchange was not retained",
          );
        await new Promise<void>((resolve) => this.#parts.clock.after(RETRY_MS * tries, resolve));
      }
    }
  }
}

/** @param chat One with a question; costs a hash over the conversation, so only where something may be stored. */
export function placeOf({ messages }: ChatRequest, binding: Binding): Place {
  const last = messages.findLastIndex(({ role }) => role === "user");
  let first = last;
  while (first > 0 && messages[first - 1]!.role === "user") first--;
  const question = messages
    .slice(first, last + 1)
    .map(textOf)
    .map(spokenWords)
    .join(" ")
    .trim();
  // System messages hold what changes between speculations: perception, the time.
  const before = messages.slice(0, Math.max(first, 0)).filter((message) => !isSystem(message));
  const said = before.map((message) => [message.role, textOf(message)]);
  return { before: sha256(JSON.stringify([binding.id, said])), question };
}
