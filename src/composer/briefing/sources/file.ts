import { readFile, stat } from "node:fs/promises";
import { AstrocyteError } from "../../../core/errors.ts";
import { parseCsv } from "./csv.ts";
import { comparable, ENOUGH } from "./find.ts";
import { parsePath, readPath } from "./path.ts";
import type { Reader, Row } from "./source.ts";

export type FileOptions = {
  name: string;
  path: string;
  format: "json" | "csv";
  /** Path to the rows within a JSON file; the whole file when absent. */
  root?: string;
  /** Paths or columns by field: what people can be looked up by. */
  fields: Record<string, string>;
  /** ISO 3166: where telephone numbers without `+` belong. */
  country?: string;
  /** Path or column that holds the subject's key; absent for a JSON object whose property names are the keys. */
  key?: string;
};

/** Reads a JSON or CSV file whole, keeps it in memory, and reads it again when it has changed. */
export function fileReader(options: FileOptions): Reader {
  let version = "";
  let rows = new Map<string, unknown>();
  const found = new Map<string, Map<string, string[]>>();

  async function current(): Promise<typeof rows> {
    const { mtimeMs, size } = await stat(options.path);
    if (`${mtimeMs}:${size}` === version) return rows;
    rows = indexOf(options, await readFile(options.path, "utf8"));
    version = `${mtimeMs}:${size}`;
    found.clear();
    return rows;
  }

  const finder = (path: string) => async (value: string) => {
    const table = await current();
    if (!found.has(path)) found.set(path, keysByValue(options, table, path));
    return found.get(path)!.get(value) ?? [];
  };
  const fields = Object.entries(options.fields);

  return {
    async read(key) {
      const row = (await current()).get(key);
      return row === undefined ? undefined : accessor(options.format, row);
    },
    finders: Object.fromEntries(fields.map(([name, path]) => [name, finder(path)])),
  };
}

/** Made at the first look-up after a change of the file. A list counts with each of its values. */
function keysByValue({ format, country }: FileOptions, rows: Map<string, unknown>, path: string) {
  const keys = new Map<string, string[]>();
  for (const [key, row] of rows) {
    for (const value of [accessor(format, row)(path)].flat()) {
      if (typeof value !== "string" && typeof value !== "number") continue;
      const same = comparable(value, country);
      if (same !== "") keys.set(same, [...(keys.get(same) ?? []), key].slice(0, ENOUGH));
    }
  }
  return keys;
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
