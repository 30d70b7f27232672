import { NO_MODEL } from "../composer/transcripts/echo.ts";
import type { BriefingLine } from "../composer/types.ts";
import { analyse } from "../core/text.ts";
import type { CompletionChunk } from "../memory/llm/provider.ts";
import { renderAsData } from "../memory/policy/fence.ts";
import type { MemoryHit } from "../memory/types.ts";

/** What a turn can be answered from without a model. */
export type Known = { question: string; lines: BriefingLine[]; hits: MemoryHit[] };

/** More would be a list to listen to. */
const MAX_QUOTES = 2;
const MAX_QUOTE = 300;

/**
 * Answers by quoting briefing and memory, and says so. Facts that may be spoken come before memories; nothing
 * is made up: where neither fits, that is the answer.
 */
export function* extractiveAnswer(known: Known): Generator<CompletionChunk> {
  const text = answerText(known);
  // Word by word, as a model would, so that a voice begins early.
  for (const [word] of text.matchAll(/\s*\S+/g)) yield { type: "text", text: word };
  const usage = { inputTokens: 0, outputTokens: 0 };
  yield { type: "finish", finishReason: "stop", usage, model: "astrocyte-extractive" };
}

function answerText({ question, lines, hits }: Known): string {
  if (question === "") return `${NO_MODEL} Ask me something.`;
  const facts = fittingFacts(question, lines).map((line) => `According to the records: ${quoted(line.text)}`);
  const memories = hits.map((hit) => `From an earlier conversation: ${quoted(hit.text)}`);
  const quotes = [...facts, ...memories].slice(0, MAX_QUOTES);
  if (quotes.length === 0) return `${NO_MODEL} I know nothing about that yet.`;
  return `${NO_MODEL} ${quotes.join(" ")}`;
}

/** Facts that share a word with the question, those that share most first. */
function fittingFacts(question: string, lines: BriefingLine[]): BriefingLine[] {
  const wanted = new Set(analyse(question));
  return lines
    .filter(({ block, sensitivity }) => (block === "facts" || block === "aging") && sensitivity === "open")
    .map((line) => ({ line, shared: new Set(analyse(line.text).filter((term) => wanted.has(term))).size }))
    .filter(({ shared }) => shared > 0)
    .sort((a, b) => b.shared - a.shared)
    .map(({ line }) => line);
}

function quoted(text: string): string {
  const words = renderAsData(text).replace(/^- /, "");
  const short = words.length > MAX_QUOTE ? `${words.slice(0, MAX_QUOTE).replace(/\s+\S*$/, "")} …` : words;
  return /[.!?…]$/.test(short) ? short : `${short}.`;
}
