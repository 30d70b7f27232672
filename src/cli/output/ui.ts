import { styleText } from "node:util";
import { type Column, table } from "./table.ts";
import { printable } from "./width.ts";

/** What views draw with. Colours appear on a terminal only, and never under `NO_COLOR`. */
export type Ui = {
  /** Columns of the terminal; 100 where there is none. */
  width: number;
  bold(text: string): string;
  dim(text: string): string;
  good(text: string): string;
  warn(text: string): string;
  bad(text: string): string;
  table(columns: Column[], rows: string[][]): string;
};

export function createUi(stream: NodeJS.WriteStream): Ui {
  const style = (format: Parameters<typeof styleText>[0]) => (text: string) =>
    styleText(format, text, { stream });
  const bold = style("bold");
  const width = stream.isTTY ? stream.columns : 100;
  return {
    width,
    bold,
    dim: style("dim"),
    good: style("green"),
    warn: style("yellow"),
    bad: style("red"),
    // Cells come from outside: they must not carry control characters of their own.
    table: (columns, rows) =>
      table(
        columns,
        rows.map((row) => row.map((cell) => printable(cell))),
        { width, title: bold },
      ),
  };
}

/** `2026-01-15 12:00`, UTC. */
export function when(ms: number | null | undefined): string {
  return ms === null || ms === undefined ? "" : new Date(ms).toISOString().slice(0, 16).replace("T", " ");
}

/** `1 memory`, `2 memories`. */
export function count(n: number, one: string, many = `${one}s`): string {
  return `${n.toLocaleString("en")} ${n === 1 ? one : many}`;
}
