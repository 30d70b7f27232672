const NAME = "astrocyte-context:";

/**
 * A session's signed token as a line of a system prompt: for a vendor agent that many sessions share and whose
 * requests carry nothing else that tells them apart. Adapters write it, the shared brain reads and removes it.
 */
export function contextLine(token: string): string {
  return `[${NAME} ${token}]`;
}

/** The line wherever it stands in a text, its brackets possibly lost; group 1 is the token. */
export const CONTEXT_LINE = new RegExp(`\\[?${NAME}\\s{0,4}([\\w.-]{8,256})\\]?`, "g");

export function mayHoldContextLine(text: string): boolean {
  return text.includes(NAME);
}
