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

/** Replaces `{subject}`, `{subject.id}` and `{subject.principal}`. */
export function fill(template: string, values: Record<string, string>): string {
  return template.replace(/\{(subject(?:\.\w+)?)\}/g, (whole, name: string) => values[name] ?? whole);
}
