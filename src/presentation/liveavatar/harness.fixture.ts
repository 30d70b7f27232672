// biome-ignore-all lint/suspicious/noTemplateCurlyInString: it is how LiveAvatar writes variables
import { type Clock, systemClock } from "../../core/clock.ts";
import { silentLogger } from "../../core/telemetry.ts";
import {
  BRIEFING,
  CLIENT_TOOL,
  personaFor,
  bindingFor as sampleBinding,
} from "../../testing/adapter/samples.ts";
import type { AdapterHarness } from "../../testing/adapter-contract.ts";
import type { Binding, OpenedSession, PresentationAdapter } from "../adapter.ts";
import { createLiveAvatarAdapter } from "./adapter.ts";
import type { LiveAvatarConfigInput } from "./config.ts";
import { createLiveAvatarSimulator, type LiveAvatarSimulator, type LiveAvatarSwitches } from "./simulator.ts";

export const AVATAR = "dd73ea75-1218-4ef3-92ce-606d5f7fbc0a";

export const PERSONA = personaFor({ language: "en-GB", tools: [] });

export const bindingFor = (over: Partial<Binding> = {}) => sampleBinding("liveavatar", over);

export type LiveAvatarHarness = AdapterHarness &
  AsyncDisposable & {
    simulator: LiveAvatarSimulator;
    /** The adapter alone: with `start: page` the harness's own starts what it opens, as a page would. */
    alone: PresentationAdapter;
  };

export async function liveavatarHarness(
  config: Partial<LiveAvatarConfigInput> = {},
  { clock = systemClock, switches = {} }: { clock?: Clock; switches?: Partial<LiveAvatarSwitches> } = {},
): Promise<LiveAvatarHarness> {
  const simulator = await createLiveAvatarSimulator({ apiKey: "liveavatar-account-key", clock, switches });
  const own = simulator.addContext({
    name: "The customer's own",
    prompt: "${briefing_1}${briefing_2}",
    opening_text: "${greeting}",
  });
  const adapter = createLiveAvatarAdapter(
    {
      api_key: simulator.apiKey,
      base_url: simulator.url,
      avatar_id: AVATAR,
      ...(config.strategy === "shared_context" && { context_id: own }),
      ...(config.strategy === "voice_agent" && { voice_agent_id: simulator.addVoiceAgent(own) }),
      ...config,
    },
    { clock, logger: silentLogger, sink: async () => {} },
  );
  return {
    simulator,
    alone: adapter,
    adapter: config.start === "page" ? withPage(simulator, adapter) : adapter,
    persona: PERSONA,
    unfit: [
      { ...PERSONA, vendor: { colour: "red" } },
      { ...PERSONA, vendor: { avatar_id: "not-a-uuid" } },
      { ...PERSONA, vendor: { dynamic_variables: { greeting: "x" } } },
      { ...PERSONA, vendor: { knowledge_base: "You are a coach." } },
      { ...PERSONA, language: "not a language" },
      { ...PERSONA, tools: [CLIENT_TOOL] },
    ],
    briefing: BRIEFING,
    secrets: [simulator.apiKey],
    binding: (onResource) => bindingFor({ onResource }),
    vendor: vendorOf(simulator, config.start ?? "server"),
    destroy: () => simulator.close(),
    [Symbol.asyncDispose]: () => simulator.close(),
  };
}

/** With `start: page` it is the page's SDK that starts the session; here it does so at once. */
function withPage(simulator: LiveAvatarSimulator, adapter: PresentationAdapter): PresentationAdapter {
  return {
    ...adapter,
    async open(briefing, persona, binding) {
      const opened = await adapter.open(briefing, persona, binding);
      await startAsPage(simulator, opened.join.token!);
      return opened;
    },
  };
}

export async function startAsPage({ url }: LiveAvatarSimulator, token: string) {
  const headers = { authorization: `Bearer ${token}` };
  const answer = await fetch(`${url}/v1/sessions/start`, { method: "POST", headers });
  const { data } = (await answer.json()) as { data: { livekit_client_token: string } };
  return data.livekit_client_token;
}

function vendorOf(simulator: LiveAvatarSimulator, start: "server" | "page"): AdapterHarness["vendor"] {
  const billed = `/v1/sessions/${start === "server" ? "start" : "token"}`;
  const stored = () => {
    const { contexts, secrets, llmConfigurations } = simulator.left();
    return contexts + secrets + llmConfigurations;
  };
  const atStart = stored();
  return {
    running: () => simulator.left().sessions,
    billed: () =>
      simulator.requests.filter(
        ({ path, status }) => path === billed && (status === "lost" || (status >= 200 && status < 300)),
      ).length,
    left: () => stored() - atStart,
    refuseNext() {
      if (start === "server") simulator.switches.creditsLeft = 0;
      else simulator.switches.badKey = true;
    },
    loseNext() {
      simulator.switches.loseAnswerOf = billed;
    },
    async endSession(id) {
      simulator.end(id, "NO_CREDITS");
    },
    call: (opened, words) => shortCall(simulator, opened, words),
  };
}

async function shortCall(
  simulator: LiveAvatarSimulator,
  { vendorSessionId, join }: OpenedSession,
  words: string,
) {
  const token = join.kind === "livekit" ? join.token! : roomTokenOf(simulator, vendorSessionId);
  const person = await simulator.room(vendorSessionId).join(token);
  person.say(words);
  await person.next(({ event_type, text }) => event_type === "user.transcription" && text === words);
  await simulator.idle();
  simulator.end(vendorSessionId, "USER_CLOSED");
  return [];
}

/** What the page's SDK got when it started the session. */
function roomTokenOf(simulator: LiveAvatarSimulator, id: string): string {
  return simulator.session(id).room!.token("client");
}
