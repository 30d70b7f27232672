import type { RunningCall } from "../../presentation/adapter.ts";
import type { ComposerParts } from "../parts.ts";
import type { SessionRow, SessionState } from "../store.ts";
import { briefingOf } from "../transcripts/remember.ts";
import { bindingFor, vendorPersona } from "./binding.ts";
import { handleOf, requirePersona } from "./lookup.ts";

/** A vendor may ask while we still wait for its answer to `open`. */
export const RUNNING: SessionState[] = ["preparing", "open", "live"];

/** All that the adapter needs of a session, made from its stored row: a restart of the gateway loses nothing. */
export function runningCall(parts: ComposerParts, row: SessionRow): RunningCall {
  const persona = requirePersona(parts, row.persona);
  const { text = "", greeting } = briefingOf(row) ?? {};
  return {
    session: handleOf(row),
    briefing: { text, ...(greeting !== undefined && { greeting }) },
    persona: vendorPersona(parts, persona, row.vendor),
    binding: bindingFor(parts, row, persona),
  };
}
