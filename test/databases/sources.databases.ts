import assert from "node:assert/strict";
import { test } from "node:test";
import mysql from "mysql2/promise";
import pg from "pg";
import { parseSource } from "../../src/composer/briefing/index.ts";
import { systemClock } from "../../src/core/clock.ts";
import { AstrocyteError } from "../../src/core/errors.ts";
import { type Server, startMariadb, startPostgres } from "./servers.ts";

const SETUP = [
  "CREATE TABLE customers (id VARCHAR(40) PRIMARY KEY, plan VARCHAR(20), seats INT)",
  "INSERT INTO customers VALUES ('anna', 'pro', 3), ('ben', 'free', 1)",
];

type Database = {
  driver: string;
  start(): Promise<Server>;
  run(url: string, statements: string[]): Promise<Array<Record<string, unknown>>>;
  slow: string;
};

const DATABASES: Database[] = [
  {
    driver: "postgres",
    start: startPostgres,
    slow: "SELECT pg_sleep(60)::text AS plan WHERE :subject <> ''",
    async run(url, statements) {
      const client = await connected(url);
      let rows: Array<Record<string, unknown>> = [];
      for (const statement of statements) ({ rows } = await client.query(statement));
      await client.end();
      return rows;
    },
  },
  {
    driver: "mysql",
    start: startMariadb,
    slow: "SELECT sleep(60) AS plan FROM customers WHERE id = :subject",
    async run(url, statements) {
      const connection = await mysql.createConnection(url);
      let rows: unknown;
      for (const statement of statements) [rows] = await connection.query(statement);
      await connection.end();
      return rows as Array<Record<string, unknown>>;
    },
  },
];

/** A PostgreSQL that listens may still say that it starts up. */
async function connected(url: string): Promise<pg.Client> {
  for (;;) {
    const client = new pg.Client(url);
    try {
      await client.connect();
      return client;
    } catch (error) {
      if ((error as { code?: string }).code !== "57P03") throw error;
    }
  }
}

for (const { driver, start, run, slow } of DATABASES) {
  test(`${driver}: a record is read by parameter, read-only, in time`, async () => {
    const server = await start();
    try {
      await run(server.url, SETUP);
      const read = async (query: string, id: string, timeout = "20s") => {
        const fields = { plan: { label: "Plan" }, seats: { label: "Seats" } };
        const config = { kind: "sql", driver, database: server.url, query, timeout, fields };
        const source = parseSource("crm", config, { clock: systemClock });
        try {
          const record = await source.fetch({ principal: `user:${id}`, id });
          return record.fields.map(({ name, value }) => [name, value]);
        } finally {
          await source.close();
        }
      };
      const query = "SELECT plan, seats, id AS secret FROM customers WHERE id = :subject";
      assert.deepEqual(await read(query, "anna"), [
        ["plan", "pro"],
        ["seats", 3],
      ]);
      assert.deepEqual(await read(query, "nobody"), []);
      assert.deepEqual(await read(query, "anna' OR '1'='1"), []);
      const code = (expected: string) => (error: unknown) =>
        AstrocyteError.is(error) && error.code === expected;
      await assert.rejects(
        read("UPDATE customers SET plan = 'x' WHERE id = :subject", "anna"),
        code("source_failed"),
      );
      await assert.rejects(read(slow, "anna", "200ms"), code("deadline_exceeded"));
      const [row] = await run(server.url, ["SELECT plan FROM customers WHERE id = 'anna'"]);
      assert.equal(row?.["plan"], "pro");
    } finally {
      await server.stop();
    }
  });
}
