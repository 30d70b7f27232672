import { readFile, stat } from "node:fs/promises";
import { AstrocyteError } from "../../../core/errors.ts";
import { parseCsv } from "./csv.ts";
import { parsePath, readPath } from "./path.ts";
import type { Reader, Row } from "./source.ts";

export type FileOptions = {
  name: string;
  path: string;
  format: "json" | "csv";
  /** Path to the rows within a JSON file; the whole file when absent. */
  root?: string;
  /** Path or column that holds the subject's key; absent for a JSON object whose property names are the keys. */
  key?: string;
};

/** Reads a JSON or CSV file whole, keeps it in memory, and reads it again when it has changed. */
export function fileReader(options: FileOptions): Reader {
  let version = "";
  let rows = new Map<string, unknown>();

  return {
    async read(key) {
      const { mtimeMs, size } = await stat(options.path);
      if (`${mtimeMs}:${size}` !== version) {
        rows = indexOf(options, await readFile(options.path, "utf8"));
        version = `${mtimeMs}:${size}`;
      }
      const row = rows.get(key);
      return row === undefined ? undefined : accessor(options.format, row);
    },
  };
}

function accessor(format: FileOptions["format"], row: unknown): Row {
  return (path) => readPath(row, format === "csv" ? [path] : parsePath(path));
}

function indexOf(options: FileOptions, text: string): Map<string, unknown> {
  const { format, root, key } = options;
  const table = read(options, () =>
    format === "csv" ? parseCsv(text) : readPath(JSON.parse(text), root ? parsePath(root) : []),
  );
  if (key === undefined && typeof table === "object" && table !== null && !Array.isArray(table)) {
    return new Map(Object.entries(table));
  }
  if (!Array.isArray(table) || key === undefined) {
    throw broken(options, "holds no list of rows with a key");
  }
  return new Map(table.map((row) => [String(accessor(format, row)(key)), row]));
}

function read<T>(options: FileOptions, parse: () => T): T {
  try {
    return parse();
  } catch {
    // The parser's message may quote a row.
    throw broken(options, `is not ${options.format.toUpperCase()}`);
  }
}

function broken({ name, path }: FileOptions, what: string): AstrocyteError {
  return new AstrocyteError("source_failed", `[source ${name}] ${path} ${what}. Check the file.`, {
    retryable: false,
  });
}
