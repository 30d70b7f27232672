import {
  type OpenAISimulator,
  type SimulatorReply,
  startOpenAISimulator,
} from "../../src/testing/openai-simulator.ts";
import type { Gates } from "./gates.ts";

type Message = { role: string; content: unknown };
type Question = { messages: Message[]; tools?: Array<{ function: { name: string } }> };

/** A language model with a will of its own: it answers from what it is told, and calls tools. Gate: `model`. */
export async function startModel(gates: Gates): Promise<OpenAISimulator> {
  let calls = 0;
  return startOpenAISimulator({
    async answer({ body }) {
      await gates.pass("model");
      return replyTo(body as unknown as Question, `call_${++calls}`);
    },
  });
}

function replyTo({ messages, tools = [] }: Question, id: string): SimulatorReply {
  const last = messages.at(-1)!;
  if (last.role === "tool") return `Done: ${last.content}`;
  const said = saidIn(last);
  const call = (name: string, args: object) => {
    // Vendors put a version behind the name.
    const known = tools.find((tool) => tool.function.name.split("__")[0] === name)!.function.name;
    return [{ id, name: known, arguments: JSON.stringify(args) }];
  };
  const fact = /^Please remember that (.+\.)$/.exec(said)?.[1];
  if (fact !== undefined) return { text: "I will remember that.", toolCalls: call("remember", { fact }) };
  const day = /^Please book (\w+)\.$/.exec(said)?.[1];
  if (day !== undefined) return { toolCalls: call("book_slot", { day }) };
  if (!said.endsWith("?")) return "I see, thank you.";
  const told = messages.map(({ content }) => textOf(content)).join("\n");
  if (said.includes("dog"))
    return `Your dog is called ${/dog is called (\w+)/.exec(told)?.[1] ?? "unknown"}.`;
  return `You have the ${/Plan: (\w+)/.exec(told)?.[1] ?? "unknown"} tariff.`;
}

/** Without the memory that the brain, and the perception that the vendor put before it. */
function saidIn({ content }: Message): string {
  const text = textOf(content).split("</memory>").at(-1)!;
  return text.replace(/<(user_\w+)>.*?<\/\1>/gs, "").trim();
}

/** Everything that a request told the model. */
export function toldTo(request: { body: Record<string, unknown> }): string {
  return (request.body as unknown as Question).messages.map(({ content }) => textOf(content)).join("\n");
}

function textOf(content: unknown): string {
  if (typeof content === "string") return content;
  return content === null
    ? ""
    : (content as Array<{ text?: string }>).map(({ text = "" }) => text).join("\n");
}
