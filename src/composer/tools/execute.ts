import { withDeadline } from "../../core/deadline.ts";
import { AstrocyteError, toAstrocyteError } from "../../core/errors.ts";
import { canonicalJson } from "../../core/hash-chain.ts";
import { deriveKey, safeEqual } from "../../core/secrets.ts";
import { withSpan } from "../../core/telemetry.ts";
import { overridesOf } from "../briefing/overrides.ts";
import type { ComposerParts } from "../parts.ts";
import { endSession } from "../sessions/end.ts";
import { schedule } from "../sessions/jobs.ts";
import { contextOf, requireAdapter, requirePersona, requireRunning } from "../sessions/lookup.ts";
import type { SessionRow, ToolCallRow } from "../store.ts";
import { briefingOf } from "../transcripts/remember.ts";
import { parseArguments } from "./arguments.ts";
import { END_CALL } from "./builtin.ts";
import { compact } from "./compact.ts";
import type { ToolDefinition } from "./definitions.ts";

export type ToolCallRequest = {
  toolCallId: string;
  name: string;
  /** JSON text, as models write it, or the object. */
  arguments: string | Record<string, unknown>;
  /** Run by our own brain within an answer (`in-brain.ts`): the agent has yet to speak it. */
  inBrain?: boolean;
};

export type ToolCallResult = {
  toolCallId: string;
  status: "success" | "error";
  /** Fits the vendor's message size. */
  output: string;
  /** `speak`: the answer leads to an utterance. */
  result: "speak" | "silent";
};

/** Room for the message around the output, in bytes. */
const ENVELOPE_BYTES = 1024;
const DEFAULT_OUTPUT_BYTES = 16_384;
/** From the call of `end_call` to the end, where the vendor has yet to speak the answer. */
const GOODBYE_MS = 8_000;
/** The argument that carries the token of a confirmation. */
export const CONFIRMATION = "confirmation";

/**
 * Runs one tool call with the session's own rights. A second delivery of the same call id gets the first
 * one's answer and runs nothing. A tool that fails is an answer (`status: "error"`), not an exception.
 * Errors: `gone` after the end, `not_found` for a tool that the persona does not have, `conflict` while the
 * same call still runs. One that a crash cut off is answered as an error.
 */
export async function executeTool(
  parts: ComposerParts,
  sessionId: string,
  call: ToolCallRequest,
): Promise<ToolCallResult> {
  const session = await requireRunning(parts, sessionId);
  const tool = requireTool(parts, session, call.name);
  const row = newRow(parts, session, call);
  const known = await parts.store.toolCalls.begin(row);
  if (known) return repeat(parts, known, tool);
  return withSpan(
    "execute_tool",
    { "gen_ai.tool.name": tool.name, "gen_ai.conversation.id": sessionId },
    async () => {
      const done = await answer(parts, session, tool, call, row);
      await parts.store.toolCalls.finish(done);
      const data = { tool: tool.name, tool_call_id: done.id, status: done.status };
      await parts.store.events.append({ sessionId, at: parts.clock.now(), type: "tool", data });
      if (tool.name === END_CALL && done.status === "success") await endCall(parts, sessionId, call);
      return resultOf(done, tool);
    },
  );
}

/** What the brain answers has yet to be spoken: the goodbye is waited for. */
async function endCall(parts: ComposerParts, id: string, { inBrain }: ToolCallRequest): Promise<void> {
  if (inBrain) await schedule(parts, "goodbye", id, parts.clock.now() + GOODBYE_MS);
  else await endSession(parts, id, "agent_ended");
}

async function answer(
  parts: ComposerParts,
  session: SessionRow,
  tool: ToolDefinition,
  call: ToolCallRequest,
  row: ToolCallRow,
): Promise<ToolCallRow> {
  const size = outputBytes(parts, session);
  try {
    const { [CONFIRMATION]: token, ...args } = parseArguments(tool, call.arguments);
    const key = confirmationKey(parts, session, tool, args);
    if (tool.confirm && !(call.inBrain ? await wasAsked(parts, row, key) : isToken(token, key))) {
      return { ...row, status: "confirm", output: question(tool, key) };
    }
    const timeoutMs = timeLimit(parts, tool);
    const overrides = overridesOf(briefingOf(session), parts.clock);
    const context = { session, context: contextOf(session), memory: parts.memory, overrides };
    const lastRemembered = () => findRemembered(parts, session.id);
    const { output, memoryId, forgot } = await withDeadline(
      { clock: parts.clock, timeoutMs, what: `[tools] ${tool.name}` },
      (signal) => tool.run(args, { ...context, lastRemembered, signal }),
    );
    if (forgot !== undefined) await forgetCall(parts, session.id, forgot);
    return { ...row, status: "success", output: compact(output, size), memoryId: memoryId ?? null };
  } catch (error) {
    const failure = toAstrocyteError(error);
    parts.logger.warn({ sessionId: session.id, tool: tool.name, code: failure.code }, "a tool call failed");
    // Only our own messages go back: another's error may quote anything.
    const output = AstrocyteError.is(error) ? failure.message : `[tools] ${tool.name} failed.`;
    return { ...row, status: "error", output: compact(output, size) };
  }
}

