import { AstrocyteError } from "../../core/errors.ts";
import type {
  AdapterDeps,
  Capabilities,
  OpenedSession,
  PresentationAdapter,
  SessionHandle,
  VendorTurn,
} from "../adapter.ts";
import { asRows } from "../read.ts";
import { allMade, listLeft, MARKER_PREFIX, openWithLedger, releaseAll } from "../resources.ts";
import { assertFits, parseVendorConfig } from "../vendor-config.ts";
import { gone } from "../vendor-http.ts";
import { type AnamApi, type AnamSession, createAnamApi } from "./api.ts";
import { type BodyInput, llmBody, tokenBody } from "./bodies.ts";
import {
  type AnamConfig,
  type AnamConfigInput,
  anamConfig,
  anamPersona,
  configProblems,
  validatePersona,
} from "./config.ts";
import {
  clientInstruction,
  parseClientEvent,
  parseToolRequest,
  readTurns,
  toolResultInstruction,
} from "./events.ts";

const TOKEN_MS = 3_600_000;
const DAY_MS = 24 * 3_600_000;

/**
 * Anam. The page starts the session with a token, so that nothing is billed before it comes; a label in the token,
 * our marker, is the session's name: by it the server finds, stops and reads whatever was started. Cost: opening
 * takes two calls one after another. Errors: `config_invalid` here, `vendor_*` in the calls.
 */
export function createAnamAdapter(input: AnamConfigInput, deps: AdapterDeps): PresentationAdapter {
  const config = parseVendorConfig("anam", anamConfig, input, configProblems);
  const { api_key: apiKey, base_url: baseUrl, timeout_ms: timeoutMs } = config;
  const api = createAnamApi({ apiKey, baseUrl, timeoutMs, clock: deps.clock });
  const kinds = [{ kind: "llm", remove: api.llms.remove, named: api.llms.named }];
  const own = ({ vendorSessionId }: SessionHandle) => labelled(api, vendorSessionId);
  return {
    vendor: "anam",
    capabilities: capabilitiesOf(config),
    validate: (persona) => validatePersona(config, persona),
    open(briefing, persona, binding) {
      assertFits("anam", validatePersona(config, persona));
      const block = anamPersona.parse(persona.vendor);
      const body = { config, block, persona, briefing, binding };
      return openWithLedger(
        { vendor: "anam", binding, logger: deps.logger },
        (resources) => releaseAll(kinds, resources),
        async ({ make }) => {
          const [llmId] = await allMade([
            config.custom_llm
              ? make("llm", binding.marker, () => api.llms.create(llmBody(body)))
              : Promise.resolve(undefined),
            config.check_concurrency ? assertRoom(api) : undefined,
          ]);
          return { vendorSessionId: binding.marker, join: await joinOf(api, body, llmId, deps.clock.now()) };
        },
      );
    },
    async end(session) {
      const running = (await own(session)).filter(({ running }) => running);
      await allMade(running.map((each) => stop(api, each)));
    },
    release: (resources) => releaseAll(kinds, resources),
    fetchTranscript: async (session) => fetchTranscript(api, await own(session)),
    async isOpen(session) {
      const started = await own(session);
      return started.length === 0 ? undefined : started.some(({ running }) => running);
    },
    async listOpen() {
      const { newest_first } = config;
      const since = newest_first ? deps.clock.now() - DAY_MS : Number.NEGATIVE_INFINITY;
      const ours = (await started(api, MARKER_PREFIX, since)).filter(({ running }) => running);
      return ours.map(({ label, startedAt = deps.clock.now() }) => ({
        ...{ vendorSessionId: label, marker: label },
        createdAt: startedAt,
      }));
    },
    listLeft: () => listLeft(kinds),
    clientInstruction,
    parseClientEvent,
    ...(config.tools === "anam" && { parseToolRequest, toolResultInstruction }),
  };
}

function capabilitiesOf({ custom_llm, ...config }: AnamConfig): Capabilities {
  const limit = { unit: "tokens", max: config.briefing_max_tokens } as const;
  const url = config.llm_url === "full" ? "full-url" : "openai-base-url";
  return {
    family: "conversational",
    briefing: config.briefing === "inline" ? { kind: "inline", limit } : { kind: "none" },
    customLlm: custom_llm ? url : "none",
    tools: config.tools === "anam" ? "both" : "none",
    say: "client",
    respond: "client",
    interrupt: "client",
    appendContext: "client",
    transcript: ["pull", "client-events"],
    webhooks: "none",
    stop: "server",
    speaksMarkup: true,
    ...(config.cents_per_minute !== undefined && { centsPerMinute: config.cents_per_minute }),
  };
}

async function assertRoom(api: AnamApi): Promise<void> {
  if (await api.canStart()) return;
  throw new AstrocyteError(
    "vendor_capacity",
    "[anam] the plan's concurrent sessions are all in use: end one, or try again later.",
  );
}

async function joinOf(
  api: AnamApi,
  input: BodyInput,
  llmId: string | undefined,
  now: number,
): Promise<OpenedSession["join"]> {
  const token = await api.token(tokenBody(input, llmId));
  const tools = input.persona.tools.filter(({ delivery }) => delivery === "client").map(({ name }) => name);
  return { kind: "anam", url: input.config.base_url, token, expiresAt: now + TOKEN_MS, data: { tools } };
}

/** Sessions with `search` in their label, until a page of the list has none that began since then. */
async function started(api: AnamApi, search: string, since: number): Promise<AnamSession[]> {
  const found: AnamSession[] = [];
  for await (const page of api.sessions.pages(search)) {
    found.push(...page.filter(({ label }) => label.startsWith(search)));
    if (page.every(({ startedAt = Number.POSITIVE_INFINITY }) => startedAt < since)) break;
  }
  return found;
}

/** What was started with a session's token, oldest first: a page that comes back starts another one. */
async function labelled(api: AnamApi, label: string): Promise<AnamSession[]> {
  const all = await started(api, label, Number.NEGATIVE_INFINITY);
  return all.filter((each) => each.label === label).sort((a, b) => (a.startedAt ?? 0) - (b.startedAt ?? 0));
}

/** Whatever Anam's engine answers, a session that is over is a success: its status is passed through. */
async function stop(api: AnamApi, { id, label }: AnamSession): Promise<void> {
  try {
    await gone(api.sessions.stop(id));
  } catch (error) {
    const again = await labelled(api, label);
    if (again.some((each) => each.id === id && each.running)) throw error;
  }
}

/** Anam's records of all that was started, one after another; there when each is over. */
async function fetchTranscript(
  api: AnamApi,
  sessions: AnamSession[],
): Promise<{ turns: VendorTurn[]; complete: boolean }> {
  const records = await Promise.all(sessions.map(({ id }) => recordOf(api, id)));
  const over = sessions.length > 0 && sessions.every(({ running }) => !running);
  const turns = readTurns(records.flatMap((record) => asRows(record?.["messages"])));
  return { turns, complete: over && !records.includes(undefined) };
}

/** Anam answers 404 also while there is none. */
async function recordOf(api: AnamApi, id: string) {
  try {
    return await api.sessions.transcript(id);
  } catch (error) {
    if (AstrocyteError.is(error, "vendor_not_found")) return undefined;
    throw error;
  }
}
