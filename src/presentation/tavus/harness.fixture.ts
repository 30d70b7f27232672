import type { Clock } from "../../core/clock.ts";
import { systemClock } from "../../core/clock.ts";
import { silentLogger } from "../../core/telemetry.ts";
import { BRIEFING, bindingFor, CLIENT_TOOL, personaFor, SERVER_TOOL } from "../../testing/adapter/samples.ts";
import type { AdapterHarness } from "../../testing/adapter-contract.ts";
import type { OpenedSession } from "../adapter.ts";
import { createTavusAdapter } from "./adapter.ts";
import type { TavusConfigInput } from "./config.ts";
import { createTavusSimulator, type TavusSimulator } from "./simulator.ts";
import type { TavusTiming } from "./simulator-world.ts";

export const PERSONA = personaFor({
  vendor: { layers: { tts: { tts_engine: "cartesia" } } },
  tools: [CLIENT_TOOL, SERVER_TOOL],
});

export type TavusHarness = AdapterHarness & AsyncDisposable & { simulator: TavusSimulator };

export async function tavusHarness(
  config: Partial<TavusConfigInput> = {},
  { clock = systemClock, timing = {} }: { clock?: Clock; timing?: Partial<TavusTiming> } = {},
): Promise<TavusHarness> {
  const simulator = await createTavusSimulator({ apiKey: "tavus-account-key", clock, timing });
  const shared = config.strategy === "shared_pal";
  const pal = shared ? await makeSharedPal(simulator) : undefined;
  const adapter = createTavusAdapter(
    {
      api_key: simulator.apiKey,
      base_url: simulator.url,
      face_id: "r90bbd427f71",
      ...(pal !== undefined && { pal_id: pal }),
      ...config,
    },
    { clock, logger: silentLogger, sink: async () => {} },
  );
  return {
    simulator,
    adapter,
    persona: shared ? { ...PERSONA, tools: PERSONA.tools.slice(0, 1) } : PERSONA,
    unfit: [
      { ...PERSONA, vendor: { colour: "red" } },
      { ...PERSONA, vendor: { conversation: { participant_tags: ["anna"] } } },
      { ...PERSONA, language: "not a language" },
      { ...PERSONA, tools: [{ ...PERSONA.tools[0]!, name: "two words" }] },
    ],
    briefing: BRIEFING,
    secrets: [simulator.apiKey],
    binding: (onResource) => bindingFor("tavus", { onResource }),
    vendor: vendorOf(simulator),
    destroy: () => simulator.close(),
    [Symbol.asyncDispose]: () => simulator.close(),
  };
}

async function makeSharedPal(simulator: TavusSimulator): Promise<string> {
  const body = { pal_name: "Shared", system_prompt: "You are a coach.", default_face_id: "r90bbd427f71" };
  const headers = { "x-api-key": simulator.apiKey, "content-type": "application/json" };
  const answer = await fetch(`${simulator.url}/v2/pals`, {
    method: "POST",
    headers,
    body: JSON.stringify(body),
  });
  return ((await answer.json()) as { pal_id: string }).pal_id;
}

function vendorOf(simulator: TavusSimulator): AdapterHarness["vendor"] {
  const creates = () =>
    simulator.requests.filter(({ method, path }) => method === "POST" && path === "/v2/conversations");
  const atStart = simulator.left().pals;
  return {
    running: () => simulator.left().conversations,
    billed: () => creates().filter(({ status }) => status === 200).length,
    // Tools that the page relays are shared by all sessions and stay.
    left: () => simulator.left().pals - atStart + simulator.ownTools(),
    refuseNext() {
      simulator.faults.outOfCredits = true;
    },
    loseNext() {
      simulator.faults.loseResponseOf = "/v2/conversations";
    },
    async endSession(id) {
      const room = await simulator.room(id).join({ token: simulator.conversation(id).meetingToken });
      simulator.end(id, "daily_room_has_been_deleted");
      await room.leave();
    },
    call: (opened, words) => shortCall(simulator, opened, words),
  };
}

async function shortCall(simulator: TavusSimulator, { vendorSessionId, join }: OpenedSession, words: string) {
  const person = await simulator.room(vendorSessionId).join({ token: join.token });
  person.say(words);
  await person.next(
    ({ properties }) => (properties as Record<string, unknown> | undefined)?.["speech"] === words,
  );
  simulator.end(vendorSessionId, "participant_left_timeout reached");
  await simulator.idle();
  return simulator.webhooks
    .filter(({ event }) => event["conversation_id"] === vendorSessionId)
    .map(({ event }) => ({
      url: "https://app.test/callback",
      body: new TextEncoder().encode(JSON.stringify(event)),
      headers: {},
      query: {},
    }));
}
