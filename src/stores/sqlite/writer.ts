import { workerData } from "node:worker_threads";
import { serveBatches } from "../../core/worker-tasks.ts";
import { type Connection, configureWriter, connect } from "./connection.ts";
import type { WriteContext } from "./contexts.ts";
import { toStoreError } from "./errors.ts";
import { commitTogether } from "./group-commit.ts";
import { migrate } from "./migrations.ts";
import { writeOps } from "./ops/index.ts";
import type { Call, WriterData } from "./protocol.ts";

/** The writer's thread: the only connection of this process that writes. */
const { path, busyTimeoutMs, maxPages } = workerData as WriterData;
const operations = writeOps as Record<string, (context: WriteContext, args: unknown) => unknown>;

let connection: Connection | undefined;

function open(): Connection {
  const fresh = connect(path, false, busyTimeoutMs);
  try {
    configureWriter(fresh, maxPages);
    migrate(fresh);
    return fresh;
  } catch (error) {
    fresh.close();
    throw error;
  }
}

serveBatches(
  (messages) => {
    try {
      connection ??= open();
    } catch (error) {
      return messages.map(() => ({ error: toStoreError(error) }));
    }
    const calls = messages as Call[];
    return commitTogether(
      connection,
      calls.map(
        ({ op, args }) =>
          (context) =>
            operations[op]!(context, args),
      ),
    );
  },
  () => connection?.close(),
);
