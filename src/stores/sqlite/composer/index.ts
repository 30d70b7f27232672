import { eventReads, eventWrites } from "./events.ts";
import { inboxReads, inboxWrites } from "./inbox.ts";
import { jobWrites } from "./jobs.ts";
import { sessionReads, sessionWrites } from "./sessions.ts";
import { toolCallReads, toolCallWrites } from "./tool-calls.ts";
import { turnReads, turnWrites } from "./turns.ts";

export const composerWrites = {
  ...sessionWrites,
  ...turnWrites,
  ...eventWrites,
  ...inboxWrites,
  ...jobWrites,
  ...toolCallWrites,
};

export const composerReads = {
  ...sessionReads,
  ...turnReads,
  ...eventReads,
  ...inboxReads,
  ...toolCallReads,
};
