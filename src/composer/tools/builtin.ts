import { toIso } from "../../core/clock.ts";
import { renderAsData } from "../../memory/policy/fence.ts";
import type { ToolAnswer, ToolDefinition } from "./definitions.ts";

const text = (description: string) => ({ type: "string", minLength: 1, maxLength: 2000, description });

const remember: ToolDefinition = {
  name: "remember",
  description: "Store one fact that the person wants you to remember. Use their own words.",
  parameters: object({ fact: text("The fact, as one sentence.") }),
  result: "silent",
  delivery: "client",
  confirm: false,
  async run({ fact }, { session, context, memory }): Promise<ToolAnswer> {
    if (session.consent !== "memory")
      return { output: "Not stored: the person did not agree to be remembered." };
    const result = await memory.retain(String(fact), {
      bankId: session.bankId,
      context,
      source: session.vendor,
      metadata: { session_id: session.id, persona: session.persona, vendor: session.vendor },
      tags: ["remembered"],
    });
    if (result.action === "refused") return { output: `Not stored: ${result.reason ?? "refused"}.` };
    return { output: "Remembered.", ...(result.stored && result.memoryId && { memoryId: result.memoryId }) };
  },
};

const recall: ToolDefinition = {
  name: "recall",
  description: "Look up what is known about the person from earlier conversations.",
  parameters: object({ question: text("What you want to know.") }),
  result: "speak",
  delivery: "client",
  confirm: false,
  async run({ question }, { session, context, memory, overrides, signal }): Promise<ToolAnswer> {
    const options = { bankId: session.bankId, context, maxResults: 5, maxTokens: 400, signal };
    const { hits } = await memory.recall(String(question), options);
    // Neither a planted instruction is an answer, nor what a record contradicts.
    const known = hits.filter((hit) => !hit.flags.includes("injection") && !overrides(hit));
    if (known.length === 0) return { output: "Nothing is known about that." };
    return { output: known.map((hit) => ({ text: renderAsData(hit.text), when: toIso(hit.occurredAt) })) };
  },
};

const forgetLast: ToolDefinition = {
  name: "forget_last",
  description: "Forget the last thing that was remembered in this conversation, when the person asks for it.",
  parameters: object({}),
  result: "speak",
  delivery: "client",
  confirm: false,
  async run(_args, { session, context, memory, lastRemembered }): Promise<ToolAnswer> {
    const memoryId = await lastRemembered();
    if (memoryId === undefined) return { output: "Nothing was remembered in this conversation." };
    await memory.forget({ bankId: session.bankId, context, memoryIds: [memoryId], mode: "hard" });
    return { output: "Forgotten.", forgot: memoryId };
  },
};

export const END_CALL = "end_call";

/** The session ends once the answer is on its way: see `execute.ts`. */
const endCall: ToolDefinition = {
  name: END_CALL,
  description: "End the conversation after you have said goodbye.",
  parameters: object({}),
  result: "silent",
  delivery: "client",
  confirm: false,
  run: async () => ({ output: "The conversation ends." }),
};

export const BUILT_IN: ToolDefinition[] = [remember, recall, forgetLast, endCall];

function object(properties: Record<string, unknown>): Record<string, unknown> {
  return { type: "object", properties, required: Object.keys(properties), additionalProperties: false };
}
