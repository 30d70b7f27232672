import type { Redaction } from "../types.ts";
import { screenInjection } from "./injection.ts";
import { neutralise } from "./invisible.ts";
import { applyBarrier, type BarrierSettings, countKinds } from "./pii/barrier.ts";
import type { Screened, ScreenedMetadata } from "./policy.ts";

export type ScreenSettings = {
  /** Undefined when the PII barrier is off. */
  pii: BarrierSettings | undefined;
  injection: boolean;
};

/** The name of what is wrong goes into the warnings, the flag onto the memory. */
export function screenText(original: string, settings: ScreenSettings, lead = ""): Screened {
  const { text, reasons, removed } = settings.injection
    ? screenInjection(original)
    : { ...neutralise(original), reasons: [] };
  const barred = settings.pii
    ? applyBarrier(text, settings.pii, lead)
    : { action: "accepted" as const, text, redactions: [], warnings: [] };
  if (barred.action === "refused") return barred;
  const warnings = [
    ...barred.warnings,
    ...reasons.map((reason) => `injection: ${reason}`),
    ...(removed > 0 ? ["invisible characters removed"] : []),
  ];
  return { ...barred, warnings, flags: reasons.length > 0 ? ["injection"] : [] };
}

/** Walks metadata; strings, and numbers long enough to be an id, pass the barrier together with their key. */
export function screenMetadata(
  metadata: Record<string, unknown>,
  settings: ScreenSettings,
): ScreenedMetadata {
  const redactions: Redaction[] = [];
  const warnings = new Set<string>();
  const flags = new Set<string>();
  let refused: string | undefined;

  const walk = (value: unknown, key: string): unknown => {
    if (Array.isArray(value)) return value.map((item) => walk(item, key));
    if (value !== null && typeof value === "object") {
      return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, walk(inner, name)]));
    }
    if (typeof value !== "string" && !(typeof value === "number" && Math.abs(value) >= 1e6)) return value;
    const text = String(value);
    const screened = screenText(text, settings, `${key.slice(0, 64).replace(/[_-]/g, " ")}: `);
    if (screened.action === "refused") {
      refused ??= screened.reason;
      return value;
    }
    redactions.push(...screened.redactions);
    for (const warning of screened.warnings) warnings.add(warning);
    for (const flag of screened.flags) flags.add(flag);
    return screened.text === text ? value : screened.text;
  };

  const clean = walk(metadata, "") as Record<string, unknown>;
  if (refused !== undefined) return { action: "refused", reason: refused };
  return {
    action: "accepted",
    metadata: clean,
    redactions: countKinds(redactions),
    warnings: [...warnings],
    flags: [...flags],
  };
}
