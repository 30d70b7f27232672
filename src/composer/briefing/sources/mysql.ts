import { loadPeer } from "./peer.ts";
import { bind, type SqlQuery, type SqlStatement } from "./sql.ts";

type Mysql = { createPool(options: Record<string, unknown>): MysqlPool };
type MysqlPool = {
  execute(options: { sql: string; timeout: number }, values: string[]): Promise<[unknown[], unknown]>;
  on(event: "connection", listener: (connection: { query(sql: string): void }) => void): void;
  end(): Promise<void>;
};

/** MySQL and MariaDB through the optional `mysql2`, as a prepared statement in a read-only session. */
export function mysqlQuery(statement: SqlStatement): SqlQuery {
  const { name, database, timeoutMs, rows: wanted } = statement;
  const { text: sql } = bind(statement.sql, () => "?", statement.parameters);
  let pool: Promise<MysqlPool> | undefined;
  const open = async () => {
    const { createPool } = await loadPeer<Mysql>("mysql2/promise", `source ${name}`);
    const opened = createPool({ uri: database, connectionLimit: 4, connectTimeout: timeoutMs });
    opened.on("connection", (connection) => {
      connection.query("SET SESSION TRANSACTION READ ONLY");
      connection.query(limits(timeoutMs, wanted));
    });
    return opened;
  };
  return {
    async run(values) {
      pool ??= open().catch((error: unknown) => {
        pool = undefined;
        throw error;
      });
      const [rows] = await (await pool).execute({ sql, timeout: timeoutMs }, values);
      return rows as Array<Record<string, unknown>>;
    },
    close: async () => (await pool)?.end(),
  };
}

/**
 * Ends a statement on the server too: one that only we gave up on would hold its connection, and `close`, up to
 * its end. MySQL and MariaDB name the limit differently; each reads the comment that is its own.
 */
function limits(timeoutMs: number, rows: number): string {
  const own = `/*!50708 SESSION max_execution_time = ${timeoutMs}, */ /*M! SESSION max_statement_time = ${timeoutMs / 1000}, */`;
  return `SET ${own} SESSION sql_select_limit = ${rows}`;
}
