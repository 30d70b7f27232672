import { existsSync, readFileSync } from "node:fs";
import { copyFile, mkdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { Clock } from "../../core/clock.ts";
import type { ConversationTurn } from "../../memory/types.ts";

const DAY_MS = 86_400_000;
const TURN_MS = 15_000;

type Customer = {
  id: string;
  full_name: string;
  preferred_name: string;
  city: string;
  plan_tier: string;
  renews_in_days: number;
  balance_eur: number;
  email: string;
  private_notes: string;
  coaching: Record<string, string | number>;
};

type Conversation = {
  person: string;
  days_ago: number;
  agent: string;
  turns: Array<["agent" | "person", string]>;
};

/**
 * Makes the sample workspace in `folder`: customer records, earlier conversations, a configuration. Dates count
 * back from today. The configuration comes last and every step may be repeated, so that a run that was stopped
 * is made good by the next. Returns false, and changes nothing, when there is one already.
 */
export async function createWorkspace(folder: string, clock: Clock): Promise<boolean> {
  const config = join(folder, "astrocyte.yaml");
  if (existsSync(config)) return false;
  await mkdir(folder, { recursive: true });
  const customers = read<Customer[]>("customers.json");
  await makeCrm(join(folder, "crm.db"), customers, clock.now());
  await writeWhole(
    join(folder, "coaching.json"),
    JSON.stringify(Object.fromEntries(customers.map(({ id, coaching }) => [id, coaching])), null, 2),
  );
  await retainConversations(join(folder, "memory.db"), clock.now());
  const draft = `${config}.part`;
  await copyFile(new URL("./astrocyte.yaml", import.meta.url), draft);
  await rename(draft, config);
  return true;
}

async function makeCrm(path: string, customers: Customer[], now: number): Promise<void> {
  const draft = `${path}.part`;
  await rm(draft, { force: true });
  const database = new DatabaseSync(draft);
  try {
    database.exec(`CREATE TABLE customers (
      id TEXT PRIMARY KEY, full_name TEXT, preferred_name TEXT, city TEXT, plan_tier TEXT, renewal_date TEXT,
      balance_eur REAL, email TEXT, private_notes TEXT, updated_at TEXT
    )`);
    const insert = database.prepare("INSERT INTO customers VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
    for (const each of customers) {
      const { id, full_name, preferred_name, city, plan_tier, balance_eur, email, private_notes } = each;
      const renewal = new Date(now + each.renews_in_days * DAY_MS).toISOString().slice(0, 10);
      const updated = new Date(now).toISOString();
      insert.run(
        id,
        full_name,
        preferred_name,
        city,
        plan_tier,
        renewal,
        balance_eur,
        email,
        private_notes,
        updated,
      );
    }
  } finally {
    database.close();
  }
  await rename(draft, path);
}

async function retainConversations(path: string, now: number): Promise<void> {
  const { Astrocyte } = await import("../../memory/brain.ts");
  const memory = await Astrocyte.open(path);
  try {
    await memory.retainMany(read<Conversation[]>("conversations.json").map((each) => toItem(each, now)));
  } finally {
    await memory.close();
  }
}

function toItem({ person, days_ago, agent, turns }: Conversation, now: number) {
  const start = now - days_ago * DAY_MS;
  const sessionId = `sample-${person}-${days_ago}`;
  const content = turns.map(
    ([who, text], i): ConversationTurn => ({
      speaker: who === "person" ? person : agent,
      text,
      occurredAt: start + i * TURN_MS,
    }),
  );
  return {
    content,
    bankId: `person:${person}`,
    contentType: "transcript" as const,
    sessionId,
    source: "local",
    metadata: { session_id: sessionId, persona: agent, vendor: "local" },
    idempotencyKey: sessionId,
  };
}

/** Complete or not there. */
async function writeWhole(path: string, text: string): Promise<void> {
  await writeFile(`${path}.part`, text);
  await rename(`${path}.part`, path);
}

function read<T>(name: string): T {
  return JSON.parse(readFileSync(new URL(`./${name}`, import.meta.url), "utf8"));
}