function timeLimit(parts: ComposerParts, tool: ToolDefinition): number {
  return tool.timeoutMs ?? parts.settings.toolTimeoutMs;
}

async function findRemembered(parts: ComposerParts, sessionId: string): Promise<string | undefined> {
  const calls = await parts.store.toolCalls.list(sessionId, 1000);
  return calls.find(({ memoryId }) => memoryId !== null)?.memoryId ?? undefined;
}

/** The call log keeps neither the fact nor a way back to it. */
async function forgetCall(parts: ComposerParts, sessionId: string, memoryId: string): Promise<void> {
  const calls = await parts.store.toolCalls.list(sessionId, 1000);
  const stored = calls.find((call) => call.memoryId === memoryId);
  if (stored) await parts.store.toolCalls.finish({ ...stored, output: "", memoryId: null });
}

/** The confirmation covers tool and arguments: a yes to one thing is no yes to another. */
function confirmationKey(
  parts: ComposerParts,
  session: SessionRow,
  tool: ToolDefinition,
  args: Record<string, unknown>,
): string {
  return deriveKey(parts.secret, "tool", `${session.id}\0${tool.name}\0${canonicalJson(args)}`).slice(0, 16);
}

function isToken(token: unknown, key: string): boolean {
  return typeof token === "string" && safeEqual(token, key);
}

/** In another turn of the same session the person was asked about exactly this. */
async function wasAsked({ store }: ComposerParts, row: ToolCallRow, key: string): Promise<boolean> {
  const calls = await store.toolCalls.list(row.sessionId, 1000);
  return calls.some(
    ({ id, status, output }) => id !== row.id && status === "confirm" && output.includes(key),
  );
}

function question(tool: ToolDefinition, key: string): string {
  return JSON.stringify({
    needs_confirmation: true,
    say: "Tell the person what you are about to do and ask for a clear yes.",
    after: `If they say yes, call ${tool.name} again with the same arguments and this "${CONFIRMATION}".`,
    [CONFIRMATION]: key,
  });
}

/** A call that runs longer than it may was cut off by a crash. It is not run again: it may have been done. */
function repeat(parts: ComposerParts, known: ToolCallRow, tool: ToolDefinition): ToolCallResult {
  if (known.status !== "running") return resultOf(known, tool);
  if (parts.clock.now() - known.at > 2 * timeLimit(parts, tool)) {
    const output = `[tools] ${tool.name} was cut off, and nobody knows whether it was done. Check before you repeat it.`;
    return resultOf({ ...known, status: "error", output }, tool);
  }
  throw new AstrocyteError("conflict", `[tools] call ${known.id} is still running. Wait for its answer.`, {
    retryable: true,
  });
}

function resultOf(row: ToolCallRow, tool: ToolDefinition): ToolCallResult {
  const status = row.status === "error" ? "error" : "success";
  const result = row.status === "confirm" || status === "error" ? "speak" : tool.result;
  return { toolCallId: row.id, status, output: row.output, result };
}

function requireTool(parts: ComposerParts, session: SessionRow, name: string): ToolDefinition {
  const tool = parts.tools.get(name);
  if (tool && requirePersona(parts, session.persona).tools.includes(name)) return tool;
  throw new AstrocyteError(
    "not_found",
    `[tools] ${session.persona} has no tool of that name. Add it to the persona's tools.`,
  );
}

function newRow(parts: ComposerParts, session: SessionRow, call: ToolCallRequest): ToolCallRow {
  return {
    sessionId: session.id,
    id: call.toolCallId,
    name: call.name,
    status: "running",
    output: "",
    at: parts.clock.now(),
    memoryId: null,
  };
}

function outputBytes(parts: ComposerParts, session: SessionRow): number {
  const max = requireAdapter(parts, session.vendor).capabilities.maxMessageBytes;
  return max === undefined ? DEFAULT_OUTPUT_BYTES : max - ENVELOPE_BYTES;
}
