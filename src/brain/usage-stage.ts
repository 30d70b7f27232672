import type { Stage } from "./attempt.ts";
import { dataOf, eventsIn } from "./events.ts";
import { parsed } from "./report.ts";
import { isObject } from "./request.ts";

/** Keeps back the usage event that we asked for and the caller did not: some clients trip over its empty `choices`. */
export const hideUsage: Stage = {
  push(block) {
    if (!mayBeUsage(block)) return block;
    const kept = eventsIn(block).filter((event) => !isUsageOnly(event));
    return kept.length === 0 ? undefined : Buffer.concat(kept);
  },
};

function isUsageOnly(event: Buffer): boolean {
  const value = mayBeUsage(event) ? parsed(dataOf(event) ?? "") : undefined;
  if (!isObject(value) || !isObject(value["usage"])) return false;
  return Array.isArray(value["choices"]) && value["choices"].length === 0;
}

function mayBeUsage(bytes: Buffer): boolean {
  return bytes.includes('"usage"') && /"choices"\s*:\s*\[\s*\]/.test(bytes.toString("latin1"));
}
