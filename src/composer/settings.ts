import { z } from "zod";
import { duration, parseConfig } from "./parse.ts";
import type { ComposerSettings } from "./parts.ts";

/** `sessions:` of astrocyte.yaml. What is absent keeps its default (`DEFAULT_SETTINGS`). */
export const sessionsConfig = z.strictObject({
  /** A session that is not open after this long is taken for lost in a crash, and ended: longer than any vendor takes. */
  open_timeout: duration.optional(),
  /** How often what a crash left open is looked for, besides at the start. */
  sweep_every: duration.optional(),
  /** How long after the end a transcript may still come before what is there is settled. */
  settle_within: duration.optional(),
  /** How long a tool may run that has no `timeout` of its own. */
  tool_timeout: duration.optional(),
});

/** Errors: `config_invalid`. */
export function parseSettings(raw: unknown): Partial<ComposerSettings> {
  const given = parseConfig(sessionsConfig, raw ?? {}, "sessions");
  return {
    ...(given.open_timeout !== undefined && { openTimeoutMs: given.open_timeout }),
    ...(given.sweep_every !== undefined && { sweepEveryMs: given.sweep_every }),
    ...(given.settle_within !== undefined && { settleWithinMs: given.settle_within }),
    ...(given.tool_timeout !== undefined && { toolTimeoutMs: given.tool_timeout }),
  };
}
