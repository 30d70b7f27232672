import type { Clock } from "../../core/clock.ts";
import type { MemoryHit } from "../../memory/types.ts";
import type { Briefing } from "../types.ts";
import { contradicted } from "./precedence.ts";

/** Tells of a memory whether a session's briefing, or the records that it was made from, know better. */
export function overridesOf(briefing: Briefing | undefined, clock: Clock): (hit: MemoryHit) => boolean {
  const { facts, names } = briefing?.checked ?? { facts: [], names: [] };
  const lost = new Set(briefing?.overridden.map(({ memoryId }) => memoryId));
  return (hit) =>
    lost.has(hit.memoryId) || contradicted(hit, facts, { names, now: clock.now() }) !== undefined;
}
