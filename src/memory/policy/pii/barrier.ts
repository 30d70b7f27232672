import type { Redaction } from "../../types.ts";
import type { CustomPattern } from "./custom.ts";
import { detect } from "./detect.ts";
import type { Finding } from "./kinds.ts";

export type PiiAction = "redact" | "reject" | "warn" | "allow";

export type BarrierSettings = {
  patterns: readonly CustomPattern[];
  countries?: readonly string[];
  actionFor: (kind: string) => PiiAction;
};

export type BarrierResult =
  | { action: "accepted"; text: string; redactions: Redaction[]; warnings: string[] }
  | { action: "refused"; reason: string };

/**
 * Redacts, refuses or only warns, by kind. `lead` is context that stands before the text and is not part of
 * it, such as the name of a metadata field.
 */
export function applyBarrier(text: string, settings: BarrierSettings, lead = ""): BarrierResult {
  const found = detect(lead + text, settings)
    .filter((finding) => finding.end > lead.length && settings.actionFor(finding.kind) !== "allow")
    .map(({ kind, start, end }) => ({
      kind,
      start: Math.max(0, start - lead.length),
      end: end - lead.length,
    }));
  const kindsFor = (action: PiiAction) => [
    ...new Set(found.map(({ kind }) => kind).filter((kind) => settings.actionFor(kind) === action)),
  ];
  const rejected = kindsFor("reject");
  if (rejected.length > 0) return { action: "refused", reason: `pii: ${rejected.join(", ")}` };
  const redacted = found.filter(({ kind }) => settings.actionFor(kind) === "redact");
  return {
    action: "accepted",
    text: replace(text, redacted),
    redactions: countKinds(redacted),
    warnings: kindsFor("warn").map((kind) => `pii: ${kind}`),
  };
}

function replace(text: string, findings: Finding[]): string {
  const parts: string[] = [];
  let from = 0;
  for (const { kind, start, end } of findings) {
    parts.push(text.slice(from, start), `[${kind}]`);
    from = end;
  }
  parts.push(text.slice(from));
  return parts.join("");
}

export function countKinds(findings: ReadonlyArray<{ kind: string; count?: number }>): Redaction[] {
  const counts = new Map<string, number>();
  for (const { kind, count = 1 } of findings) counts.set(kind, (counts.get(kind) ?? 0) + count);
  return [...counts].map(([kind, count]) => ({ kind, count }));
}
