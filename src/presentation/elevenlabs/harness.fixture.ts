import { type Clock, systemClock } from "../../core/clock.ts";
import { silentLogger } from "../../core/telemetry.ts";
import { BRIEFING, bindingFor, CLIENT_TOOL, personaFor, SERVER_TOOL } from "../../testing/adapter/samples.ts";
import type { AdapterHarness } from "../../testing/adapter-contract.ts";
import type { Binding, CallbackRequest, JoinInfo, OpenedSession, PresentationAdapter } from "../adapter.ts";
import { createElevenLabsAdapter } from "./adapter.ts";
import type { ElevenLabsConfigInput } from "./config.ts";
import { INBOUND_SECRET_HEADER } from "./inbound.ts";
import { createElevenLabsSimulator, type ElevenLabsSimulator } from "./simulator.ts";
import type { ElevenLabsTiming } from "./simulator-world.ts";

export const PERSONA = personaFor({
  vendor: { voice_id: "voice_of_theo" },
  tools: [
    CLIENT_TOOL,
    SERVER_TOOL,
    {
      name: "end_call",
      description: "Ends the call.",
      parameters: { type: "object", properties: {} },
      result: "silent",
      delivery: "client",
    },
  ],
});

export const WEBHOOK_SECRET = "wsec_of_the_workspace";
export const INBOUND_SECRET = "inbound-secret-of-the-number";

/** An agent of one's own that serves many sessions, as docs/vendors/elevenlabs.md says to set it up. */
export function sharedAgent(simulator: ElevenLabsSimulator, brain: { url: string; key: string }): string {
  const secret_id = simulator.makeSecret("brain key", brain.key);
  const custom_llm = { url: brain.url, model_id: "astrocyte", api_key: { secret_id } };
  return simulator.makeAgent({
    name: "Ours",
    conversation_config: {
      conversation: { monitoring_enabled: true },
      agent: {
        first_message: "Hello.",
        language: "en",
        prompt: {
          ...{ prompt: "You are kind.", llm: "custom-llm", custom_llm },
          ...{ backup_llm_config: { preference: "disabled" }, tool_ids: [] },
        },
      },
    },
    platform_settings: {
      auth: { enable_auth: true },
      overrides: {
        conversation_config_override: { agent: { first_message: true } },
        custom_llm_extra_body: true,
      },
    },
  });
}

export type ElevenLabsHarness = AdapterHarness &
  AsyncDisposable & { simulator: ElevenLabsSimulator; agentId: string | undefined };

export async function elevenLabsHarness(
  config: Partial<ElevenLabsConfigInput> = {},
  { clock = systemClock, timing = {} }: { clock?: Clock; timing?: Partial<ElevenLabsTiming> } = {},
): Promise<ElevenLabsHarness> {
  const simulator = await createElevenLabsSimulator({ apiKey: "xi-account-key", clock, timing });
  const shared = config.strategy === "shared_agent";
  const brain = { url: "http://127.0.0.1:9/brain/v1", key: "account-brain-key" };
  const agentId = shared ? sharedAgent(simulator, brain) : undefined;
  const joins: Joins = new Map();
  const made = createElevenLabsAdapter(
    {
      api_key: simulator.apiKey,
      base_url: simulator.url,
      webhook_secret: WEBHOOK_SECRET,
      ...(agentId !== undefined && { agent_id: agentId }),
      ...config,
    },
    { clock, logger: silentLogger, sink: async () => {} },
  );
  simulator.setPostCall({ id: "wh_1", url: "http://127.0.0.1:9/post-call", secret: WEBHOOK_SECRET });
  const client = PERSONA.tools.filter(({ delivery }) => delivery === "client");
  return {
    simulator,
    adapter: noting(made, joins),
    agentId,
    persona: shared ? { ...PERSONA, tools: client } : PERSONA,
    unfit: [
      { ...PERSONA, vendor: { colour: "red" } },
      { ...PERSONA, vendor: { conversation_config: { agent: { first_message: "Hi" } } } },
      { ...PERSONA, language: "not a language" },
      { ...PERSONA, tools: [{ ...PERSONA.tools[0]!, name: "two words" }] },
      { ...PERSONA, tools: [{ ...PERSONA.tools[0]!, parameters: { properties: { a: { anyOf: [] } } } }] },
    ],
    briefing: BRIEFING,
    secrets: [simulator.apiKey, WEBHOOK_SECRET, brain.key],
    ...(shared && { forPage: ({ brain }: Binding) => [brain.contextToken] }),
    binding: (onResource) => bindingFor("elevenlabs", { onResource }),
    vendor: {
      ...(shared ? sharedVendor(simulator, joins) : ownVendor(simulator, joins)),
      ...(config.inbound_secret !== undefined && { ring: () => ringing(config.inbound_secret!) }),
    },
    destroy: () => simulator.close(),
    [Symbol.asyncDispose]: () => simulator.close(),
  };
}

