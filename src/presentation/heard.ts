/**
 * What was heard of each speech, when a vendor tells what was played of them: `heard` may begin with any of
 * them, and spaces and case are the vendor's own. Where it is none of our words, it stands for the last speech.
 */
export function heardOf(speeches: string[], heard: string): string[] {
  if (letters(heard) === "") return speeches.map(() => "");
  for (let first = speeches.length - 1; first >= 0; first--) {
    const rest = speeches.slice(first);
    if (!letters(rest.join("")).startsWith(letters(heard))) continue;
    return [...speeches.slice(0, first), ...share(rest, letters(heard).length)];
  }
  return speeches.length === 0 ? [] : [...speeches.slice(0, -1), heard.trim()];
}

/** The first `count` letters, speech by speech. */
function share(speeches: string[], count: number): string[] {
  let left = count;
  return speeches.map((speech) => {
    const all = letters(speech).length;
    const part = left >= all ? speech : upTo(speech, left);
    left = Math.max(0, left - all);
    return part;
  });
}

function upTo(speech: string, count: number): string {
  let part = "";
  let seen = 0;
  for (const char of speech) {
    if (seen >= count) break;
    seen += letters(char).length;
    part += char;
  }
  return part;
}

function letters(text: string): string {
  return text.replace(/[^\p{L}\p{N}]+/gu, "").toLowerCase();
}
