import type { Outcome } from "../../core/worker-tasks.ts";
import type { Connection } from "./connection.ts";
import type { WriteContext } from "./contexts.ts";
import { toStoreError } from "./errors.ts";
import { scrubFile } from "./scrub.ts";

export type Job = (context: WriteContext) => unknown;

/**
 * Runs jobs in one transaction, so that many pay for one sync to disk. Each is still all or nothing, by its
 * savepoint, and is answered only after the commit. When the shared transaction fails each runs alone.
 */
export function commitTogether(connection: Connection, jobs: Job[]): Outcome[] {
  const scrubs = new Set<number>();
  let outcomes: Outcome[];
  try {
    connection.db.exec("BEGIN IMMEDIATE");
    outcomes = jobs.map((job, index) => attempt({ ...connection, scrub: () => scrubs.add(index) }, job));
    // A full disk undoes the whole transaction at once, with the jobs that had gone well.
    if (!connection.db.isTransaction) throw firstError(outcomes);
    connection.db.exec("COMMIT");
  } catch (error) {
    if (connection.db.isTransaction) connection.db.exec("ROLLBACK");
    return jobs.length === 1
      ? [{ error: toStoreError(error) }]
      : jobs.flatMap((job) => commitTogether(connection, [job]));
  }
  const wanted = [...scrubs].filter((index) => "value" in outcomes[index]!);
  const failure = wanted.length > 0 ? scrubFile(connection) : undefined;
  if (failure) for (const index of wanted) outcomes[index] = { error: failure };
  return outcomes;
}

function attempt(context: WriteContext, job: Job): Outcome {
  const { db } = context;
  try {
    db.exec("SAVEPOINT job");
    const value = job(context);
    db.exec("RELEASE job");
    return { value };
  } catch (error) {
    if (db.isTransaction) db.exec("ROLLBACK TO job; RELEASE job");
    return { error: toStoreError(error) };
  }
}

function firstError(outcomes: Outcome[]): unknown {
  const failed = outcomes.find((outcome) => "error" in outcome);
  return failed && "error" in failed ? failed.error : new Error("transaction lost");
}
