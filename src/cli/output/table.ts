import { widthOf, wrap } from "./width.ts";

export type Column = {
  title: string;
  align?: "right";
  /** Takes what the terminal has left, and wraps; one a table. */
  grow?: boolean;
};

const GAP = 2;
/** A column that grows is never narrower. */
const MIN_GROW = 24;

/** Rows under their titles, in columns as wide as their content; `title` styles the first line. */
export function table(
  columns: Column[],
  rows: string[][],
  { width, title = (text) => text }: { width: number; title?: (text: string) => string },
): string {
  const widths = columns.map((column, i) =>
    Math.max(widthOf(column.title), ...rows.map((row) => widthOf(row[i] ?? ""))),
  );
  const grow = columns.findIndex((column) => column.grow);
  if (grow >= 0) {
    const taken = widths.reduce((sum, each, i) => sum + (i === grow ? 0 : each), GAP * (columns.length - 1));
    widths[grow] = Math.min(widths[grow]!, Math.max(MIN_GROW, width - taken));
  }
  const titles = columns.map((column) => column.title);
  const [first, ...more] = [titles, ...rows].map((row) => lines(columns, row, widths));
  return [title(first!), ...more].join("\n");
}

function lines(columns: Column[], row: string[], widths: number[]): string {
  const cells = columns.map((column, i) => (column.grow ? wrap(row[i] ?? "", widths[i]!) : [row[i] ?? ""]));
  const height = Math.max(...cells.map((cell) => cell.length));
  return Array.from({ length: height }, (_, line) =>
    columns
      .map((column, i) => pad(cells[i]![line] ?? "", widths[i]!, column.align))
      .join(" ".repeat(GAP))
      .trimEnd(),
  ).join("\n");
}

function pad(text: string, width: number, align?: "right"): string {
  const space = " ".repeat(Math.max(0, width - widthOf(text)));
  return align === "right" ? space + text : text + space;
}
