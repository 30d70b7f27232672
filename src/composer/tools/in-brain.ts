import { toAstrocyteError } from "../../core/errors.ts";
import { canonicalJson } from "../../core/hash-chain.ts";
import { sha256 } from "../../core/secrets.ts";
import type { ComposerParts } from "../parts.ts";
import { runsInBrain } from "../sessions/binding.ts";
import type { SessionRow } from "../store.ts";
import type { Persona } from "../types.ts";
import { CONFIRMATION, executeTool } from "./execute.ts";

/** One call of the model's. `turn` names its place in the conversation: the same when the vendor asks again. */
export type BrainToolCall = { turn: string; name: string; arguments: string };

/** The persona's tools where our own brain runs them, within its answer. */
export type BrainTools = {
  offered: Array<{ name: string; description: string; parameters: Record<string, unknown> }>;
  /** What the model is told. Never fails: what went wrong is the answer. */
  run(call: BrainToolCall): Promise<string>;
};

/** Undefined where the vendor calls the tools, or there are none. */
export function brainTools(
  parts: ComposerParts,
  session: SessionRow,
  persona: Persona,
): BrainTools | undefined {
  if (persona.tools.length === 0 || !runsInBrain(parts, session.vendor)) return undefined;
  const offered = persona.tools.map((each) => {
    const { name, description, parameters } = parts.tools.get(each)!;
    return { name, description, parameters };
  });
  return { offered, run: (call) => run(parts, session.id, call) };
}

async function run(
  parts: ComposerParts,
  sessionId: string,
  { turn, name, arguments: json }: BrainToolCall,
): Promise<string> {
  const args = withoutToken(json);
  const toolCallId = `brain_${sha256([turn, name, canonicalJson(args)].join("\n")).slice(0, 32)}`;
  try {
    return (await executeTool(parts, sessionId, { toolCallId, name, arguments: args, inBrain: true })).output;
  } catch (error) {
    return `Not done (${toAstrocyteError(error).code}).`;
  }
}

/** The vendor keeps no tool's answer from turn to turn, so the person's yes is another turn and no token. */
function withoutToken(json: string): string | Record<string, unknown> {
  try {
    const { [CONFIRMATION]: _, ...args } = JSON.parse(json) as Record<string, unknown>;
    return args;
  } catch {
    return json;
  }
}
