import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { APP_KEY, OPS_KEY, SECRET } from "../gateway.fixture.ts";
import { BOXES, type Box, type BoxName } from "./boxes.ts";
import { Gates } from "./gates.ts";
import { startModel } from "./model.ts";
import { startOffice } from "./office.ts";
import { type Served, serve } from "./serve.ts";

const MODEL_KEY = "model-key";

export type Surroundings = Awaited<ReturnType<typeof makeSurroundings>>;

/**
 * Everything around one gateway, over real HTTP: records and tools of the application, a language model, and a
 * vendor, if any. Besides their own gates, each request to the vendor passes `POST /v2/pals` before it is done, and
 * `POST /v2/pals answered` after.
 */
export async function makeSurroundings(vendor?: BoxName) {
  const gates = new Gates();
  const folder = await mkdtemp(join(tmpdir(), "astrocyte-end-to-end-"));
  const [office, model, box] = await Promise.all([
    startOffice(gates),
    startModel(gates),
    vendor && BOXES[vendor](),
  ]);
  const front = box && (await startFront(box, gates));
  const presentation = box && { [box.vendor]: { ...box.settings, base_url: front!.url } };
  return {
    gates,
    folder,
    office,
    model,
    box: box as Box | undefined,
    /** What no page may ever get. */
    keys: { MODEL_KEY, APP_KEY, OPS_KEY, SECRET, ...(box && { VENDOR_KEY: box.key }) },
    config: configOf(folder, { office: office.url, model: model.url }, presentation),
    async close() {
      await Promise.all([office.close(), model.close(), front?.close(), box?.close()]);
      await rm(folder, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

/** Stands before the vendor's API, so that a test can stop a request on its way there, or its answer. */
function startFront(box: Box, gates: Gates): Promise<Served> {
  return serve(async (request) => {
    const { pathname, search } = new URL(request.url);
    const name = `${request.method} ${pathname.replaceAll(box.ids, "/{id}")}`;
    await gates.pass(name);
    const body = request.method === "GET" ? null : await request.text();
    const headers = new Headers(request.headers);
    for (const hop of ["host", "connection", "content-length", "transfer-encoding"]) headers.delete(hop);
    const answer = await fetch(box.url + pathname + search, {
      method: request.method,
      headers,
      ...(body && { body }),
    });
    const bytes = Buffer.from(await answer.arrayBuffer());
    await gates.pass(`${name} answered`);
    const rewritten = box.ownLinks && answer.headers.get("content-type")?.includes("json");
    const sent = rewritten ? bytes.toString().replaceAll(box.url, new URL(request.url).origin) : bytes;
    return new Response(sent.length === 0 ? null : sent, { status: answer.status });
  });
}

const GRANTS = [
  { principal: "service:app", permissions: ["read", "write", "forget", "admin"] },
  { principal: "service:ops", permissions: ["read", "write", "forget", "admin"] },
];

function configOf(
  folder: string,
  urls: { office: string; model: string },
  presentation: Record<string, object> = {},
) {
  const phone = { source: "crm", field: "phone" };
  return {
    store: { path: join(folder, "memory.db"), readers: 1 },
    banks: { "person:*": { access: GRANTS } },
    access_control: { default_policy: "owner_only" },
    sources: { crm: crmAt(urls.office) },
    tools: {
      book_slot: {
        description: "Books a training slot on a day.",
        parameters: { type: "object", properties: { day: { type: "string" } }, required: ["day"] },
        url: `${urls.office}/slots`,
        delivery: "server",
      },
    },
    personas: {
      coach: {
        name: "Theo",
        prompt: "You are Theo, a coach.",
        greeting: "Hello {{name}} in {{city}}.",
        sources: ["crm"],
        tools: ["remember", "recall", "end_call", "book_slot"],
        phone,
      },
    },
    presentation,
    ...("twilio" in presentation && {
      inbound: { twilio: { persona: "coach", as: "service:app", consent: "memory", caller: phone } },
    }),
    brain: {
      upstreams: [{ kind: "openai", base_url: urls.model, api_key: MODEL_KEY, model: "model-1" }],
      // Slow machines answer all the same: what is tested is that memory comes, not how fast.
      recall: { deadline_ms: 5_000 },
    },
    server: {
      secret: SECRET,
      keys: [
        { name: "app", key: APP_KEY, principal: "service:app" },
        { name: "ops", key: OPS_KEY, principal: "service:ops" },
      ],
      operators: ["service:ops"],
      limits: { requests_per_minute: 60_000, sessions_per_minute: 6_000 },
    },
  };
}

function crmAt(url: string) {
  return {
    kind: "http",
    url: `${url}/customers/{subject}`,
    allow_http: true,
    allow_hosts: [{ host: new URL(url).host, allow_private: true }],
    timeout: "10s",
    fields: {
      name: { label: "Name" },
      city: { label: "City" },
      plan_tier: {
        label: "Plan",
        attribute: { type: "choice", names: ["plan"], values: { free: [], pro: [], plus: [] } },
      },
      private_notes: { label: "Note", sensitivity: "private" },
      phone: { sensitivity: "private" },
    },
    find: { phone: { url: `${url}/phones/{value}` } },
  };
}
