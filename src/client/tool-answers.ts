import type { ToolCall, ToolResult, TransportListener } from "./types.ts";

export type ToolAnswers = {
  /** Hands the call on, and resolves with its answer. */
  ask(listener: TransportListener, call: ToolCall): Promise<ToolResult>;
  /** What `sendToolResult` is given. */
  answer(result: ToolResult): void;
};

/** For rooms in which a tool is a function of the page, and its answer the function's value. */
export function createToolAnswers(): ToolAnswers {
  const waiting = new Map<string, (result: ToolResult) => void>();
  return {
    ask: (listener, call) =>
      new Promise((resolve) => {
        waiting.set(call.toolCallId, resolve);
        listener.toolCall(call);
      }),
    answer(result) {
      waiting.get(result.toolCallId)?.(result);
      waiting.delete(result.toolCallId);
    },
  };
}

/** The names of the tools that the page has to answer, of `join.data`. */
export function toolNames(data: Record<string, unknown> = {}): string[] {
  const { tools } = data;
  return Array.isArray(tools) ? tools.filter((name) => typeof name === "string") : [];
}
