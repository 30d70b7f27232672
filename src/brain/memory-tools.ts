import type { Clock } from "../core/clock.ts";
import { withDeadline } from "../core/deadline.ts";
import type { Binding } from "./bind.ts";
import type { Place } from "./exchanges.ts";
import { memoryLine } from "./memory-block.ts";
import type { BrainMemory } from "./parts.ts";
import { parsed } from "./report.ts";
import { type ChatMessage, type ChatRequest, isObject } from "./request.ts";

/** Tools of the model's that are run here within the stream, memory and a session's own: the caller sees only the answer. */

export type ToolDefinition = {
  type: "function";
  function: { name: string; description: string; parameters: Record<string, unknown> };
};

/** A tool call as it stands in a message. */
export type ToolCallPart = {
  id: string;
  type: "function";
  function: { name: string; arguments: string };
};

const RECALL: ToolDefinition = define(
  "recall",
  "Searches what is remembered of this person. Use it when the answer may lie in earlier conversations.",
  "query",
  "What to look for, as a full question.",
);
const REMEMBER: ToolDefinition = define(
  "remember",
  "Stores one lasting fact that the person has just told. Not for what is known already.",
  "text",
  "The fact as one sentence that is clear without the conversation.",
);

const MAX_HITS = 6;
const MAX_NOTES = 5;
const MAX_TEXT = 2_000;

/** The tools to offer: none where a caller's tool has the name, and none where they could not be resolved. */
export function toolsFor(binding: Binding, { fields }: ChatRequest): ToolDefinition[] {
  const several = typeof fields["n"] === "number" && fields["n"] > 1;
  if (several) return [];
  if (fields["tool_choice"] === "none" || fields["tool_choice"] === "required") return [];
  const own: unknown[] = Array.isArray(fields["tools"]) ? fields["tools"] : [];
  const taken = new Set(own.map(nameOf));
  const sessions = (binding.session?.tools?.offered ?? []).map(asTool);
  const memory = binding.memoryTools && binding.bankIds.length > 0 ? [RECALL, REMEMBER] : [];
  const names = new Set(sessions.map(nameOf));
  return [...sessions, ...memory.filter((tool) => !names.has(nameOf(tool)))].filter(
    (tool) => !taken.has(nameOf(tool)),
  );
}

export type ToolRun = {
  memory: BrainMemory;
  binding: Binding;
  clock: Clock;
  timeoutMs: number;
  /** Where the turn stands in its conversation. */
  place: Place;
  /** What is to be stored if the turn runs to its end. */
  notes: string[];
};

/** The messages that tell the model what its calls gave. Never fails: what went wrong is the result. */
export async function resolveCalls(run: ToolRun, calls: ToolCallPart[]): Promise<ChatMessage[]> {
  const results = await Promise.all(calls.map((call) => resolve(run, call)));
  const told = calls.map((call, index): ChatMessage => {
    return { role: "tool", tool_call_id: call.id, content: results[index]! };
  });
  return [{ role: "assistant", content: null, tool_calls: calls }, ...told];
}

async function resolve(run: ToolRun, call: ToolCallPart): Promise<string> {
  const { tools } = run.binding.session ?? {};
  if (tools?.offered.some(({ name }) => name === call.function.name))
    return tools.run({ turn: `${run.place.before} ${run.place.question}`, ...call.function });
  const args = parsed(call.function.arguments);
  const given = isObject(args) ? (args["query"] ?? args["text"]) : undefined;
  if (typeof given !== "string" || given.trim() === "") return "Nothing done: the argument is missing.";
  const text = given.trim().slice(0, MAX_TEXT);
  return call.function.name === "remember" ? remember(run, text) : recall(run, text);
}

async function recall({ memory, binding, clock, timeoutMs }: ToolRun, query: string): Promise<string> {
  const { context, bankIds: banks } = binding;
  try {
    const { hits } = await withDeadline({ clock, timeoutMs, what: "[brain] recall tool" }, (signal) =>
      memory.recall(query, { banks, context, maxResults: MAX_HITS, deadlineMs: timeoutMs, signal }),
    );
    const lines = hits.filter((hit) => usable(hit.flags)).map(memoryLine);
    return lines.length === 0 ? "Nothing is remembered about that." : lines.join("\n");
  } catch {
    return "Memory did not answer. Go on without it.";
  }
}

/** Not stored yet: the vendor may throw this turn away. */
function remember({ notes }: ToolRun, text: string): string {
  if (notes.length >= MAX_NOTES) return "Not noted: too many notes in one turn.";
  if (!notes.includes(text)) notes.push(text);
  return "Noted.";
}

function usable(flags: string[]): boolean {
  return !flags.includes("injection");
}

export function nameOf(tool: unknown): unknown {
  return isObject(tool) && isObject(tool["function"]) ? tool["function"]["name"] : undefined;
}

function define(name: string, description: string, parameter: string, what: string): ToolDefinition {
  const properties = { [parameter]: { type: "string", description: what } };
  const parameters = { type: "object", properties, required: [parameter], additionalProperties: false };
  return asTool({ name, description, parameters });
}

function asTool(tool: ToolDefinition["function"]): ToolDefinition {
  return { type: "function", function: tool };
}
