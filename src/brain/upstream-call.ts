import type { Known } from "./extractive.ts";
import type { ToolDefinition } from "./memory-tools.ts";
import type { Prompt } from "./prompt.ts";

/** One call to an upstream. */
export type UpstreamCall = {
  prompt: Prompt;
  /** The upstream's name of the model; as requested when undefined. */
  model: string | undefined;
  /** Asks for the usage event although the caller did not. */
  askUsage: boolean;
  /** Tools of the brain's own, besides the caller's. */
  tools: ToolDefinition[];
  turnId: string;
  /** What can be quoted when there is no model. */
  known: Known;
};

export type UpstreamHeaders = Record<string, string | string[] | undefined>;

/** Hears an answer as it comes: one head, data, then one of `end` and `error`, or `error` at any time. */
export type Listener = {
  head(status: number, headers: UpstreamHeaders): void;
  data(chunk: Buffer): void;
  end(): void;
  error(error: unknown): void;
};

export type Control = {
  pause(): void;
  resume(): void;
  /** Ends the call at once, on the wire too; the listener hears nothing more. */
  cancel(): void;
};

/** An upstream as the relay sees it, whatever stands behind. */
export type OpenCall = (call: UpstreamCall, listener: Listener) => Control;
