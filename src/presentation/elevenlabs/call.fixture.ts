import { type Clock, systemClock } from "../../core/clock.ts";
import { BRIEFING, bindingFor } from "../../testing/adapter/samples.ts";
import { type SimulatorReply, startOpenAISimulator } from "../../testing/openai-simulator.ts";
import type { Binding, SessionHandle, VendorPersona } from "../adapter.ts";
import type { ElevenLabsConfigInput } from "./config.ts";
import { elevenLabsHarness, PERSONA } from "./harness.fixture.ts";
import type { ElevenLabsTiming } from "./simulator-world.ts";

export type CallOptions = {
  config?: Partial<ElevenLabsConfigInput>;
  clock?: Clock;
  timing?: Partial<ElevenLabsTiming>;
  persona?: Partial<VendorPersona>;
  binding?: Partial<Binding>;
  answer?: () => SimulatorReply | Promise<SimulatorReply>;
};

/** A session with its own agent whose model is a script, and a page at it. */
export async function makeCall(options: CallOptions = {}) {
  const model = await startOpenAISimulator(options.answer ? { answer: options.answer } : {});
  const { clock = systemClock, timing = {} } = options;
  const harness = await elevenLabsHarness(options.config, { clock, timing });
  const bound = bindingFor("elevenlabs", options.binding);
  const binding = { ...bound, brain: { ...bound.brain, baseUrl: model.url } };
  const opened = await harness.adapter.open(BRIEFING, { ...PERSONA, ...options.persona }, binding);
  const { sessionId } = binding;
  const session: SessionHandle = { sessionId, ...opened };
  return {
    ...{ ...harness, model, binding, opened, session },
    join: () => harness.simulator.join(opened.join.url, { initiation: opened.join.data }),
    async [Symbol.asyncDispose]() {
      await harness.simulator.close();
      await model.close();
    },
  };
}

export function toolCall(name: string, args: object = {}): SimulatorReply {
  return { toolCalls: [{ id: `call_${name}`, name, arguments: JSON.stringify(args) }] };
}
