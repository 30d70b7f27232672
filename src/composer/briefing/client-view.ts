import type { Briefing, BriefingLine, LeftOut, Overridden } from "../types.ts";

type ClientLine = Omit<BriefingLine, "memory"> & {
  memory?: { memoryId: string; sessionId?: string; occurredAt: number; score: number };
};

/** What a browser may see of a briefing. */
export type ClientBriefing = {
  greeting?: string;
  lines: ClientLine[];
  overridden: Overridden[];
  leftOut: Array<ClientLine & Pick<LeftOut, "reason">>;
  failed: Briefing["failed"];
  composedAt: number;
};

/** Drops private lines, the vendor's text (it holds them, and the persona's prompt) and the ids of banks. */
export function clientView(briefing: Briefing): ClientBriefing {
  const { greeting, lines, overridden, leftOut, failed, composedAt } = briefing;
  const open = ({ sensitivity }: { sensitivity: string }) => sensitivity !== "private";
  return {
    ...(greeting !== undefined && { greeting }),
    lines: lines.filter(open).map(withoutBank),
    overridden: overridden.filter(open),
    leftOut: leftOut.filter(open).map((line) => ({ ...withoutBank(line), reason: line.reason })),
    failed,
    composedAt,
  };
}

function withoutBank({ block, text, source, memory, sensitivity }: BriefingLine): ClientLine {
  if (!memory) return { block, text, ...(source && { source }), sensitivity };
  const { bankId: _bankId, ...rest } = memory;
  return { block, text, memory: rest, sensitivity };
}
