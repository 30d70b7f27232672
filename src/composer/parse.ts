import { z } from "zod";
import { AstrocyteError } from "../core/errors.ts";

const UNITS: Record<string, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** A length of time as people write it in YAML: `1500` (milliseconds), `90s`, `10m`, `36h`, `7d`. */
export const duration = z
  .union([
    z.number().int().nonnegative(),
    z.string().regex(/^\d+(ms|s|m|h|d)$/, "use e.g. 500ms, 90s, 10m, 7d"),
  ])
  .transform((value) => {
    if (typeof value === "number") return value;
    const [, count, unit] = /^(\d+)([a-z]+)$/.exec(value)!;
    return Number(count) * UNITS[unit!]!;
  });

/** Checks configuration at the edge. Errors: `config_invalid`, naming every field that is wrong. */
export function parseConfig<T extends z.ZodType>(schema: T, raw: unknown, area: string): z.output<T> {
  const result = schema.safeParse(raw);
  if (result.success) return result.data;
  const issues = result.error.issues.map(({ path, message }) => `${path.join(".") || area}: ${message}`);
  throw new AstrocyteError(
    "config_invalid",
    `[${area}] the configuration is not valid: ${issues.join("; ")}. Correct these fields.`,
    { details: { issues } },
  );
}
