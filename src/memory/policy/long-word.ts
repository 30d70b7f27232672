/**
 * Is there a stretch of at least `size` characters of keys and encodings (letters, digits, `_ - . / + : =`)?
 * A stretch that long covers a multiple of `size`, so that only those places are looked at.
 */
export function hasLongWord(text: string, size: number): boolean {
  for (let at = size - 1; at < text.length; at += size) {
    if (!isWordCharacter(text.charCodeAt(at))) continue;
    let start = at;
    let end = at + 1;
    while (end - start < size && isWordCharacter(text.charCodeAt(start - 1))) start--;
    while (end - start < size && isWordCharacter(text.charCodeAt(end))) end++;
    if (end - start >= size) return true;
  }
  return false;
}

/** `+` to `:` covers the digits and `, - . /`; a comma more does no harm. NaN, past the ends, is none. */
function isWordCharacter(code: number): boolean {
  return (
    (code >= 97 && code <= 122) ||
    (code >= 43 && code <= 58) ||
    (code >= 65 && code <= 90) ||
    code === 95 ||
    code === 61
  );
}
