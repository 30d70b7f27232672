import type { AstrocyteContext } from "../types.ts";

/** Speakers that stand for the person whom the bank is about. */
const PERSON = new Set(["user", "me", "human", "customer", "caller", "client", "guest", "person"]);
const MACHINE = new Set(["agent", "assistant", "bot", "ai", "system", "avatar", "tool", "replica", "model"]);

/** Who "I" is in a text: the speaker, or the person that the caller acts for, or the bank's. */
export function firstPerson(
  bankId: string,
  context: AstrocyteContext,
  speaker: string | undefined,
): string | undefined {
  const name = speaker === undefined ? "" : subjectName(speaker);
  if (MACHINE.has(name)) return undefined;
  if (name !== "" && !PERSON.has(name)) return name;
  if (context.onBehalfOf?.type === "user") return subjectName(context.onBehalfOf.id);
  const principal = /^user:(.+)$/.exec(context.principal)?.[1];
  if (principal !== undefined && principal !== "local") return subjectName(principal);
  return bankPerson(bankId);
}

/** `user:anna`, `user-anna` and `anna` are all Anna's bank. */
export function bankPerson(bankId: string): string {
  return subjectName(bankId.replace(/^(?:(?:user|person|customer)[:_./-]+)+/i, ""));
}

export function subjectName(name: string): string {
  return name.normalize("NFKC").toLowerCase().replaceAll(/\s+/g, " ").trim();
}

export function isMachine(speaker: string): boolean {
  return MACHINE.has(subjectName(speaker));
}

/** A name, and not a role such as "user" or "assistant". */
export function isNamed(speaker: string): boolean {
  const name = subjectName(speaker);
  return !MACHINE.has(name) && !PERSON.has(name);
}
