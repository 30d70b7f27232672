/** Words that open a question in English; elsewhere the question mark tells. */
const OPENERS =
  /^(?:so |and |but |ok(?:ay)?,? )?(?:who|whom|whose|what|what's|when|where|which|why|how|do|does|did|is|are|am|was|were|can|could|will|would|should|has|have|had|tell me|remind me|list|show me)\b/i;

/** A statement that opens like a question: "have a meeting on Friday" has no subject after its verb. */
const SUBJECT_FOLLOWS = /^(?:have|had|has|do|is|are|was|were)\s+(?:a|an|the|no|some|to|not)\b/i;

/** Whether a line asks for something, so that it is answered and not stored. */
export function isQuestion(line: string): boolean {
  const text = line.trim();
  if (/[?？؟]["'”’)]*$/.test(text)) return true;
  return OPENERS.test(text) && !SUBJECT_FOLLOWS.test(text);
}
