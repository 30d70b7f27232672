import { AstrocyteError, toAstrocyteError } from "../../core/errors.ts";
import type { AdapterDeps, PresentationEvent, SessionHandle, VendorTurn } from "../adapter.ts";
import { idsOf } from "../resources.ts";
import type { ChatExport, DIdApi } from "./api.ts";
import { isOurs, readArchive, readChat } from "./archive.ts";
import type { DIdConfig } from "./config.ts";
import { agentOf } from "./release.ts";

type Transcript = { turns: VendorTurn[]; complete: boolean };

/** Sessions that are remembered, and exports of one that may fail or come too early. */
const MAX_JOBS = 1_000;
const MAX_TRIES = 3;
const FAILED = new Set(["error", "rejected", "failed"]);

/** One session's export. Everything in it can be found again: it saves a second job, no more. */
type Job = {
  exportId?: Promise<string | undefined> | undefined;
  /** Begun by the end of the call. */
  atEnd: boolean;
  triesLeft: number;
  /** What the page told of the person. */
  heard: Set<string>;
  /** An export that had less than the page told. */
  early?: VendorTurn[];
};

/**
 * D-ID's record of a call is an export job (contract §2.7). It is begun when the call ends, while the agent is still
 * there (whether a deleted agent's chats can be exported is unconfirmed), and looked at without waiting. Where it has
 * less than the page told, D-ID may not have saved the last words: it is made anew.
 */
export function createTranscripts(parts: AdapterDeps & { api: DIdApi; config: DIdConfig }) {
  const { api, config, logger } = parts;
  const jobs = new Map<string, Job>();

  function jobOf({ vendorSessionId }: SessionHandle): Job {
    const job = jobs.get(vendorSessionId) ?? { atEnd: false, triesLeft: MAX_TRIES, heard: new Set() };
    jobs.delete(vendorSessionId);
    jobs.set(vendorSessionId, job);
    if (jobs.size > MAX_JOBS) jobs.delete(jobs.keys().next().value!);
    return job;
  }

  /** `undefined` when D-ID refused. With the agent gone nothing will ever come. */
  async function create(job: Job, agentId: string, from: string | undefined): Promise<string | undefined> {
    job.triesLeft--;
    try {
      return await api.exports.create({ agent_id: agentId, ...(from !== undefined && { from }) });
    } catch (error) {
      if (AstrocyteError.is(error, "vendor_not_found")) job.triesLeft = 0;
      logger.info({ vendor: "d-id", code: toAstrocyteError(error).code }, "a transcript was not exported");
      job.exportId = undefined;
      return undefined;
    }
  }

  /** True when there is a job now that was not there before. */
  function begin(session: SessionHandle, job: Job): boolean {
    const agentId = agentOf(session);
    if (job.exportId || job.triesLeft <= 0 || agentId === undefined) return false;
    job.exportId = create(job, agentId, idsOf(session.resources, "since")[0]);
    return true;
  }

  async function read(session: SessionHandle, job: Job, { url }: ChatExport): Promise<Transcript> {
    const turns = await turnsOf(session, url!);
    const told = turns.filter(({ role }) => role === "user").length;
    if (told >= job.heard.size || job.triesLeft <= 0) return { turns, complete: true };
    job.early = turns;
    job.exportId = undefined;
    return { turns: [], complete: false };
  }

  async function turnsOf(session: SessionHandle, url: string): Promise<VendorTurn[]> {
    try {
      const chats = readArchive(await api.exports.download(url), config.export_max_bytes);
      return chats.filter((chat) => isOurs(chat, session)).flatMap(readChat);
    } catch (error) {
      if (!AstrocyteError.is(error) || error.retryable) throw error;
      logger.warn(
        { vendor: "d-id", code: error.code, sessionId: session.sessionId },
        "an export was not read",
      );
      return [];
    }
  }

  return {
    /** What the page tells is counted, so that an export that has less is not taken for all. */
    heard(session: SessionHandle, events: PresentationEvent[]): void {
      for (const event of events)
        if (event.type === "turn" && event.turn.role === "user") jobOf(session).heard.add(event.turn.key);
    },

    /** The call is over: one export of it is begun, however often this is said. */
    async end(session: SessionHandle): Promise<void> {
      if (session.vendorSessionId === "") return;
      const job = jobOf(session);
      if (!job.atEnd) Object.assign(job, { atEnd: true, exportId: undefined, triesLeft: MAX_TRIES });
      begin(session, job);
      await job.exportId;
    },

    async fetch(session: SessionHandle): Promise<Transcript> {
      const job = jobOf(session);
      const begun = begin(session, job);
      const exportId = await job.exportId;
      if (exportId === undefined) return { turns: job.early ?? [], complete: job.triesLeft <= 0 };
      if (begun) return { turns: [], complete: false };
      const found = await find(api, exportId);
      if (found.status === "done" && found.url !== undefined) return read(session, job, found);
      if (!FAILED.has(found.status)) return { turns: [], complete: false };
      job.exportId = undefined;
      return { turns: job.early ?? [], complete: job.triesLeft <= 0 };
    },
  };
}

/** An export that is not there any more counts as failed. */
async function find(api: DIdApi, id: string): Promise<ChatExport> {
  try {
    return await api.exports.get(id);
  } catch (error) {
    if (AstrocyteError.is(error, "vendor_not_found")) return { status: "error", url: undefined };
    throw error;
  }
}
