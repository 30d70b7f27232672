import { DatabaseSync } from "node:sqlite";
import { setImmediate, setTimeout } from "node:timers/promises";
import type { OpenedSession } from "../gateway.fixture.ts";
import type { Api } from "./api.ts";
import type { Held } from "./gates.ts";
import { Page } from "./page.ts";
import type { Surroundings } from "./surroundings.ts";

/** One call that a crash will meet. */
export type Doomed = {
  api: Api;
  vendor: string;
  surroundings: Surroundings;
  /** Somebody new each time. */
  person: string;
  /** What the person said and somebody was told to be kept. */
  said: string[];
  opened?: OpenedSession;
  page?: Page;
  /** Where somebody still stands. */
  held: Held[];
};

/** Brings a call to the moment at which the gateway is to die. `again`: more times, each a little later. */
export type Crash = {
  at: string;
  vendor?: "tavus" | "local";
  laterMs?: number[];
  reach(call: Doomed): Promise<void>;
};

const DOG = (person: string) => `My dog is called Rex-${person} and he sleeps all day.`;

function hold(call: Doomed, gate: string): Held {
  const held = call.surroundings.gates.hold(gate);
  call.held.push(held);
  return held;
}

/** Asks for a session whose answer may never come. */
function ask({ api, vendor, person }: Doomed): void {
  api.open(vendor, `user:${person}`).catch(() => {});
}

async function joined(call: Doomed): Promise<Page> {
  call.opened = await call.api.open(call.vendor, `user:${call.person}`);
  call.page = await Page.join(call.api.url, call.opened);
  await call.page.greeting();
  return call.page;
}

async function talked(call: Doomed): Promise<Page> {
  const page = await joined(call);
  await page.say(DOG(call.person));
  call.said.push(DOG(call.person));
  return page;
}

async function ended(call: Doomed): Promise<string> {
  await talked(call);
  const { session_id } = call.opened!;
  await call.api.end(session_id);
  return session_id;
}

/** Stops the opening, or the ending, of a session at a gate. */
const opening = (gate: string) => async (call: Doomed) => {
  const { reached } = hold(call, gate);
  ask(call);
  await reached;
};
const ending = (gate: string) => async (call: Doomed) => {
  await talked(call);
  const { reached } = hold(call, gate);
  call.api.end(call.opened!.session_id).catch(() => {});
  await reached;
};

/** Before the vendor has done what it is asked, and when it has, but could not say so. */
function atTavus(stopped: typeof opening, ...requests: string[]): Crash[] {
  const vendor = "tavus";
  return requests.flatMap((request) => [
    { at: `${request} is under way`, vendor, reach: stopped(`tavus ${request}`) },
    { at: `${request} is done, and nobody has told us`, vendor, reach: stopped(`tavus ${request} answered`) },
  ]);
}

/** The steps of a call, in order, and what can be cut off in each. */
export const CRASHES: Crash[] = [
  { at: "the records are asked for", reach: opening("records") },
  {
    at: "the records have come, and the briefing is composed",
    laterMs: [0, 5, 15, 40],
    async reach(call) {
      const records = hold(call, "records");
      ask(call);
      await records.reached;
      records.release();
    },
  },
  ...atTavus(opening, "POST /v2/pals", "POST /v2/tools", "POST /v2/conversations"),
  {
    at: "the session is open",
    async reach(call) {
      call.opened = await call.api.open(call.vendor, `user:${call.person}`);
    },
  },
  {
    at: "what was said has been heard",
    async reach(call) {
      const page = await joined(call);
      hold(call, "model");
      await page.tell(DOG(call.person));
      call.said.push(DOG(call.person));
    },
  },
  {
    at: "the model is asked",
    async reach(call) {
      const page = await talked(call);
      const { reached } = hold(call, "model");
      const more = `And my cat is called Tom-${call.person} since the spring.`;
      await page.tell(more);
      call.said.push(more);
      await reached;
    },
  },
  {
    at: "the model answers",
    async reach(call) {
      const page = await talked(call);
      const { model } = call.surroundings;
      const asked = model.requests.length;
      model.fail({ kind: "stall", afterChunks: 3 });
      const more = `And my bird is called Pip-${call.person} and sings.`;
      await page.tell(more);
      call.said.push(more);
      await model.received(asked + 1);
    },
  },
  {
    at: "a tool of the application runs",
    async reach(call) {
      const page = await talked(call);
      const { reached } = hold(call, "booking");
      await page.tell("Please book Tuesday.");
      await reached;
    },
  },
  {
    at: "the vendor's end and transcript were accepted",
    vendor: "tavus",
    async reach(call) {
      await talked(call);
      const { tavus } = call.surroundings;
      const id = new URL(call.opened!.join.url).pathname.slice(1);
      tavus.end(id, "participant_left_timeout reached");
      await until(() =>
        tavus.webhooks.some(
          ({ event, status }) =>
            event["conversation_id"] === id &&
            event["event_type"] === "application.transcription_ready" &&
            status === 200,
        ),
      );
    },
  },
  ...atTavus(ending, "POST /v2/conversations/{id}/end", "DELETE /v2/pals/{id}"),
  { at: "the call has ended", laterMs: [0, 10], reach: async (call) => void (await ended(call)) },
  {
    at: "what was said is being retained",
    async reach(call) {
      const id = await ended(call);
      await inTheFile(call, (db) => db.prepare("SELECT 1 FROM memories WHERE session_id = ?").get(id));
    },
  },
];

/** Looks into the store's file as often as it can. */
async function inTheFile({ surroundings }: Doomed, look: (db: DatabaseSync) => unknown): Promise<void> {
  const db = new DatabaseSync(surroundings.config.store.path, { readOnly: true });
  try {
    while (look(db) === undefined) await setImmediate();
  } finally {
    db.close();
  }
}

export async function until(look: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await look())) await setTimeout(25);
}
