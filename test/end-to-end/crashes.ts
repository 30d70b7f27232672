import { DatabaseSync } from "node:sqlite";
import { setImmediate, setTimeout } from "node:timers/promises";
import type { OpenedSession } from "../gateway.fixture.ts";
import type { Api } from "./api.ts";
import type { Held } from "./gates.ts";
import type { Caller } from "./phone.ts";
import type { Surroundings } from "./surroundings.ts";
import { type VendorView, VIEWS } from "./vendors.ts";

/** One call that a crash will meet. */
export type Doomed = {
  api: Api;
  vendor: VendorView;
  surroundings: Surroundings;
  /** Somebody new each time. */
  person: string;
  /** What the person said and somebody was told to be kept. */
  said: string[];
  opened?: OpenedSession;
  page?: Caller;
  /** Where somebody still stands. */
  held: Held[];
};

/** Brings a call to the moment at which the gateway is to die. */
export type Crash = {
  at: string;
  /** The settings that it is tried in (`VIEWS`); all of them when absent. */
  only?: string[];
  /** More times, each a little later. */
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
  vendor.open(api, person).catch(() => {});
}

async function joined(call: Doomed): Promise<Caller> {
  call.opened = await call.vendor.open(call.api, call.person);
  call.page = await call.vendor.join(call.api, call.opened);
  await call.page.greeting();
  return call.page;
}

async function talked(call: Doomed): Promise<Caller> {
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

type Stopped = typeof opening;

/** Before the vendor has done what it is asked. */
function before(only: string[], stopped: Stopped, ...requests: string[]): Crash[] {
  return requests.map((request) => ({ at: `${request} is under way`, only, reach: stopped(request) }));
}

/** When the vendor has done it, but could not say so. */
function after(only: string[], stopped: Stopped, ...requests: string[]): Crash[] {
  return requests.map((request) => ({
    at: `${request} is done, and nobody has told us`,
    only,
    reach: stopped(`${request} answered`),
  }));
}

const around = (...args: Parameters<typeof before>): Crash[] => [...before(...args), ...after(...args)];

const DIALLED = ["twilio, dialled"];
const CALLS = "/2010-04-01/Accounts/AC55555555555555555555555555555555/Calls";

/** Each request that opens a session, or ends one, by vendor. */
const AT_VENDORS: Crash[] = [
  ...before(["tavus"], opening, "POST /v2/pals"),
  ...after(["tavus"], opening, "POST /v2/pals", "POST /v2/tools", "POST /v2/conversations"),
  ...before(["tavus"], ending, "POST /v2/conversations/{id}/end"),
  ...after(["tavus"], ending, "DELETE /v2/pals/{id}"),
  ...before(["liveavatar"], opening, "POST /v1/contexts"),
  ...after(["liveavatar"], opening, "POST /v1/llm-configurations", "POST /v1/sessions/token"),
  ...after(["liveavatar"], opening, "POST /v1/sessions/start"),
  ...before(["liveavatar"], ending, "POST /v1/sessions/stop"),
  ...after(["liveavatar"], ending, "DELETE /v1/contexts/{id}"),
  ...before(["d-id"], opening, "POST /agents"),
  ...after(["d-id"], opening, "POST /agents", "POST /v2/agents/{id}/sessions"),
  ...after(["d-id"], ending, "POST /agents/chats/exports", "DELETE /agents/{id}"),
  ...before(["elevenlabs"], opening, "POST /v1/convai/agents/create"),
  ...after(["elevenlabs"], opening, "POST /v1/convai/secrets", "POST /v1/convai/tools"),
  ...after(["elevenlabs"], opening, "POST /v1/convai/agents/create"),
  ...after(["elevenlabs"], opening, "GET /v1/convai/conversation/get-signed-url"),
  ...after(["elevenlabs"], ending, "DELETE /v1/convai/agents/{id}"),
  ...around(DIALLED, opening, `POST ${CALLS}.json`),
  ...around(DIALLED, ending, `POST ${CALLS}/{id}.json`),
];

/** The steps of a call, in order, and what can be cut off in each. */
export const CRASHES: Crash[] = [
  { at: "the records are asked for", only: ["local", "twilio, ringing"], reach: opening("records") },
  {
    at: "the records have come, and the briefing is composed",
    only: ["local"],
    laterMs: [0, 5, 40],
    async reach(call) {
      const records = hold(call, "records");
      ask(call);
      await records.reached;
      records.release();
    },
  },
  {
    at: "the session is open",
    only: ["local", "d-id", "elevenlabs", "twilio, dialled"],
    async reach(call) {
      call.opened = await call.vendor.open(call.api, call.person);
    },
  },
  {
    at: "what was said has been heard",
    only: ["local", "tavus", "liveavatar", "twilio, ringing"],
    async reach(call) {
      const page = await joined(call);
      hold(call, "model");
      await page.tell(DOG(call.person));
      call.said.push(DOG(call.person));
    },
  },
  {
    at: "the model is asked",
    only: ["local", "tavus", "twilio, ringing"],
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
    only: ["local", "tavus", "twilio, ringing"],
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
    // Run by the page's room, by a vendor that signs, by the brain, by the words' own way.
    only: ["local", "tavus", "liveavatar", "twilio, ringing"],
    async reach(call) {
      const page = await talked(call);
      const { reached } = hold(call, "booking");
      await page.tell("Please book Tuesday.");
      await reached;
    },
  },
  {
    at: "the vendor has ended the call, and told whom it tells",
    only: Object.keys(VIEWS).filter((name) => name !== "local"),
    async reach(call) {
      await talked(call);
      await call.surroundings.box!.end(await vendorSession(call));
    },
  },
  ...AT_VENDORS,
  { at: "the call has ended", only: ["local", "tavus"], reach: async (call) => void (await ended(call)) },
  {
    at: "what was said is being retained",
    async reach(call) {
      const id = await ended(call);
      await inTheFile(call, (db) => db.prepare("SELECT 1 FROM memories WHERE session_id = ?").get(id));
    },
  },
];

async function vendorSession(call: Doomed): Promise<string> {
  const id = call.opened!.session_id;
  const sql = "SELECT vendor_session_id FROM sessions WHERE id = ?";
  const row = await inTheFile(call, (db) => db.prepare(sql).get(id));
  return String((row as { vendor_session_id: string }).vendor_session_id);
}

/** Looks into the store's file as often as it can. */
async function inTheFile<T>({ surroundings }: Doomed, look: (db: DatabaseSync) => T | undefined): Promise<T> {
  const db = new DatabaseSync(surroundings.config.store.path, { readOnly: true });
  try {
    for (;;) {
      const found = look(db);
      if (found !== undefined) return found;
      await setImmediate();
    }
  } finally {
    db.close();
  }
}

export async function until(look: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await look())) await setTimeout(50);
}
