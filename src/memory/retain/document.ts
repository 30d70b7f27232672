import { pack, splitText } from "./sentences.ts";

export type Section = { heading: string; text: string };

/**
 * Paragraphs of a document, joined under their heading up to `limit` characters. Markdown headings give the
 * path (`Terms > Cancellation`), which stays out of the text.
 */
export function splitDocument(text: string, limit: number): Section[] {
  return sections(text).flatMap(({ heading, paragraphs }) =>
    pack(
      paragraphs.flatMap((paragraph) => splitText(paragraph, limit)),
      limit,
      "\n\n",
    ).map((part) => ({ heading, text: part })),
  );
}

function sections(text: string): Array<{ heading: string; paragraphs: string[] }> {
  const path: string[] = [];
  const found = [{ heading: "", paragraphs: [] as string[] }];
  let lines: string[] = [];
  let fenced = false;
  const flush = () => {
    if (lines.some((line) => line.trim() !== "")) found.at(-1)?.paragraphs.push(lines.join("\n").trim());
    lines = [];
  };
  for (const line of text.split(/\r?\n/)) {
    if (/^\s*(```|~~~)/.test(line)) fenced = !fenced;
    const title = fenced ? null : /^(#{1,6})\s+(.*?)\s*#*$/.exec(line);
    if (title) {
      flush();
      path.length = Math.min(path.length, (title[1]?.length ?? 1) - 1);
      path.push(title[2] ?? "");
      found.push({ heading: path.filter(Boolean).join(" > "), paragraphs: [] });
    } else if (line.trim() === "" && !fenced) flush();
    else lines.push(line);
  }
  flush();
  // A document of headings alone still says something.
  const full = found.filter((section) => section.paragraphs.length > 0);
  return full.length > 0 ? full : [{ heading: "", paragraphs: [text.trim()] }];
}
