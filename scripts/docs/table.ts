/** Stands where nobody has written yet what a row means. */
export const UNTOLD = "(untold)";

/** One row: its key, and the cells that are known of it. */
export type Row = { key: string; cells: string[] };

export type Table = { columns: string[]; rows: Row[] };

/**
 * The page with each table between `<!-- NAME -->` and `<!-- /NAME -->` made anew: keys and cells as given,
 * the meaning, its last column, as the page had it. Errors: a table that the page lacks.
 */
export function renderTables(page: string, tables: Record<string, Table>): string {
  let rendered = page;
  for (const [name, table] of Object.entries(tables)) {
    const [start, end] = [`<!-- ${name} -->\n`, `<!-- /${name} -->`];
    const [from, to] = [rendered.indexOf(start), rendered.indexOf(end)];
    if (from < 0 || to < from) throw new Error(`The page lacks the table ${start.trim()} … ${end}.`);
    const known = meanings(rendered.slice(from, to));
    rendered = rendered.slice(0, from) + start + draw(table, known) + rendered.slice(to);
  }
  return rendered;
}

function draw({ columns, rows }: Table, known: Map<string, string>): string {
  const head = [...columns, "meaning"];
  const lines = rows.map(({ key, cells }) => [`\`${key}\``, ...cells, known.get(key) ?? UNTOLD]);
  return [head, head.map(() => "---"), ...lines].map((cells) => `| ${cells.join(" | ")} |\n`).join("");
}

function meanings(body: string): Map<string, string> {
  const rows = body.matchAll(/^\| `([^`]+)` \|[^\n]*\| ([^|\n]+) \|$/gm);
  return new Map([...rows].map(([, key, meaning]) => [key!, meaning!]));
}
