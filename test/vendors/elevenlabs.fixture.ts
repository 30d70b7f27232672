import { sharedAgent } from "../../src/presentation/elevenlabs/harness.fixture.ts";
import {
  createElevenLabsSimulator,
  type ElevenLabsPerson,
} from "../../src/presentation/elevenlabs/simulator.ts";
import { FakeClock } from "../../src/testing/fake-clock.ts";
import { createScriptedLLM } from "../../src/testing/scripted-llm.ts";
import { makeGateway, type OpenedSession } from "../gateway.fixture.ts";

export const XI_KEY = "xi-account-key";
export const WEBHOOK_SECRET = "wsec_of_the_workspace";
export const BRAIN_KEY = "brain-key-of-the-shared-agent";
export const MEMORY = "Remember that my sister is called Miriam.";

export const MOVE = {
  name: "move_to",
  description: "Changes where the person lives.",
  parameters: { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
  result: "speak",
  delivery: "server",
  confirm: false,
  async run({ city }: Record<string, unknown>) {
    return { output: `Moved to ${String(city)}.` };
  },
} as const;

type Settings = {
  elevenlabs?: Record<string, unknown>;
  /** Made at the simulator before the gateway starts, as one does in the dashboard. */
  shared?: boolean;
  tools?: string[];
  changes?: Record<string, unknown>;
};

/** ElevenLabs and the gateway, over real HTTP and WebSockets. */
export async function world({ elevenlabs = {}, shared = false, tools, changes = {} }: Settings = {}) {
  const clock = new FakeClock();
  const simulator = await createElevenLabsSimulator({ apiKey: XI_KEY, clock });
  const agentId = shared ? sharedAgent(simulator, { url: "http://127.0.0.1:9/v1", key: BRAIN_KEY }) : "";
  const llm = createScriptedLLM({
    clock,
    reply(messages, { tools: offered = [] }) {
      const last = messages.at(-1)!;
      const said = String(last.content);
      const call = (name: string, args: object) =>
        offered.some((tool) => tool.name === name)
          ? { toolCalls: [{ id: `call_${name}`, name, arguments: JSON.stringify(args) }] }
          : "I cannot.";
      if (last.role === "tool") return `So it is done: ${said}`;
      if (said.includes(MEMORY)) return call("remember", { fact: "Anna's sister is called Miriam." });
      if (said.includes("I move to Porto.")) return call("move_to", { city: "Porto" });
      if (said.includes("Goodbye.")) return call("end_call", {});
      return "Good to hear.";
    },
  });
  const persona = {
    name: "Mara",
    prompt: "The prompt of Mara that no browser sees.",
    greeting: "Hello from {{city}}.",
    sources: ["crm"],
    tools: tools ?? ["remember", "move_to", "end_call"],
  };
  const settings = {
    ...{ api_key: XI_KEY, base_url: simulator.url, webhook_secret: WEBHOOK_SECRET },
    ...(shared && { strategy: "shared_agent", agent_id: agentId }),
    ...elevenlabs,
  };
  const gateway = await makeGateway(
    {
      presentation: { elevenlabs: settings },
      personas: { support: persona },
      brain: {
        keys: [{ name: "agent", key: BRAIN_KEY, principal: "service:elevenlabs", context_tokens: true }],
        recall: { deadline_ms: 20_000 },
      },
      ...changes,
    },
    { clock, llm, tools: [MOVE] },
  );
  const post = `${gateway.url}/v1/webhooks/elevenlabs`;
  simulator.setPostCall({ id: "wh_1", url: post, secret: WEBHOOK_SECRET });
  if (shared) {
    const config = simulator.agent(agentId).body["conversation_config"] as {
      agent: { prompt: { custom_llm: { url: string } } };
    };
    config.agent.prompt.custom_llm.url = `${gateway.url}/brain/v1`;
  }
  return {
    ...{ ...gateway, simulator, llm, agentId },
    async [Symbol.asyncDispose]() {
      await gateway.destroy();
      await simulator.close();
    },
  };
}

export type ElevenLabsWorld = Awaited<ReturnType<typeof world>>;
type Data = { tools: string[] } & Record<string, unknown>;
type Opened = OpenedSession & { join: { data?: Data } };

/** What a page does: joins, relays what the socket tells, runs tools by asking the server. */
export async function joinAsPage(all: ElevenLabsWorld, opened: Opened) {
  const { session_id: id, session_token: key, join } = opened;
  const reports: Promise<unknown>[] = [];
  const person: ElevenLabsPerson = await all.simulator.join(join.url, {
    initiation: join.data,
    async onTool({ tool_name: name, tool_call_id, parameters }) {
      const body = { tool_call_id, name, arguments: parameters };
      const { json } = await all.call(`/v1/sessions/${id}/tools`, { key, body });
      return json["message"] as Record<string, unknown>;
    },
  });
  const report = (event: object) =>
    reports.push(all.call(`/v1/sessions/${id}/client-events`, { key, body: { events: [event] } }));
  report({ topic: "astrocyte.presence", payload: { what: "joined", at: "2026-01-15T12:00:00Z" } });
  return {
    person,
    /** Says something and waits for these words of the agent's. */
    async exchange(words: string, answer: string): Promise<void> {
      person.say(words);
      await person.next((message) => JSON.stringify(message["agent_response_event"] ?? "").includes(answer));
    },
    /** Tells the server all that was heard. */
    async relay(): Promise<void> {
      for (const message of person.received) if (message["type"] !== "audio") report(message);
      await Promise.all(reports);
    },
  };
}
