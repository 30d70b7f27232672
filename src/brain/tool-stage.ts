import type { Stage } from "./attempt.ts";
import { dataOf, eventsIn } from "./events.ts";
import type { ToolCallPart } from "./memory-tools.ts";
import { parsed } from "./report.ts";
import { isObject } from "./request.ts";

/**
 * Takes the calls of the brain's own tools out of a stream as it passes. The caller's own calls and everything
 * else go through as they come; when the model called nothing but ours, the end of this round stays back too.
 */
export class ToolStage implements Stage {
  readonly #names: ReadonlySet<string>;
  /** False from the second round on: the caller has had the role already. */
  readonly #firstRound: boolean;
  readonly #own = new Map<number, ToolCallPart>();
  readonly #others = new Map<number, number>();

  constructor(names: ReadonlySet<string>, firstRound: boolean) {
    this.#names = names;
    this.#firstRound = firstRound;
  }

  /** Calls of the brain's own tools. */
  get calls(): ToolCallPart[] {
    return [...this.#own.values()];
  }

  /** False when the model waits for nothing but our results. */
  get final(): boolean {
    return this.#own.size === 0 || this.#others.size > 0;
  }

  push(block: Buffer): Buffer | undefined {
    const out = eventsIn(block)
      .map((event) => this.#event(event))
      .filter((event) => event !== undefined);
    return out.length === 0 ? undefined : Buffer.concat(out);
  }

  #event(event: Buffer): Buffer | undefined {
    const ending = !this.final;
    // Most events hold text alone and need no look inside.
    if (!ending && this.#firstRound && this.#own.size === 0 && !event.includes('"tool_calls"')) return event;
    const data = dataOf(event);
    if (data === undefined) return event;
    if (data.trim() === "[DONE]") return ending ? undefined : event;
    const value = parsed(data);
    if (!isObject(value)) return event;
    const choice = Array.isArray(value["choices"]) ? value["choices"][0] : undefined;
    if (!isObject(choice)) return ending ? undefined : event;
    return this.#choice(event, value, choice);
  }

  #choice(
    event: Buffer,
    value: Record<string, unknown>,
    choice: Record<string, unknown>,
  ): Buffer | undefined {
    const delta = isObject(choice["delta"]) ? choice["delta"] : {};
    const calls: unknown[] = Array.isArray(delta["tool_calls"]) ? delta["tool_calls"] : [];
    if (calls.length > 0) return this.#withCalls(event, value, choice, delta, calls);
    if (choice["finish_reason"]) return this.final ? event : undefined;
    return !this.#firstRound && isRoleOnly(delta) ? undefined : event;
  }

  #withCalls(
    event: Buffer,
    value: Record<string, unknown>,
    choice: Record<string, unknown>,
    delta: Record<string, unknown>,
    calls: unknown[],
  ): Buffer | undefined {
    const kept = calls.filter(isObject).flatMap((call) => this.#call(call));
    if (this.#own.size === 0) return event;
    const { tool_calls: _, ...rest } = delta;
    if (kept.length === 0 && isRoleOnly(rest) && !choice["finish_reason"]) return undefined;
    const left = kept.length > 0 ? { ...rest, tool_calls: kept } : rest;
    const choices = [{ ...choice, delta: left }];
    return Buffer.from(`data: ${JSON.stringify({ ...value, choices })}\n\n`);
  }

  /** Ours is noted and taken out; the caller's gets the place that it has without ours. */
  #call(call: Record<string, unknown>): Array<Record<string, unknown>> {
    const index = typeof call["index"] === "number" ? call["index"] : this.#own.size + this.#others.size;
    const spec = isObject(call["function"]) ? call["function"] : {};
    const own = this.#own.get(index);
    const isNew = !own && !this.#others.has(index);
    if (own) own.function.arguments += String(spec["arguments"] ?? "");
    else if (isNew && this.#names.has(String(spec["name"]))) this.#own.set(index, start(call, spec));
    else {
      if (isNew) this.#others.set(index, this.#others.size);
      return [{ ...call, index: this.#others.get(index) }];
    }
    return [];
  }
}

function start(call: Record<string, unknown>, spec: Record<string, unknown>): ToolCallPart {
  const args = String(spec["arguments"] ?? "");
  return {
    id: String(call["id"] ?? ""),
    type: "function",
    function: { name: String(spec["name"]), arguments: args },
  };
}

function isRoleOnly({ role: _, content, ...rest }: Record<string, unknown>): boolean {
  return !content && Object.values(rest).every((value) => value === null || value === undefined);
}

/** The same for an answer in one piece: what the caller is to see, and our calls. */
export function splitWhole(
  body: Buffer,
  names: ReadonlySet<string>,
): { body: Buffer; calls: ToolCallPart[]; final: boolean } {
  const nothing = { body, calls: [], final: true };
  const value = body.includes('"tool_calls"') ? parsed(body.toString()) : undefined;
  const choice = isObject(value) && Array.isArray(value["choices"]) ? value["choices"][0] : undefined;
  const message = isObject(choice) ? choice["message"] : undefined;
  if (!isObject(value) || !isObject(choice) || !isObject(message)) return nothing;
  const all: unknown[] = Array.isArray(message["tool_calls"]) ? message["tool_calls"] : [];
  const isOwn = (call: Record<string, unknown>) =>
    isObject(call["function"]) && names.has(String(call["function"]["name"]));
  const own = all.filter(isObject).filter(isOwn);
  if (own.length === 0) return nothing;
  const calls = own.map((call) => start(call, call["function"] as Record<string, unknown>));
  const others = all.filter((call) => !isObject(call) || !isOwn(call));
  const choices = [{ ...choice, message: { ...message, tool_calls: others } }];
  return { body: Buffer.from(JSON.stringify({ ...value, choices })), calls, final: others.length > 0 };
}
