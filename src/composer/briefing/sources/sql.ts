import { AstrocyteError } from "../../../core/errors.ts";
import type { Subject } from "../../types.ts";
import { mysqlQuery } from "./mysql.ts";
import { readPath } from "./path.ts";
import { postgresQuery } from "./postgres.ts";
import type { Reader } from "./source.ts";
import { sqliteQuery } from "./sqlite.ts";

export type SqlOptions = {
  name: string;
  driver: "sqlite" | "postgres" | "mysql";
  /** File of a SQLite database, or the connection URL of another. */
  database: string;
  /** With `:subject` (the mapped key), `:subject_id` or `:subject_principal` as parameters; the first row counts. */
  query: string;
  timeoutMs: number;
};

/** A driver: runs one fixed statement, read-only, with values for its parameters. */
export type SqlQuery = {
  first(values: string[]): Promise<Record<string, unknown> | undefined>;
  close(): Promise<void>;
};

export type Placeholder = (index: number) => string;

const DRIVERS = { sqlite: sqliteQuery, postgres: postgresQuery, mysql: mysqlQuery };

/** Reads the first row of one parameterised query. Values never become part of the statement. */
export function sqlReader(options: SqlOptions): Reader {
  const query = DRIVERS[options.driver](options);
  const { names } = bind(options.query, () => "?");
  return {
    async read(key, subject) {
      const row = await query.first(names.map((name) => parameter(name, key, subject)));
      return row && ((column) => readPath(row, [column]));
    },
    close: () => query.close(),
  };
}

function parameter(name: string, key: string, subject: Subject): string {
  if (name === "subject") return key;
  return name === "subject_id" ? subject.id : subject.principal;
}

/** Strings, quoted names, comments and casts, in which a colon is no parameter; then a parameter. */
const TOKEN =
  /'(?:[^']|'')*'|"(?:[^"]|"")*"|`[^`]*`|--[^\n]*|\/\*[\s\S]*?\*\/|\$(\w*)\$[\s\S]*?\$\1\$|::|:([A-Za-z_]\w*)/g;

/** Turns `:subject` into the driver's own placeholders; `names` gives the value of each, in order. */
export function bind(sql: string, placeholder: Placeholder): { text: string; names: string[] } {
  const names: string[] = [];
  const text = sql.replace(TOKEN, (whole, _tag, name?: string) => {
    if (name === undefined) return whole;
    if (!["subject", "subject_id", "subject_principal"].includes(name)) {
      throw new AstrocyteError(
        "config_invalid",
        `[sources] the query has the parameter :${name}. Use :subject, :subject_id or :subject_principal.`,
      );
    }
    names.push(name);
    return placeholder(names.length);
  });
  if (names.length > 0) return { text, names };
  throw new AstrocyteError(
    "config_invalid",
    "[sources] the query names no subject and would read another person's row. Add where … = :subject.",
  );
}
