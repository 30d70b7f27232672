import { systemClock } from "../../core/clock.ts";
import { silentLogger } from "../../core/telemetry.ts";
import { BRIEFING, bindingFor, CLIENT_TOOL, personaFor, SERVER_TOOL } from "../../testing/adapter/samples.ts";
import type { AdapterHarness } from "../../testing/adapter-contract.ts";
import type { PresentationAdapter } from "../adapter.ts";
import { createAnamAdapter } from "./adapter.ts";
import type { AnamConfigInput } from "./config.ts";
import { type AnamSimulator, createAnamSimulator } from "./simulator.ts";
import { FakeAnamClient } from "./simulator-page.ts";
import { ANAM_LLM } from "./simulator-world.ts";

export const AVATAR = "071b0286-4cce-4808-bee2-e642f1062de3";
export const VOICE = "de23e340-1416-4dd8-977d-065a7ca11697";

export type AnamHarness = AdapterHarness & {
  simulator: AnamSimulator;
  /** The adapter alone: the harness's own starts what it opens, as a page would. */
  alone: PresentationAdapter;
};

export async function anamHarness(
  config: Partial<AnamConfigInput> = {},
  clock = systemClock,
): Promise<AnamHarness> {
  const simulator = await createAnamSimulator({ clock });
  const { apiKey, url, requests, faults } = simulator;
  const own = config.custom_llm === false ? { llm_id: ANAM_LLM } : {};
  const settings = { api_key: apiKey, base_url: url, avatar_id: AVATAR, voice_id: VOICE, ...own, ...config };
  const alone = createAnamAdapter(settings, { clock, logger: silentLogger, sink: async () => {} });
  const tools = config.tools === "brain" ? [] : [CLIENT_TOOL, SERVER_TOOL];
  const persona = personaFor({ language: "en-GB", tools });
  const parameters = { type: "object", description: "x".repeat(10_000) };
  return {
    simulator,
    alone,
    adapter: withPage(alone),
    persona,
    unfit: [
      { ...persona, vendor: { colour: "red" } },
      { ...persona, language: "gsw" },
      { ...persona, tools: [{ ...CLIENT_TOOL, name: "look up" }] },
      { ...persona, tools: [{ ...CLIENT_TOOL, parameters }] },
      { ...persona, tools: [{ ...SERVER_TOOL, description: "x".repeat(1025) }] },
      ...(config.custom_llm === false ? [] : [{ ...persona, vendor: { llm_id: ANAM_LLM } }]),
    ],
    briefing: BRIEFING,
    secrets: [apiKey],
    binding: (onResource) => bindingFor("anam", { onResource }),
    vendor: {
      running: () => simulator.left().sessions,
      billed: () =>
        requests.filter(
          ({ request, status }) =>
            request === "POST /v1/auth/session-token" && (status === "lost" || status === 200),
        ).length,
      left: () => simulator.left().llms,
      refuseNext: () => void (faults.refuseToken = { status: 403 }),
      loseNext: () => void (faults.loseToken = true),
      endSession: async (label) => simulator.sessionsOf(label).forEach(({ id }) => void simulator.end(id)),
      async call({ vendorSessionId }, words) {
        const [session] = simulator.sessionsOf(vendorSessionId);
        simulator.say(session!.id, words);
        await simulator.idle();
        simulator.end(session!.id);
        return [];
      },
    },
    destroy: () => simulator.close(),
  };
}

/** It is the page that starts the session; here it does so at once. */
function withPage(adapter: PresentationAdapter): PresentationAdapter {
  return {
    ...adapter,
    async open(briefing, persona, binding) {
      const opened = await adapter.open(briefing, persona, binding);
      await new FakeAnamClient(opened.join.token!, opened.join.url).streamToVideoElement("avatar");
      return opened;
    },
  };
}
