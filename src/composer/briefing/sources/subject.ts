import { AstrocyteError } from "../../../core/errors.ts";
import type { Subject } from "../../types.ts";

/** How a subject's id becomes the key that the source knows: first the prefix goes, then the template is filled. */
export type SubjectMapping = { stripPrefix?: string; template?: string };

/** The source's own key of the subject: `anna`, or `cust-anna` with the template `cust-{subject.id}`. */
export function subjectKey(subject: Subject, mapping: SubjectMapping = {}): string {
  const { stripPrefix = "", template = "{subject.id}" } = mapping;
  const id = subject.id.startsWith(stripPrefix) ? subject.id.slice(stripPrefix.length) : subject.id;
  const key = fill(template, { "subject.id": id, "subject.principal": subject.principal });
  if (key !== "") return key;
  throw new AstrocyteError(
    "invalid_input",
    "[sources] the subject's key is empty. Check the subject mapping.",
  );
}

/** Replaces `{subject}`, `{subject.id}`, `{subject.principal}` and `{value}`, where they are given. */
export function fill(template: string, values: Record<string, string>): string {
  return template.replace(/\{(subject(?:\.\w+)?|value)\}/g, (whole, name: string) => values[name] ?? whole);
}

/** The subject's id of a source's own key: the way back. Undefined where the key is none that `subjectKey` makes. */
export function subjectOf(key: string, mapping: SubjectMapping = {}): string | undefined {
  const { stripPrefix = "", template = "{subject.id}" } = mapping;
  const [head = "", tail = ""] = template.split(/\{subject\.(?:id|principal)\}/);
  const before = head + (template.startsWith("{subject.principal}", head.length) ? "user:" : "");
  if (!key.startsWith(before) || !key.endsWith(tail)) return undefined;
  const subject = stripPrefix + key.slice(before.length, key.length - tail.length);
  if (subject === stripPrefix) return undefined;
  return subjectKey({ id: subject, principal: `user:${subject}` }, mapping) === key ? subject : undefined;
}
