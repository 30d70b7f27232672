import type { CompleteOptions, Message } from "../../src/memory/llm/provider.ts";
import { createScriptedLLM, type ScriptedLLM, type ScriptedReply } from "../../src/testing/scripted-llm.ts";

/**
 * Stands in for your language model, so that the demo needs no key: it stores what it is asked to remember,
 * answers a question with the best line of the memory that it was given, and otherwise says that it heard.
 */
export function createDemoModel(): ScriptedLLM {
  return createScriptedLLM({ name: "demo", reply });
}

function reply(messages: Message[], { tools = [] }: CompleteOptions): ScriptedReply {
  const last = messages.at(-1)!;
  if (last.role === "tool") return "That is in my notes now.";
  const { memory, said } = split(textOf(last));
  if (said.startsWith("<transcript>")) return summary(said);
  const fact = /\bremember that (.+)/i.exec(said)?.[1];
  // Vendors may put a version behind the name.
  const tool = tools.find(({ name }) => name.startsWith("remember"));
  if (fact !== undefined && tool) {
    const call = { id: `call_${messages.length}`, name: tool.name, arguments: JSON.stringify({ fact }) };
    return { text: "I will remember that.", toolCalls: [call] };
  }
  if (!said.endsWith("?")) return "I see, thank you for telling me.";
  return memory === undefined ? "You have not told me yet." : `From what I know: ${memory}`;
}

/** What the person said, without the block of memory that the shared brain put in front of it. */
function split(text: string): { memory: string | undefined; said: string } {
  const [block = "", after] = text.split("</memory>");
  const memory = /^- .+?: (.+)$/m.exec(after === undefined ? "" : block)?.[1];
  return { memory, said: (after ?? block).trim() };
}

function summary(transcript: string): string {
  const said = [...transcript.matchAll(/^user: (.+)$/gm)].flatMap(([, text = ""]) =>
    text.endsWith("?") ? [] : [text],
  );
  return said.length === 0 ? "" : `In this call the person said: ${said.join(" ")}`;
}

function textOf({ content }: Message): string {
  if (typeof content === "string") return content;
  return content.map((part) => (part.type === "text" ? part.text : "")).join("\n");
}
