import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createTavusSimulator } from "../../src/presentation/tavus/simulator.ts";
import { APP_KEY, OPS_KEY, SECRET } from "../gateway.fixture.ts";
import { Gates } from "./gates.ts";
import { startModel } from "./model.ts";
import { startOffice } from "./office.ts";
import { serve } from "./serve.ts";

export const TAVUS_KEY = "tavus-account-key";
const MODEL_KEY = "model-key";
/** What no page may ever get. */
export const KEYS = { TAVUS_KEY, MODEL_KEY, APP_KEY, OPS_KEY, SECRET };

export type Surroundings = Awaited<ReturnType<typeof makeSurroundings>>;

/**
 * Everything around one gateway, over real HTTP: records and tools of the application, a language model, Tavus.
 * Besides their own gates, each request to Tavus passes `tavus POST /v2/pals` before it is done, and
 * `tavus POST /v2/pals answered` after.
 */
export async function makeSurroundings() {
  const gates = new Gates();
  const folder = await mkdtemp(join(tmpdir(), "astrocyte-end-to-end-"));
  const [office, model, tavus] = await Promise.all([
    startOffice(gates),
    startModel(gates),
    createTavusSimulator({ apiKey: TAVUS_KEY, timing: { perceptionAfterMs: 0 } }),
  ]);
  const front = await serve(async (request) => {
    const { pathname, search } = new URL(request.url);
    const name = `tavus ${request.method} ${pathname.replace(/\/[cpt]0[0-9a-f]{10}(?=\/|$)/, "/{id}")}`;
    await gates.pass(name);
    const body = request.method === "GET" ? null : await request.text();
    const headers = new Headers(request.headers);
    for (const hop of ["host", "connection", "content-length", "transfer-encoding"]) headers.delete(hop);
    const answer = await fetch(tavus.url + pathname + search, {
      method: request.method,
      headers,
      ...(body && { body }),
    });
    const text = await answer.text();
    await gates.pass(`${name} answered`);
    return new Response(text === "" ? null : text, { status: answer.status });
  });
  return {
    gates,
    folder,
    office,
    model,
    tavus,
    config: configOf(folder, { office: office.url, model: model.url, tavus: front.url }),
    async close() {
      await Promise.all([office.close(), model.close(), front.close(), tavus.close()]);
      await rm(folder, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

const GRANTS = [
  { principal: "service:app", permissions: ["read", "write", "forget", "admin"] },
  { principal: "service:ops", permissions: ["read", "write", "forget", "admin"] },
];

function configOf(folder: string, urls: { office: string; model: string; tavus: string }) {
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
      },
    },
    presentation: { tavus: { api_key: TAVUS_KEY, base_url: urls.tavus, face_id: "r90bbd427f71" } },
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
    },
  };
}
