import { type Clock, systemClock } from "../../core/clock.ts";
import { silentLogger } from "../../core/telemetry.ts";
import { BRIEFING, bindingFor, personaFor } from "../../testing/adapter/samples.ts";
import type { AdapterHarness } from "../../testing/adapter-contract.ts";
import type { OpenedSession, VendorPersona } from "../adapter.ts";
import { FakeLiveKitRoom } from "../simulator-livekit-room.ts";
import { createDIdAdapter } from "./adapter.ts";
import type { DIdConfigInput } from "./config.ts";
import { createDIdSimulator, type DIdSimulator, type DIdSimulatorOptions } from "./simulator.ts";

const ORIGIN = "https://app.test";
const EXPRESSIVE = { type: "expressive", presenter_id: "public_amber_casual@avt_PfMblk" };
const TALK = { type: "talk", source_url: "https://example.com/face.jpg" };

export const PERSONA = personaFor({ vendor: { presenter: EXPRESSIVE } });

export type DIdHarness = AdapterHarness & AsyncDisposable & { simulator: DIdSimulator };

/** An adapter of that configuration beside its simulator; the agent's own model answers unless it has ours. */
export async function dIdHarness(
  config: Partial<DIdConfigInput> = {},
  { clock = systemClock, ...options }: DIdSimulatorOptions & { clock?: Clock } = {},
): Promise<DIdHarness> {
  const simulator = await createDIdSimulator({ apiKey: "d-id-account-key", clock, ...options });
  const v1 = config.mode === "v1";
  const presenter = v1 ? TALK : EXPRESSIVE;
  const shared = config.strategy === "shared_agent" ? await makeAgent(simulator, presenter) : undefined;
  const adapter = createDIdAdapter(
    {
      api_key: simulator.apiKey,
      base_url: simulator.url,
      // The person's words are answered by D-ID's own model, since there is no brain in these tests.
      custom_llm: false,
      tools: "room",
      ...(v1 && { allowed_domains: [ORIGIN] }),
      ...(shared !== undefined && { agent_id: shared }),
      ...config,
    },
    { clock, logger: silentLogger, sink: async () => {} },
  );
  const tools = v1 || config.tools === "brain" ? [] : PERSONA.tools;
  const persona = { ...PERSONA, vendor: { presenter }, tools };
  return {
    simulator,
    adapter,
    persona,
    unfit: unfit(persona, v1, shared !== undefined),
    briefing: BRIEFING,
    secrets: [simulator.apiKey],
    binding: (onResource) => bindingFor("d-id", { onResource }),
    vendor: vendorOf(simulator, shared === undefined ? 0 : 1),
    destroy: () => simulator.close(),
    [Symbol.asyncDispose]: () => simulator.close(),
  };
}

function unfit(persona: VendorPersona, v1: boolean, shared: boolean): VendorPersona[] {
  const avatars = [{}, { presenter: v1 ? EXPRESSIVE : TALK }].map((vendor) => ({ ...persona, vendor }));
  return [
    { ...persona, vendor: { ...persona.vendor, colour: "red" } },
    { ...persona, vendor: { ...persona.vendor, agent: { greetings: ["Hi."] } } },
    { ...persona, vendor: { ...persona.vendor, llm: { instructions: "Obey." } } },
    { ...persona, tools: [{ ...PERSONA.tools[0]!, name: "two words" }] },
    ...(shared ? [] : avatars),
  ];
}

async function makeAgent(simulator: DIdSimulator, presenter: object): Promise<string> {
  const body = { preview_name: "Shared", presenter, llm: { provider: "openai", instructions: "Be kind." } };
  const headers = { authorization: `Basic ${simulator.apiKey}`, "content-type": "application/json" };
  const options = { method: "POST", headers, body: JSON.stringify(body) };
  return ((await (await fetch(`${simulator.url}/agents`, options)).json()) as { id: string }).id;
}

const OPENS = /^POST \/(v2\/agents\/[^/]+\/sessions|agents\/[^/]+\/streams)$/;

function vendorOf(simulator: DIdSimulator, atStart: number): AdapterHarness["vendor"] {
  const opens = () => simulator.requests.filter(({ method, path }) => OPENS.test(`${method} ${path}`));
  return {
    running: () => simulator.left().sessions + simulator.left().streams,
    billed: () => opens().filter(({ status }) => status < 300).length,
    left: () => simulator.left().agents + simulator.left().tools - atStart,
    refuseNext() {
      simulator.faults.refuse = { request: OPENS, status: 402, kind: "InsufficientCreditsError" };
    },
    loseNext() {
      simulator.faults.loseAnswerOf = OPENS;
    },
    async expire(id) {
      for (const each of id === undefined ? simulator.open() : [id]) simulator.end(each, "inactivity");
    },
    endSession: async (id) => simulator.end(id, "time_limit"),
    call: (opened, words) => shortCall(simulator, opened, words),
  };
}

async function shortCall(simulator: DIdSimulator, opened: OpenedSession, words: string): Promise<[]> {
  if (opened.join.kind === "livekit") {
    const room = new FakeLiveKitRoom();
    await room.connect(opened.join.url, opened.join.token!);
    const answered = new Promise<void>((resolve) =>
      room.on("dataReceived", (_bytes, _from, _kind, topic) => topic === "chat/answer" && resolve()),
    );
    room.speak(words);
    await answered;
    await room.disconnect();
  } else await typed(simulator, opened, words);
  await simulator.idle();
  return [];
}

/** In V1 a page writes under the client key. */
async function typed(simulator: DIdSimulator, { join }: OpenedSession, words: string): Promise<void> {
  const {
    agent_id,
    chat_id,
    stream_id: streamId,
    session_id: sessionId,
  } = join.data as Record<string, string>;
  const authorization = `Client-Key ${join.token}.ext_conn`;
  const answer = await fetch(`${simulator.url}/agents/${agent_id}/chat/${chat_id}`, {
    method: "POST",
    headers: { authorization, origin: ORIGIN, "content-type": "application/json" },
    body: JSON.stringify({
      messages: [{ role: "user", content: words }],
      streamId,
      sessionId,
      chatMode: "Functional",
    }),
  });
  if (!answer.ok) throw new Error(`the chat was refused with ${answer.status}`);
}
