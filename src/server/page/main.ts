import { connect, type Session } from "../../client/index.ts";
import {
  type Choice,
  endSession,
  loadBriefing,
  loadWorkspace,
  type Opened,
  openSession,
  untilSettled,
} from "./api.ts";
import { briefingParts } from "./briefing-view.ts";
import { byId, option } from "./dom.ts";
import { ToolsView, TranscriptView } from "./transcript-view.ts";

const setup = byId<HTMLFormElement>("setup");
const say = byId<HTMLFormElement>("say");
const status = byId("status");
const briefing = byId("briefing");
const transcript = new TranscriptView();
const tools = new ToolsView();
const opener = setup.querySelector("button")!;
/** Rooms that need no library of the vendor's: this page loads nothing from elsewhere. */
const JOINABLE = ["local"];
let session: Session | undefined;

function tell(text: string, bad = false): void {
  status.textContent = text;
  status.className = bad ? "bad" : "";
}

/** Runs what the person asked for and says what went wrong. */
function attempt(work: () => Promise<void>): void {
  work().catch((error: unknown) => tell(error instanceof Error ? error.message : String(error), true));
}

function field<T extends HTMLElement>(form: HTMLFormElement, name: string): T {
  return form.elements.namedItem(name) as unknown as T;
}

async function load(): Promise<void> {
  const { personas, vendors, people } = await loadWorkspace();
  field<HTMLSelectElement>(setup, "persona").append(...personas.map(({ id, name }) => option(id, name)));
  showVendors(vendors);
  const ids = people.map((person) => ({ ...person, id: person.subject.replace(/^user:/, "") }));
  byId("people").append(...ids.map(({ id, name, note }) => option(id, note ? `${name}: ${note}` : name)));
  const [first] = ids;
  if (first) field<HTMLInputElement>(setup, "subject").value = first.id;
}

function showVendors(vendors: string[]): void {
  const joinable = vendors.filter((vendor) => JOINABLE.includes(vendor));
  const others = vendors.filter((vendor) => !JOINABLE.includes(vendor));
  field<HTMLSelectElement>(setup, "vendor").append(...joinable.map((vendor) => option(vendor)));
  opener.disabled = joinable.length === 0;
  if (others.length === 0) return;
  const note = byId("other-vendors");
  note.textContent = `Also configured: ${others.join(", ")}. Their calls need their own libraries or a telephone: see docs/client.md.`;
  note.hidden = false;
}

function choice(): Choice {
  const values = Object.fromEntries(new FormData(setup)) as Record<keyof Choice, string>;
  return { ...values, subject: `user:${values.subject}` };
}

async function open(): Promise<void> {
  opener.disabled = true;
  try {
    tell("Opening …");
    transcript.clear();
    tools.clear();
    briefing.replaceChildren();
    const opened = await openSession(choice());
    session = await enter(opened);
    follow(session, opened.session_id);
    setup.hidden = true;
    say.hidden = false;
    field<HTMLInputElement>(say, "text").focus();
  } catch (error) {
    opener.disabled = false;
    throw error;
  }
}

/** Nobody waits in a session that could not be entered. */
async function enter(opened: Opened): Promise<Session> {
  const { session_id: sessionId, session_token: sessionToken, join } = opened;
  try {
    await showBriefing(opened);
    return await connect({ baseUrl: "", sessionId, sessionToken, join });
  } catch (error) {
    await endSession(opened).catch(() => {});
    throw error;
  }
}

async function showBriefing(opened: Opened): Promise<void> {
  const parts = briefingParts(await loadBriefing(opened));
  briefing.replaceChildren(...(parts.length > 0 ? parts : ["Nothing is known of this person yet."]));
}

function follow(running: Session, sessionId: string): void {
  running.on("transcript", (line) => transcript.show(line));
  running.on("tool", (event) => tools.show(event));
  running.on("error", ({ message }) => tell(message, true));
  running.on("state", ({ state, reason }) => {
    if (state !== "ended")
      return tell(state === "joined" ? "You are in the room." : "The connection broke …");
    say.hidden = true;
    setup.hidden = false;
    tell(`Ended (${reason ?? "ended"}). Waiting until it is settled …`);
    attempt(() => settled(sessionId));
  });
}

async function settled(sessionId: string): Promise<void> {
  try {
    const facts = await untilSettled(sessionId);
    const kept = facts ? `${facts.turns} turns kept, ${facts.retained} pieces remembered` : "Ended";
    tell(`${kept}. Open the session again to see what the agent knows now.`);
  } finally {
    opener.textContent = "Open again";
    opener.disabled = false;
  }
}

setup.addEventListener("submit", (event) => {
  event.preventDefault();
  attempt(open);
});

say.addEventListener("submit", (event) => {
  event.preventDefault();
  const input = field<HTMLInputElement>(say, "text");
  attempt(async () => session?.respond(input.value.trim()));
  input.value = "";
});

byId("interrupt").addEventListener("click", () => attempt(async () => session?.interrupt()));
byId("end").addEventListener("click", () => attempt(async () => session?.end()));

attempt(load);
