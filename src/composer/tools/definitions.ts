import type { AstrocyteContext, MemoryHit } from "../../memory/types.ts";
import type { ComposerMemory } from "../parts.ts";
import type { SessionRow } from "../store.ts";

/** What a tool's code gets: the session's own rights and bank, never the caller's word for them. */
export type ToolRun = {
  session: SessionRow;
  context: AstrocyteContext;
  memory: ComposerMemory;
  /** True when a record knows better than the memory. */
  overrides(hit: MemoryHit): boolean;
  /** Id of the newest memory that a tool of this session stored and none has forgotten. */
  lastRemembered(): Promise<string | undefined>;
  signal: AbortSignal;
};

/** What a tool gives back: `output` goes to the model as text or JSON, shortened when it is long. */
export type ToolAnswer = {
  output: unknown;
  /** The memory that was stored. */
  memoryId?: string;
  /** The memory that was forgotten. */
  forgot?: string;
};

/** A tool of the application: what a model is told of it, and what runs. */
export type ToolDefinition = {
  /** `^[a-zA-Z_][a-zA-Z0-9_]{0,63}$`: what every vendor takes. */
  name: string;
  description: string;
  /** JSON Schema of the arguments, an object. */
  parameters: Record<string, unknown>;
  /** `speak`: the answer leads to an utterance. `silent`: it only joins the context. */
  result: "speak" | "silent";
  /** `client`: relayed by the page. `server`: called by the vendor, signed; for what changes state. */
  delivery: "client" | "server";
  /** Asks for a yes first: the first call answers with a question and a token, the second carries the token. */
  confirm: boolean;
  /** Milliseconds; the composer's default when absent. */
  timeoutMs?: number;
  run(args: Record<string, unknown>, run: ToolRun): Promise<ToolAnswer>;
};
