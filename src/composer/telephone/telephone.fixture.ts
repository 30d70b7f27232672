import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { CallbackRequest, VendorReply } from "../../presentation/adapter.ts";
import { FakeClock } from "../../testing/fake-clock.ts";
import { ScriptedAdapter } from "../../testing/scripted-adapter.ts";
import { parseSource, type SystemOfRecord } from "../briefing/sources/index.ts";
import { makeComposer } from "../composer.fixture.ts";
import type { ComposerParts } from "../parts.ts";
import { parsePersonas } from "../personas.ts";
import { parseInbound } from "./config.ts";

export const ANNA = "+4930901820";
export const BEN = "+4940428280";
export const STRANGER = "+4989123456";
export const OURS = "+4930111111";
export const SALES = "+4930222222";

const CUSTOMERS = [
  { id: "anna", phone: "030 901820" },
  { id: "ben", phone: "040 428280" },
  { id: "carla", phone: "+49 69 333 444" },
  { id: "dora", phone: "069 333 444" },
  { id: "emil", phone: "unknown" },
];

const PERSONAS = {
  concierge: {
    name: "Mara",
    prompt: "You help.",
    phone: { source: "customers", field: "phone" },
    limits: { max_concurrent: 3, daily_minutes: 30 },
  },
  sales: { name: "Theo", prompt: "You sell." },
};

export const LINE = {
  by_number: { "+49 30 222222": "sales" },
  persona: "concierge",
  as: "service:phone-line",
  consent: "memory",
  caller: { source: "customers", field: "phone" },
};

/** A telephone company in a box before a composer that knows five customers. */
export async function makeLine(line: object = LINE, capabilities: object = {}) {
  const folder = await mkdtemp(join(tmpdir(), "astrocyte-line-"));
  const path = join(folder, "customers.json");
  await writeFile(path, JSON.stringify(CUSTOMERS));
  const clock = new FakeClock();
  const raw = { kind: "file", path, key: "id", country: "DE", fields: { phone: { sensitivity: "private" } } };
  const customers = parseSource("customers", raw, { clock });
  const sources = new Map<string, SystemOfRecord>([["customers", customers]]);
  const vendor = new ScriptedAdapter("scripted", { inbound: true, family: "telephony", ...capabilities });
  const adapters = new Map([[vendor.vendor, vendor]]);
  const personas = parsePersonas(PERSONAS);
  const inbound = parseInbound({ scripted: line }, { adapters, personas, sources });
  const logged: Array<Record<string, unknown>> = [];
  const note = (fields: unknown) => void logged.push(fields as Record<string, unknown>);
  const logger = { debug: note, info: note, warn: note, error: note } as unknown as ComposerParts["logger"];
  const world = await makeComposer([], { adapters, sources, personas, inbound, clock, logger });
  const ring = (call: object = {}, signature = "good"): Promise<Record<string, unknown>> =>
    world.composer
      .answerCall("scripted", ringing({ id: "call-1", from: ANNA, to: OURS, ...call }, signature))
      .then(({ body }: VendorReply) => JSON.parse(body) as Record<string, unknown>);
  return { ...world, clock, vendor, customers, logged, ring };
}

export type Line = Awaited<ReturnType<typeof makeLine>>;

export function ringing(call: object, signature: string): CallbackRequest {
  const body = new TextEncoder().encode(JSON.stringify(call));
  const headers = { "x-scripted-signature": signature };
  return { body, headers, url: "https://gateway.test/v1/inbound/scripted", query: {} };
}
