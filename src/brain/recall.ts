import { CircuitBreaker } from "../core/breaker.ts";
import type { Clock } from "../core/clock.ts";
import { withDeadline } from "../core/deadline.ts";
import { AstrocyteError, toAstrocyteError } from "../core/errors.ts";
import type { Logger } from "../core/telemetry.ts";
import { analyse } from "../core/text.ts";
import type { MemoryHit, RecallResult } from "../memory/types.ts";
import type { Binding } from "./bind.ts";
import type { BrainMemory } from "./parts.ts";
import type { MemoryStatus } from "./trace.ts";

export type Recalled = { memory: MemoryStatus; hits: MemoryHit[]; reused: boolean; ms: number };

export type RecallerParts = {
  memory: BrainMemory | undefined;
  clock: Clock;
  logger: Logger;
  reuseMs: number;
};

type Found = {
  question: string;
  result: Promise<RecallResult>;
  /** The result once it is there. */
  value?: RecallResult;
  at: number;
  changes: number;
};

/** Memory answers a little before its own deadline is up; this much later it is taken for stuck. */
const GRACE_MS = 25;
const MAX_REMEMBERED = 2_000;
/** A turn without memory costs more than a wait of one deadline: spared late, and not for long. */
const SPARING = { failureThreshold: 5, recoveryMs: 2_000 };
const NOTHING: Recalled = { memory: "none", hits: [], reused: false, ms: 0 };

/** Asks memory in time for a turn: late or broken, the turn goes on without it. */
export class Recaller {
  readonly #parts: RecallerParts;
  /** By bank: one that is always late says nothing about the others. */
  readonly #breakers = new Map<string, CircuitBreaker>();
  /** What was just found, by binding: vendors ask the same, or a little more, several times a turn. */
  readonly #found = new Map<string, Found>();
  /** Banks that were there before; a change may have been their end. */
  readonly #open = new Set<string>();
  readonly #changes = new Map<string, number>();
  readonly #unsubscribe: (() => void) | undefined;

  constructor(parts: RecallerParts) {
    this.#parts = parts;
    this.#unsubscribe = parts.memory?.onChange?.((bankId) => this.changed(bankId));
  }

