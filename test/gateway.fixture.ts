import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { WebSocket } from "ws";
import { type GatewayOptions, openGateway } from "../src/open-gateway.ts";
import type { RoomCommand, RoomEvent } from "../src/presentation/local/protocol.ts";
import { FakeClock } from "../src/testing/fake-clock.ts";
import { createScriptedLLM } from "../src/testing/scripted-llm.ts";

export const APP_KEY = "app-key-of-at-least-24-characters";
export const OTHER_KEY = "other-key-of-at-least-24-characters";
export const OPS_KEY = "operator-key-of-at-least-24-characters";
export const SECRET = "server-secret-of-at-least-32-characters";

/** What the record says of two people; `private_notes` is for nobody's browser. */
const CUSTOMERS = [
  { id: "anna", plan_tier: "pro", city: "Lisbon", balance: 12, private_notes: "anna-private-note" },
  { id: "ben", plan_tier: "free", city: "Hamburg", balance: 99, private_notes: "ben-private-note" },
];

const PERSONA = {
  name: "Mara",
  prompt: "The prompt of Mara that no browser sees.",
  greeting: "Hello from {{city}}.",
  sources: ["crm"],
  tools: ["remember", "recall", "end_call"],
};

const GRANTS = [
  { principal: "service:app", permissions: ["read", "write", "forget", "admin"] },
  { principal: "service:ops", permissions: ["read", "write", "forget", "admin"] },
];

/** The whole product over a real file and real HTTP, with an injected clock. */
export async function makeGateway(
  changes: Record<string, unknown> = {},
  options: GatewayOptions & { clock?: FakeClock } = {},
) {
  const folder = await mkdtemp(join(tmpdir(), "astrocyte-gateway-"));
  const crm = join(folder, "crm.db");
  makeCrm(crm);
  const { clock = new FakeClock() } = options;
  const { server, ...sections } = changes;
  const config = {
    store: { path: join(folder, "memory.db"), readers: 2 },
    banks: { "person:*": { access: GRANTS } },
    access_control: { default_policy: "owner_only" },
    sources: {
      crm: {
        kind: "sql",
        database: crm,
        query: "SELECT * FROM customers WHERE id = :subject",
        fields: {
          plan_tier: {
            label: "Plan",
            attribute: { type: "choice", names: ["plan"], values: { free: [], pro: [], plus: [] } },
          },
          city: { label: "City" },
          balance: { label: "Balance", sensitivity: "never_spoken" },
          private_notes: { label: "Note", sensitivity: "private" },
        },
      },
    },
    personas: { support: PERSONA },
    ...sections,
    server: {
      secret: SECRET,
      keys: [
        { name: "app", key: APP_KEY, principal: "service:app" },
        { name: "other", key: OTHER_KEY, principal: "service:other" },
        { name: "ops", key: OPS_KEY, principal: "service:ops" },
      ],
      operators: ["service:ops"],
      // The clock stands still, so nothing is given back.
      limits: { requests_per_minute: 60_000, failures_per_minute: 60_000, sessions_per_minute: 6_000 },
      ...(server as object),
    },
  };
  const opened = await openGateway(config, { embedder: createScriptedLLM(), ...options, clock });
  const url = await opened.listen({ port: 0 });
  return {
    ...opened,
    url,
    clock,
    folder,
    call: caller(url),
    async destroy() {
      await opened.close();
      await rm(folder, { recursive: true, force: true });
    },
    writeFile: (name: string, text: string) => writeFile(join(folder, name), text),
  };
}

export type World = Awaited<ReturnType<typeof makeGateway>>;

function makeCrm(path: string): void {
  const db = new DatabaseSync(path);
  db.exec("CREATE TABLE customers (id TEXT, plan_tier TEXT, city TEXT, balance REAL, private_notes TEXT)");
  const insert = db.prepare("INSERT INTO customers VALUES (?, ?, ?, ?, ?)");
  for (const { id, plan_tier, city, balance, private_notes } of CUSTOMERS)
    insert.run(id, plan_tier, city, balance, private_notes);
  db.close();
}

export type Answer = { status: number; headers: Headers; text: string; json: Record<string, unknown> };

type Call = { key?: string | undefined; body?: unknown; method?: string; headers?: Record<string, string> };

export function caller(url: string) {
  return async (path: string, { key, body, method, headers = {} }: Call = {}): Promise<Answer> => {
    const raw = typeof body === "string" || body === undefined ? body : JSON.stringify(body);
    const response = await fetch(url + path, {
      method: method ?? (body === undefined ? "GET" : "POST"),
      headers: {
        ...(key !== undefined && { authorization: `Bearer ${key}` }),
        ...(body !== undefined && { "content-type": "application/json" }),
        ...headers,
      },
      ...(raw !== undefined && { body: raw }),
      redirect: "manual",
    });
    const text = await response.text();
    let json: unknown;
    try {
      json = JSON.parse(text);
    } catch {
      json = undefined;
    }
    return { status: response.status, headers: response.headers, text, json: json as Answer["json"] };
  };
}

export const REQUEST = { persona: "support", subject: "user:anna", vendor: "local", consent: "memory" };

export type OpenedSession = {
  session_id: string;
  session_token: string;
  join: { kind: string; url: string; token?: string };
};

export async function openSession(world: World, changes: object = {}, key = APP_KEY): Promise<OpenedSession> {
  const { status, json, text } = await world.call("/v1/sessions", { key, body: { ...REQUEST, ...changes } });
  if (status !== 201) throw new Error(text);
  return json as unknown as OpenedSession;
}

/** A page in a room; it keeps everything that it is sent, as it came. */
export class RoomPage {
  readonly received: string[] = [];
  readonly #socket: WebSocket;
  #check = () => {};

  constructor(url: string, headers: Record<string, string> = {}) {
    this.#socket = new WebSocket(url, { headers });
    this.#socket.on("message", (data) => {
      this.received.push(String(data));
      this.#check();
    });
  }

  static async join({ join }: Pick<OpenedSession, "join">): Promise<RoomPage> {
    const page = new RoomPage(join.url);
    await page.send({ type: "join" });
    return page;
  }

  async send(...commands: RoomCommand[]): Promise<void> {
    if (this.#socket.readyState === WebSocket.CONNECTING)
      await new Promise((resolve, reject) => this.#socket.once("open", resolve).once("error", reject));
    for (const command of commands) this.#socket.send(JSON.stringify(command));
  }

  until(fits: (event: RoomEvent) => boolean): Promise<RoomEvent> {
    return new Promise((resolve) => {
      this.#check = () => {
        const found = this.received.map((text) => JSON.parse(text) as RoomEvent).find(fits);
        if (found) resolve(found);
      };
      this.#check();
    });
  }

  /** Says something and waits for the answer. */
  async say(id: string, text: string): Promise<void> {
    await this.send({ type: "utterance", id, text });
    const heard = await this.until((event) => event.type === "utterance" && event.id === id);
    await this.until(
      (event) => event.type === "utterance" && event.role === "agent" && event.seq > heard.seq,
    );
  }

  close(): void {
    this.#socket.close();
  }
}

/** Ends a session and waits until memory has what was said. */
export async function endAndSettle(world: World, sessionId: string, key = APP_KEY): Promise<void> {
  await world.call(`/v1/sessions/${sessionId}/end`, { key, body: {} });
  // The stream closes once the session is settled.
  await world.call(`/v1/sessions/${sessionId}/events`, { key });
}
