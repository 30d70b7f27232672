import type { Policy } from "../policy/policy.ts";
import type { Redaction } from "../types.ts";
import type { Chunk } from "./chunking.ts";

/** The barrier over one content: collects what was taken out, and why it was refused. */
export type Barrier = {
  chunk(chunk: Chunk): { chunk: Chunk; flags: string[] };
  metadata(metadata: Record<string, unknown>): { metadata: Record<string, unknown>; flags: string[] };
  redactions(): Redaction[];
  readonly reason: string | undefined;
};

const LONGEST_SPEAKER = 100;

export function createBarrier(policy: Policy, bankId: string): Barrier {
  const counts = new Map<string, number>();
  const names = new Map<string, string>();
  let reason: string | undefined;

  function note(redactions: Redaction[]): void {
    for (const { kind, count } of redactions) counts.set(kind, (counts.get(kind) ?? 0) + count);
  }

  function text(value: string): { text: string; flags: string[] } {
    const screened = policy.screen(bankId, value);
    if (screened.action === "refused") {
      reason ??= screened.reason;
      return { text: "", flags: [] };
    }
    note(screened.redactions);
    return screened;
  }

  /** Names and headings are stored too; one line each. */
  function label(value: string): string {
    const kept =
      names.get(value) ?? text(value.replaceAll(/\s+/g, " ").trim().slice(0, LONGEST_SPEAKER)).text;
    names.set(value, kept);
    return kept;
  }

  return {
    chunk({ text: original, speaker, heading, ...rest }) {
      const screened = text(original);
      const chunk: Chunk = {
        ...rest,
        text: screened.text,
        ...(speaker !== undefined && { speaker: label(speaker) }),
        ...(heading !== undefined && { heading: label(heading) }),
      };
      return { chunk, flags: screened.flags };
    },
    metadata(metadata) {
      const screened = policy.screenMetadata(bankId, metadata);
      if (screened.action === "refused") {
        reason ??= screened.reason;
        return { metadata: {}, flags: [] };
      }
      note(screened.redactions);
      return screened;
    },
    redactions: () => [...counts].map(([kind, count]) => ({ kind, count })),
    get reason() {
      return reason;
    },
  };
}