  /**
   * What memory knows about the question, in at most the binding's deadline. Errors: `access_denied`; where
   * memory is required also what kept it from answering.
   */
  async recall(binding: Binding, question: string): Promise<Recalled> {
    const { memory } = this.#parts;
    if (!memory || question === "" || binding.bankIds.length === 0) return NOTHING;
    const start = performance.now();
    const earlier = this.#earlier(binding);
    try {
      const reused = earlier !== undefined && asksTheSame(earlier.question, question);
      const result = await this.#inTime(
        binding,
        reused ? earlier.result : this.#ask(memory, binding, question),
      );
      if (result.degraded && binding.recall.required) throw unavailable();
      const status: MemoryStatus = result.degraded ? "degraded" : "ok";
      return { memory: status, hits: usable(result.hits, binding), reused, ms: performance.now() - start };
    } catch (error) {
      const hits = this.#without(binding, earlier, question, toAstrocyteError(error));
      return { memory: "degraded", hits, reused: hits.length > 0, ms: performance.now() - start };
    }
  }

  /** Whatever was found in this bank is not used again. */
  changed(bankId: string): void {
    this.#open.delete(bankId);
    if (this.#changes.size > 10_000) this.clear();
    this.#changes.set(bankId, (this.#changes.get(bankId) ?? 0) + 1);
  }

  clear(): void {
    this.#found.clear();
    this.#changes.clear();
  }

  close(): void {
    this.#unsubscribe?.();
    this.clear();
  }

  async #ask(memory: BrainMemory, binding: Binding, question: string): Promise<RecallResult> {
    const settle = this.#breakerOf(binding.bankIds[0]!).enter();
    const at = this.#parts.clock.now();
    const { deadlineMs, maxResults, maxTokens, required } = binding.recall;
    const result = this.#opened(memory, binding).then(() =>
      memory.recall(question, {
        banks: binding.bankIds,
        context: binding.context,
        maxResults,
        maxTokens,
        deadlineMs,
        mode: required ? "required" : "best-effort",
      }),
    );
    const found: Found = { question, result, at, changes: this.#changesOf(binding) };
    this.#keep(binding.id, found);
    try {
      found.value = await result;
      settle(found.value.degraded ? unavailable() : undefined);
      return found.value;
    } catch (error) {
      settle(isOverload(error) ? undefined : toAstrocyteError(error, "memory_unavailable"));
      this.#drop(binding.id, found);
      throw error;
    }
  }

  /** A session's banks were opened with it. */
  async #opened(memory: BrainMemory, { key, bankIds, context }: Binding): Promise<void> {
    const bankId = bankIds[0]!;
    if (!key || !memory.openBank || this.#open.has(bankId)) return;
    await memory.openBank(bankId, { context });
    if (this.#open.size >= MAX_REMEMBERED) this.#open.clear();
    this.#open.add(bankId);
  }

  #breakerOf(bankId: string): CircuitBreaker {
    const known = this.#breakers.get(bankId);
    if (known) return known;
    if (this.#breakers.size >= MAX_REMEMBERED) this.#breakers.delete(this.#breakers.keys().next().value!);
    const { clock } = this.#parts;
    const made = new CircuitBreaker({ area: "brain.recall", clock, ...SPARING });
    this.#breakers.set(bankId, made);
    return made;
  }

  #inTime(binding: Binding, result: Promise<RecallResult>): Promise<RecallResult> {
    const timeoutMs = binding.recall.deadlineMs + GRACE_MS;
    return withDeadline({ clock: this.#parts.clock, timeoutMs, what: "[brain] recall" }, () => result);
  }

  /** The turn without an answer in time: what a shorter form of the question found is still better than nothing. */
  #without(
    binding: Binding,
    earlier: Found | undefined,
    question: string,
    error: AstrocyteError,
  ): MemoryHit[] {
    if (binding.recall.required || error.code === "access_denied") throw error;
    this.#parts.logger.warn({ code: error.code, sessionId: binding.session?.sessionId }, "recall degraded");
    const shorter = earlier?.value !== undefined && question.startsWith(earlier.question);
    return shorter ? usable(earlier.value!.hits, binding) : [];
  }

  #earlier(binding: Binding): Found | undefined {
    const found = this.#found.get(binding.id);
    if (!found) return undefined;
    const fresh = this.#parts.clock.now() - found.at < this.#parts.reuseMs;
    return fresh && found.changes === this.#changesOf(binding) ? found : undefined;
  }

  #changesOf({ bankIds }: Binding): number {
    return bankIds.reduce((sum, bankId) => sum + (this.#changes.get(bankId) ?? 0), 0);
  }

  #keep(id: string, found: Found): void {
    this.#found.delete(id);
    this.#found.set(id, found);
    if (this.#found.size > MAX_REMEMBERED) this.#found.delete(this.#found.keys().next().value!);
    this.#parts.clock.after(this.#parts.reuseMs, () => this.#drop(id, found));
  }

  #drop(id: string, found: Found): void {
    if (this.#found.get(id) === found) this.#found.delete(id);
  }
}

/** Same words, or longer by words that ask for nothing else ("… please?"). */
function asksTheSame(before: string, now: string): boolean {
  if (before === now) return true;
  const terms = analyse(now);
  const known = new Set(analyse(before));
  return terms.length > 0 && known.size === new Set(terms).size && terms.every((term) => known.has(term));
}

/** Nothing that a system of record knows better, that memory itself replaced, or that reads like an order. */
function usable(hits: MemoryHit[], { session }: Binding): MemoryHit[] {
  return hits.filter(
    (hit) => !hit.supersededBy && !hit.flags.includes("injection") && !session?.overrides?.(hit),
  );
}

/** The caller asks too much; memory itself is well. */
function isOverload(error: unknown): boolean {
  return AstrocyteError.is(error, "rate_limited") || AstrocyteError.is(error, "quota_exceeded");
}

function unavailable(): AstrocyteError {
  const message = "[brain] memory did not answer in time, and this turn requires it. Try again.";
  return new AstrocyteError("memory_unavailable", message);
}
