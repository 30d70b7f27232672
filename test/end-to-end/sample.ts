import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse } from "yaml";
import { createWorkspace } from "../../src/cli/sample/create.ts";
import { systemClock } from "../../src/core/clock.ts";
import { type GatewayOptions, openGateway } from "../../src/open-gateway.ts";
import { createScriptedLLM } from "../../src/testing/scripted-llm.ts";
import { caller, type OpenedSession } from "../gateway.fixture.ts";
import { BOXES, type Box, type BoxName } from "./boxes.ts";
import { Page } from "./page.ts";
import { onThePhone, type Person } from "./phone.ts";
import type { Storm } from "./storm.ts";

export const ANNA = "+351912345678";

/** Everything comes from one address. */
const LIMITS = { requests_per_minute: 60_000, failures_per_minute: 60_000, sessions_per_minute: 6_000 };

type Config = Record<string, unknown> & {
  sources: Record<string, object>;
  server: object;
  personas: Record<string, Record<string, unknown>>;
};

/** One call of Anna's, at any vendor. */
export type Call = { id: string; vendor: string; person: Person };

/**
 * The sample workspace, as its file is, with every vendor beside it: nothing is added but accounts, and where the
 * telephone numbers of people stand.
 */
export async function sampleWithEveryVendor(llm: NonNullable<GatewayOptions["llm"]>, storm?: Storm) {
  const folder = await mkdtemp(join(tmpdir(), "astrocyte-sample-"));
  await createWorkspace(folder, systemClock);
  await writeFile(join(folder, "phones.json"), JSON.stringify([{ id: "anna", phone: ANNA }]));
  const yaml = await readFile(join(folder, "astrocyte.yaml"), "utf8");
  const sample = parse(yaml.replaceAll(".astrocyte/", `${folder}/`)) as Config;
  const boxes = await Promise.all(Object.values(BOXES).map((make) => make()));
  const config = { ...withAccounts(sample, folder, boxes), ...(storm && { public_url: storm.url }) };
  const gateway = await openGateway(config, { llm, embedder: createScriptedLLM() });
  const address = await gateway.listen({ port: 0 });
  if (storm) storm.target = address;
  const url = storm?.url ?? address;
  for (const box of boxes) box.pointTo?.(url);
  const call = caller(url);

  const open = async (vendor: string, persona: string): Promise<OpenedSession> => {
    const body = { vendor, persona, subject: "user:anna", consent: "memory" };
    const { status, text, json } = await call("/v1/sessions", { body });
    if (status !== 201) throw new Error(`${vendor}: ${text}`);
    return json as unknown as OpenedSession;
  };
  const phoneOf = (vendor: string) => boxes.find((box) => box.vendor === vendor)?.phone;
  return {
    ...{ sample, gateway, url, call, boxes },
    left: () => Object.fromEntries(boxes.map((box) => [box.vendor, box.left()])),
    /** Anna is in a call: she joins with a page, or is called. */
    async calls(vendor: BoxName | "local", persona: string): Promise<Call> {
      const phone = phoneOf(vendor);
      const opened = await open(vendor, persona);
      const person = phone ? onThePhone(await phone.takes()) : await Page.join(url, opened);
      return { id: opened.session_id, vendor, person };
    },
    /** Anna calls our number. */
    async rings(): Promise<Person> {
      return onThePhone(await phoneOf("twilio")!.ring(url, ANNA));
    },
    /** Ends the call and waits until it is in memory, and the vendor has let go. */
    async ends({ id, vendor, person }: Call): Promise<void> {
      await person.end();
      await call(`/v1/sessions/${id}/end`, { body: {} });
      await call(`/v1/sessions/${id}/events`);
      while (boxes.some((box) => box.vendor === vendor && box.left() > 0))
        await new Promise((resolve) => setTimeout(resolve, 10));
    },
    async [Symbol.asyncDispose]() {
      await gateway.close();
      await Promise.all(boxes.map((box) => box.close()));
      await rm(folder, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

function withAccounts(sample: Config, folder: string, boxes: Box[]): object {
  const phone = { source: "phones", field: "phone" };
  const numbers = {
    ...{ kind: "file", path: join(folder, "phones.json"), key: "id" },
    fields: { phone: { sensitivity: "private" } },
  };
  return {
    ...sample,
    // Memories of the sample's own were made with another embedder.
    store: { path: join(folder, "calls.db"), readers: 1 },
    sources: { ...sample.sources, phones: numbers },
    personas: Object.fromEntries(
      Object.entries(sample.personas).map(([id, persona]) => [id, { ...persona, phone }]),
    ),
    presentation: Object.fromEntries(
      boxes.map(({ vendor, settings, url }) => [vendor, { ...settings, base_url: url }]),
    ),
    inbound: { twilio: { persona: "support", as: "user:local", consent: "memory", caller: phone } },
    server: { ...sample.server, limits: LIMITS },
    // Slow machines answer all the same: what is tested is that memory comes, not how fast.
    brain: { recall: { deadline_ms: 5_000 } },
  };
}