/** A session is its agent: while that is there, somebody may come in and talk. */
function ownVendor(simulator: ElevenLabsSimulator, joins: Joins): AdapterHarness["vendor"] {
  const CREATE = "/v1/convai/agents/create";
  const running = () => simulator.left().agents;
  return {
    running,
    billed: () => simulator.requests.filter(({ path, status }) => path === CREATE && status === 200).length,
    left: () => simulator.left().tools + simulator.left().secrets,
    refuseNext() {
      simulator.faults.refuseNext = { call: `POST ${CREATE}`, ...QUOTA };
    },
    loseNext() {
      simulator.faults.loseAnswerOf = `POST ${CREATE}`;
    },
    ...talking(simulator, joins),
  };
}

const QUOTA = { status: 401, body: { detail: { status: "quota_exceeded", message: "No credits." } } };
const SIGNED_URL = "/v1/convai/conversation/get-signed-url";

/** Nothing is made but the way in, a read that may be repeated. Nothing closes it but time. */
function sharedVendor(simulator: ElevenLabsSimulator, joins: Joins): AdapterHarness["vendor"] {
  const all = () => Object.values(simulator.left()).reduce((sum, count) => sum + count, 0);
  const atStart = all();
  const given = simulator.requests;
  return {
    running: () => simulator.open() + simulator.talking(),
    billed: () => given.filter(({ path, status }) => path === SIGNED_URL && status === 200).length,
    left: () => all() - atStart,
    refuseNext() {
      simulator.faults.refuseNext = { call: `GET ${SIGNED_URL}`, ...QUOTA };
    },
    async expire(vendorSessionId) {
      simulator.expire(vendorSessionId === undefined ? undefined : joins.get(vendorSessionId)?.url);
    },
    ...talking(simulator, joins),
  };
}

function talking(simulator: ElevenLabsSimulator, joins: Joins) {
  const join = ({ url, data }: JoinInfo) => simulator.join(url, { initiation: data });
  return {
    async endSession(vendorSessionId: string) {
      await (await join(joins.get(vendorSessionId)!)).leave();
    },
    async call(opened: OpenedSession, words: string) {
      const person = await join(opened.join);
      person.say(words);
      await person.next(({ type }) => type === "user_transcript");
      await person.leave();
      await simulator.idle();
      return simulator.webhooks.map(callback);
    },
  };
}

/** What ElevenLabs asks when a number of ours is called. */
function ringing(secret: string): CallbackRequest {
  const call = {
    caller_id: "+351912345678",
    called_number: "+14155550100",
    call_sid: "CA1",
    agent_id: "agent_1",
  };
  return callback({ headers: { [INBOUND_SECRET_HEADER]: secret }, body: JSON.stringify(call) });
}

/** A webhook as the gateway's route hands it over. */
export function callback({
  headers,
  body,
}: {
  headers: Record<string, string>;
  body: string;
}): CallbackRequest {
  return {
    url: "https://app.test/v1/webhooks/elevenlabs",
    body: new TextEncoder().encode(body),
    headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value])),
    query: {},
  };
}

/** How to get into each session that was opened. */
type Joins = Map<string, JoinInfo>;

function noting(adapter: PresentationAdapter, joins: Joins): PresentationAdapter {
  return {
    ...adapter,
    async open(...given) {
      const opened = await adapter.open(...given);
      joins.set(opened.vendorSessionId, opened.join);
      return opened;
    },
  };
}
