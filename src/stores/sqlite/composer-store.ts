import type { ComposerStore, EventRow } from "../../composer/store.ts";
import type { SqliteDatabase } from "./database.ts";

/** The composer's port over the same file and threads as the memory store. */
export function composerStore(db: SqliteDatabase): ComposerStore {
  const listeners = new Set<(event: EventRow) => void>();
  const tell = (event: EventRow | undefined) => {
    if (event) for (const listener of listeners) listener(event);
  };
  return {
    sessions: {
      async create(row, event, maxActive) {
        const created = await db.write("sessions.create", { row, event, maxActive });
        tell(created);
        return created !== undefined;
      },
      get: (id) => db.read("sessions.get", id, id),
      byVendorId: (vendor, vendorSessionId) =>
        db.read("sessions.byVendorId", { vendor, vendorSessionId }, vendorSessionId),
      byCallId: (vendor, callId) => db.read("sessions.byCallId", { vendor, callId }, callId),
      async transition(id, from, patch, event) {
        const result = await db.write("sessions.transition", { id, from, patch, ...(event && { event }) });
        tell(result.event);
        return result.done;
      },
      addResource: (id, resource) => db.write("sessions.addResource", { id, resource }),
      addUsage: (id, usage) => db.write("sessions.addUsage", { id, usage }),
      list: (filter) => db.read("sessions.list", filter, filter.principal ?? "sessions"),
    },
    turns: {
      upsert: (turns) => db.write("turns.upsert", turns),
      list: (sessionId) => db.read("turns.list", sessionId, sessionId),
      markRetained: (sessionId, keys, at) => db.write("turns.markRetained", { sessionId, keys, at }),
      remove: (sessionId) => db.write("turns.remove", sessionId),
    },
    events: {
      async append(event) {
        const row = await db.write("events.append", event);
        tell(row);
        return row;
      },
      list: (sessionId, afterSeq, limit) => db.read("events.list", { sessionId, afterSeq, limit }, sessionId),
      subscribe(listener) {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
    },
    inbox: {
      accept: (row) => db.write("inbox.accept", row),
      pending: (limit, maxAttempts) => db.read("inbox.pending", { limit, maxAttempts }, "inbox"),
      done: (id) => db.write("inbox.done", id),
      failed: (id, code) => db.write("inbox.failed", { id, code }),
    },
    jobs: {
      put: (job) => db.write("jobs.put", job),
      claim: (now, limit, leaseMs) => db.write("jobs.claim", { now, limit, leaseMs }),
      done: (id) => db.write("jobs.done", id),
      removeFor: (sessionId) => db.write("jobs.removeFor", sessionId),
    },
    toolCalls: {
      begin: (row) => db.write("toolCalls.begin", row),
      finish: (row) => db.write("toolCalls.finish", row),
      list: (sessionId, limit) => db.read("toolCalls.list", { sessionId, limit }, sessionId),
    },
  };
}
