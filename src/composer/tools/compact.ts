const encoder = new TextEncoder();

/**
 * The answer of a tool as text of at most `maxBytes` (UTF-8). A list loses whole items from its end and says
 * how many; a text is cut at a word. Nothing is cut silently.
 */
export function compact(output: unknown, maxBytes: number): string {
  const text = typeof output === "string" ? output : (JSON.stringify(output) ?? "");
  if (bytes(text) <= maxBytes) return text;
  if (Array.isArray(output)) return compactList(output, maxBytes);
  return cut(text, maxBytes);
}

function compactList(items: unknown[], maxBytes: number): string {
  let [low, high] = [0, items.length];
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (bytes(listed(items, middle)) <= maxBytes) low = middle;
    else high = middle - 1;
  }
  return low === 0 ? cut(JSON.stringify(items[0]) ?? "", maxBytes) : listed(items, low);
}

function listed(items: unknown[], count: number): string {
  return JSON.stringify({ items: items.slice(0, count), left_out: items.length - count });
}

function cut(text: string, maxBytes: number): string {
  const note = " … (cut)";
  const room = maxBytes - bytes(note);
  const head = new TextDecoder().decode(encoder.encode(text).subarray(0, room)).replace(/\uFFFD+$/, "");
  return head.replace(/\s+\S*$/, "") + note;
}

function bytes(text: string): number {
  return encoder.encode(text).length;
}
