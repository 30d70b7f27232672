/** RFC 4180 with a header row: one object a line. Quotes, doubled quotes, CRLF and a byte order mark are understood. */
export function parseCsv(text: string): Array<Record<string, string>> {
  const [header, ...rows] = readRows(text.replace(/^\uFEFF/, ""));
  if (!header) return [];
  return rows
    .filter((row) => row.length > 1 || row[0] !== "")
    .map((row) => Object.fromEntries(header.map((name, index) => [name.trim(), row[index] ?? ""])));
}

const CELL = /(?:"((?:[^"]|"")*)"|([^,\r\n]*))(,|\r?\n|$)/y;

function readRows(text: string): string[][] {
  const rows: string[][] = [];
  let row: string[] = [];
  CELL.lastIndex = 0;
  while (CELL.lastIndex < text.length) {
    const start = CELL.lastIndex;
    const match = CELL.exec(text);
    if (!match) throw new SyntaxError(`CSV: a quote is not closed in row ${rows.length + 1}`);
    row.push(match[1] === undefined ? match[2]! : match[1].replaceAll('""', '"'));
    if (match[3] === ",") {
      // A comma at the very end leaves one more, empty cell.
      if (CELL.lastIndex === text.length) row.push("");
      if (CELL.lastIndex < text.length) continue;
    }
    rows.push(row);
    row = [];
    if (CELL.lastIndex === start) break;
  }
  return rows;
}
