import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { parseArgs } from "node:util";
import { createBriefer, parseSource, type SystemOfRecord } from "../src/composer/briefing/index.ts";
import type { BriefingRequest } from "../src/composer/parts.ts";
import { parsePersonas } from "../src/composer/personas.ts";
import { systemClock } from "../src/core/clock.ts";
import { Astrocyte } from "../src/memory/brain.ts";
import { fixed, quantile } from "./brain/figures.ts";

/**
 * `bench brief`: what composing a briefing costs beyond its slowest source. Three sources (HTTP on loopback
 * that answers after a fixed delay, a SQLite file, a JSON file), two recalls over a bank, precedence, budget and
 * text. No source answers from its cache. The slowest source alone takes turns with the whole in one run.
 *
 *   --quick   2 000 memories, 100 rounds
 *   --memories N (10000)   --rounds N (400)   --delay MS (50)
 */
export async function run(args: string[]): Promise<Record<string, number>> {
  const { values } = parseArgs({
    args,
    options: {
      quick: { type: "boolean", default: false },
      memories: { type: "string" },
      rounds: { type: "string" },
      delay: { type: "string", default: "50" },
    },
  });
  const memories = Number(values.memories ?? (values.quick ? 2_000 : 10_000));
  const rounds = Number(values.rounds ?? (values.quick ? 100 : 400));
  const folder = mkdtempSync(join(tmpdir(), "astrocyte-brief-"));
  const server = await slowServer(Number(values.delay));
  const memory = await Astrocyte.open(join(folder, "memory.db"));
  const sources = sourcesIn(folder, server);
  try {
    await fill(memory, memories);
    const figures = await measure(memory, sources, rounds);
    console.log(
      `${memories} memories, ${rounds} rounds, slowest source ${figures["slowest_p50_ms"]} ms: added p50 ${figures["added_p50_ms"]} ms (target 10), p99 ${figures["added_p99_ms"]} ms (target 30)`,
    );
    return { memories, rounds, ...figures };
  } finally {
    for (const source of sources.values()) await source.close();
    await memory.close();
    server.close();
    rmSync(folder, { recursive: true });
  }
}

const BANK = "person:anna";
const QUESTIONS = ["preferences and promises", "open issues with orders and payments"];

async function measure(
  memory: Astrocyte,
  sources: Map<string, SystemOfRecord>,
  rounds: number,
): Promise<Record<string, number>> {
  const brief = createBriefer({ sources, memory, clock: systemClock });
  const alone: number[] = [];
  const whole: number[] = [];
  // The first rounds load the vocabulary, the embedder and the connections.
  for (let round = -20; round < rounds; round++) {
    const first = await timed(() => sources.get("crm")!.fetch(subject(`a${round}`)));
    const second = await timed(() => brief(requestFor(`b${round}`)));
    if (round < 0) continue;
    alone.push(first);
    whole.push(second);
  }
  const slowest = quantile(alone, 0.5);
  const added = whole.map((ms) => ms - slowest);
  return {
    slowest_p50_ms: fixed(slowest),
    slowest_p99_ms: fixed(quantile(alone, 0.99)),
    whole_p50_ms: fixed(quantile(whole, 0.5)),
    added_p50_ms: fixed(quantile(added, 0.5)),
    added_p99_ms: fixed(quantile(added, 0.99)),
    // On a busy machine the slowest source has a tail of its own.
    added_p99_over_p99_ms: fixed(quantile(whole, 0.99) - quantile(alone, 0.99)),
  };
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

function subject(id: string) {
  return { principal: `user:${id}`, id };
}

const persona = parsePersonas({
  mia: {
    name: "Mia",
    prompt: "You are Mia and help customers of a shop.",
    greeting: "Hello {{first_name}}!",
    sources: ["crm", "shop", "notes"],
    recall: QUESTIONS,
  },
}).get("mia")!;

function requestFor(id: string): BriefingRequest {
  const capabilities = {
    briefing: { kind: "inline", limit: { unit: "tokens", max: 4000 } },
    speaksMarkup: false,
  };
  return {
    persona,
    subject: subject(id),
    context: { principal: "user:local" },
    banks: [BANK],
    capabilities: capabilities as BriefingRequest["capabilities"],
  };
}

const plan = {
  label: "Plan",
  attribute: { type: "choice", names: ["plan"], values: { free: [], pro: [] }, phrases: ["be on {value}"] },
};
const city = { label: "City", attribute: { type: "place", names: ["city"], phrases: ["live in {value}"] } };

/** The rows of SQLite and JSON are found by anybody: what is measured is the reading. */
function sourcesIn(folder: string, server: Server): Map<string, SystemOfRecord> {
  const database = join(folder, "shop.db");
  const db = new DatabaseSync(database);
  db.exec("create table orders (id integer primary key, status text, total real)");
  db.exec("insert into orders (status, total) values ('shipped', 49.9)");
  db.close();
  const path = join(folder, "notes.json");
  writeFileSync(path, JSON.stringify({ all: { vip: true, since: "2020-05-01" } }));
  const { port } = server.address() as AddressInfo;
  const configs: Record<string, unknown> = {
    crm: {
      kind: "http",
      url: `http://127.0.0.1:${port}/{subject}`,
      allow_http: true,
      allow_hosts: [{ host: "127.0.0.1", allow_private: true }],
      fields: { first_name: {}, plan, city },
    },
    shop: {
      kind: "sql",
      database,
      query: "select * from orders where :subject is not null limit 1",
      fields: { status: {}, total: {} },
    },
    notes: { kind: "file", path, subject: { template: "all" }, fields: { vip: {}, since: {} } },
  };
  return new Map(
    Object.entries(configs).map(([name, config]) => [
      name,
      parseSource(name, config, { clock: systemClock }),
    ]),
  );
}

async function slowServer(delayMs: number): Promise<Server> {
  const body = JSON.stringify({ first_name: "Anna", plan: "pro", city: "Hamburg" });
  const server = createServer((_request, response) => setTimeout(() => response.end(body), delayMs));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return server;
}

const OPENINGS = [
  "I ordered",
  "I prefer",
  "I was promised",
  "I asked about",
  "I live in",
  "I complained about",
  "I paid for",
];
const THINGS = [
  "a blue lamp",
  "tea in the morning",
  "a refund",
  "the free plan",
  "Berlin",
  "a late parcel",
  "two chairs",
  "the invoice",
];
const ENDS = [
  "last week",
  "for my sister",
  "by card",
  "before the trip",
  "at the shop",
  "again",
  "in spring",
  "with a voucher",
];

async function fill(memory: Astrocyte, count: number): Promise<void> {
  const pick = (list: string[], index: number) => list[index % list.length]!;
  const items = Array.from({ length: count }, (_item, index) => ({
    content: `${pick(OPENINGS, index)} ${pick(THINGS, Math.floor(index / 7))} ${pick(ENDS, Math.floor(index / 56))}, note ${index}.`,
    bankId: BANK,
    sessionId: `call-${Math.floor(index / 20)}`,
  }));
  await memory.retainMany(items);
}
