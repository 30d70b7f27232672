const segmenter = new Intl.Segmenter("en", { granularity: "sentence" });
/** After these a full stop does not end the sentence; the segmenter does not know them. */
const ABBREVIATION =
  /(?:^|[\s(])(?:mr|mrs|ms|dr|prof|st|no|nr|vs|etc|e\.g|i\.e|approx|inc|ltd|co|[a-z])\.\s*$/i;

/** Sentences with their trailing space, so that joining them gives the text back. */
export function sentences(text: string): string[] {
  const found: string[] = [];
  for (const { segment } of segmenter.segment(text)) {
    const last = found.at(-1);
    if (last !== undefined && ABBREVIATION.test(last)) found[found.length - 1] = last + segment;
    else found.push(segment);
  }
  return found;
}

/** Splits at sentences into parts of at most `limit` characters; a longer sentence is split between words. */
export function splitText(text: string, limit: number): string[] {
  if (text.length <= limit) return text.trim() === "" ? [] : [text.trim()];
  return pack(
    sentences(text).flatMap((sentence) => splitSentence(sentence, limit)),
    limit,
    "",
  );
}

/** Joins neighbours while they fit into `limit` together. */
export function pack(parts: string[], limit: number, joint: string): string[] {
  const packed: string[] = [];
  let current = "";
  for (const part of parts) {
    const joined = current === "" ? part : current + joint + part;
    if (joined.trim().length > limit && current !== "") {
      packed.push(current.trim());
      current = part;
    } else current = joined;
  }
  packed.push(current.trim());
  return packed.filter((part) => part !== "");
}

function splitSentence(sentence: string, limit: number): string[] {
  const parts: string[] = [];
  let rest = sentence;
  while (rest.trim().length > limit) {
    const cut = wordBorder(rest, limit);
    parts.push(rest.slice(0, cut));
    rest = rest.slice(cut);
  }
  return rest === "" ? parts : [...parts, rest];
}

/** The last space before `limit`, but none inside a number: the barrier must see "4111 1111 …" whole. */
function wordBorder(text: string, limit: number): number {
  for (let at = limit; at > limit / 2; at--) {
    const inNumber = /\d/.test(text[at - 1] ?? "") && /\d/.test(text[at + 1] ?? "");
    if (/\s/.test(text[at] ?? "") && !inNumber) return at;
  }
  return /[\udc00-\udfff]/.test(text[limit] ?? "") ? limit - 1 : limit;
}
