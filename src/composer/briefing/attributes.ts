import type { Attribute, SourceField } from "../types.ts";
import { compare } from "./claims/compare.ts";
import { statementsOf, type Utterance } from "./claims/statements.ts";
import { escapeRegex } from "./claims/subject.ts";
import { spellings } from "./claims/values.ts";

/** What a memory says of a field. */
export type Verdict = "contradicts" | "agrees" | "unrelated";

/** A field whose attribute is declared: what memories are held against. */
export type CheckedField = SourceField & { attribute: Attribute };

export function isChecked<T extends SourceField>(field: T): field is T & CheckedField {
  return field.attribute !== undefined;
}

/**
 * Whether a memory contradicts a field. The last thing that it says about the attribute counts, so that
 * "I'm on free, no, on pro" agrees with `pro`.
 */
export function check(memory: Utterance, field: CheckedField, now: number): Verdict {
  const record = String(field.value);
  if (!mentions(memory.text, field)) return "unrelated";
  let verdict: Verdict = "unrelated";
  for (const { said, negated } of statementsOf(memory, field.attribute, record)) {
    const result = compare(said, field.value, field.attribute, now, memory.occurredAt);
    if (result === "unknown") continue;
    // "Not X" says no more than that it is not X.
    if (negated && result === "different") continue;
    verdict = (result === "same") === negated ? "contradicts" : "agrees";
  }
  return verdict === "contradicts" && namesRecord(memory.text, field) ? "unrelated" : verdict;
}

/** "We live in Altona, a part of Hamburg": it names the record too, and does not deny it. */
function namesRecord(text: string, { value, attribute }: CheckedField): boolean {
  if (attribute.type !== "place" && attribute.type !== "text") return false;
  const at = text.toLowerCase().indexOf(String(value).toLowerCase());
  if (at < 0) return false;
  const sentence = text.slice(0, at).split(/[.!?]/).at(-1)!;
  return !/\b(?:not|n't|never|no longer|from|left|leaving|instead of|until|sold|quit)\b|n['’]t\b/i.test(
    sentence,
  );
}

const topics = new WeakMap<Attribute, RegExp>();

/** Whether a memory touches the attribute at all: cheap, and wide on purpose. */
export function mentions(text: string, { attribute, value }: CheckedField): boolean {
  let topic = topics.get(attribute);
  if (!topic) {
    const anchors = attribute.phrases
      .flatMap((phrase) => phrase.split(" "))
      .filter((word) => /^[a-z]{4,}$/.test(word));
    const values = attribute.type === "choice" ? [...spellings(attribute, String(value)).keys()] : [];
    const words = [...attribute.names, ...values, ...anchors.map(root)].map((word) =>
      escapeRegex(word).replaceAll(" ", "[ -]"),
    );
    topic = new RegExp(`(?<![^\\s,;:"'(+~/-])(?:${[...words, ...FORMS[attribute.type]].join("|")})`, "i");
    topics.set(attribute, topic);
  }
  return topic.test(text);
}

/** `move` also stands for `moving` and `moved`. */
function root(verb: string): string {
  return verb.replace(/e$/, "");
}

const FORMS: Record<Attribute["type"], string[]> = {
  choice: [],
  text: ["drove", "went", "got"],
  place: [],
  number: ["\\d"],
  amount: ["\\d", "[€$£¥]"],
  date: ["\\d"],
  email: ["[\\w.+-]+@"],
  phone: ["\\d"],
};
