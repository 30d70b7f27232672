import { AstrocyteError } from "../../../core/errors.ts";
import type { Subject } from "../../types.ts";
import { ENOUGH } from "./find.ts";
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
  /** By field: a statement with `:value`, whose first column is the source's own key. */
  find?: Record<string, string>;
  timeoutMs: number;
};

/** One fixed statement for a driver. */
export type SqlStatement = Pick<SqlOptions, "name" | "database" | "timeoutMs"> & {
  sql: string;
  /** What may stand in it as a parameter. */
  parameters: readonly string[];
  /** Rows that are wanted. */
  rows: number;
};

/** A driver: runs its statement, read-only, with values for its parameters. */
export type SqlQuery = {
  run(values: string[]): Promise<Array<Record<string, unknown>>>;
  close(): Promise<void>;
};

export type Placeholder = (index: number) => string;

const DRIVERS = { sqlite: sqliteQuery, postgres: postgresQuery, mysql: mysqlQuery };

/** Reads the first row of one parameterised query. Values never become part of the statement. */
export function sqlReader(options: SqlOptions): Reader {
  const driver = DRIVERS[options.driver];
  const query = driver({ ...options, sql: options.query, parameters: SUBJECT, rows: 1 });
  const { names } = bind(options.query, () => "?", SUBJECT);
  const finders = Object.entries(options.find ?? {}).map(([field, sql]) => {
    const statement = driver({ ...options, sql, parameters: VALUE, rows: ENOUGH });
    const { length } = bind(sql, () => "?", VALUE).names;
    return { field, statement, find: (value: string) => keysOf(statement, Array(length).fill(value)) };
  });
  return {
    async read(key, subject) {
      const [row] = await query.run(names.map((name) => parameter(name, key, subject)));
      return row && ((column) => readPath(row, [column]));
    },
    finders: Object.fromEntries(finders.map(({ field, find }) => [field, find])),
    async close() {
      await Promise.all([query, ...finders.map(({ statement }) => statement)].map((each) => each.close()));
    },
  };
}

async function keysOf(statement: SqlQuery, values: string[]): Promise<string[]> {
  const rows = await statement.run(values);
  return rows.map((row) => Object.values(row)[0] ?? "").map(String);
}

function parameter(name: string, key: string, subject: Subject): string {
  if (name === "subject") return key;
  return name === "subject_id" ? subject.id : subject.principal;
}

/** Strings, quoted names, comments and casts, in which a colon is no parameter; then a parameter. */
const TOKEN =
  /'(?:[^']|'')*'|"(?:[^"]|"")*"|`[^`]*`|--[^\n]*|\/\*[\s\S]*?\*\/|\$(\w*)\$[\s\S]*?\$\1\$|::|:([A-Za-z_]\w*)/g;

/** What a statement may take: whom it reads, or what it looks for. */
export const SUBJECT = ["subject", "subject_id", "subject_principal"];
const VALUE = ["value"];

/** Turns `:subject` into the driver's own placeholders; `names` gives the value of each, in order. */
export function bind(
  sql: string,
  placeholder: Placeholder,
  parameters: readonly string[],
): { text: string; names: string[] } {
  const names: string[] = [];
  const text = sql.replace(TOKEN, (whole, _tag, name?: string) => {
    if (name === undefined) return whole;
    if (!parameters.includes(name)) {
      throw new AstrocyteError(
        "config_invalid",
        `[sources] the query has the parameter :${name}. Use ${list(parameters)}.`,
      );
    }
    names.push(name);
    return placeholder(names.length);
  });
  if (names.length > 0) return { text, names };
  throw new AstrocyteError(
    "config_invalid",
    `[sources] the query has no parameter and would read another person's row. Add where … = ${list(parameters)}.`,
  );
}

function list(parameters: readonly string[]): string {
  return parameters.map((name) => `:${name}`).join(" or ");
}
