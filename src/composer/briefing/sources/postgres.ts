import { loadPeer } from "./peer.ts";
import { bind, type SqlQuery, type SqlStatement } from "./sql.ts";

type Pg = { Pool: new (options: Record<string, unknown>) => PgPool };
type PgPool = {
  query(query: { text: string; values: string[] }): Promise<{ rows: Array<Record<string, unknown>> }>;
  on(event: "error", listener: () => void): void;
  end(): Promise<void>;
};

/** PostgreSQL through the optional `pg`; each transaction is read-only and ends at the timeout. */
export function postgresQuery(statement: SqlStatement): SqlQuery {
  const { name, database, timeoutMs, rows: wanted } = statement;
  const { text } = bind(statement.sql, (index) => `$${index}`, statement.parameters);
  let pool: Promise<PgPool> | undefined;
  const open = async () => {
    const { Pool } = await loadPeer<Pg>("pg", `source ${name}`);
    const opened = new Pool({
      connectionString: database,
      max: 4,
      allowExitOnIdle: true,
      connectionTimeoutMillis: timeoutMs,
      statement_timeout: timeoutMs,
      options: "-c default_transaction_read_only=on",
    });
    // An idle connection that breaks is replaced at the next query.
    opened.on("error", () => {});
    return opened;
  };
  return {
    async run(values) {
      pool ??= open().catch((error: unknown) => {
        pool = undefined;
        throw error;
      });
      const { rows } = await (await pool).query({ text, values });
      return rows.slice(0, wanted);
    },
    close: async () => (await pool)?.end(),
  };
}
