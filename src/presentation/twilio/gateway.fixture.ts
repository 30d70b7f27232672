import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { WebSocketServer } from "ws";
import { type Clock, systemClock } from "../../core/clock.ts";
import { AstrocyteError, toAstrocyteError } from "../../core/errors.ts";
import { silentLogger } from "../../core/telemetry.ts";
import { bindingFor } from "../../testing/adapter/samples.ts";
import type {
  Binding,
  CallbackRequest,
  PresentationEvent,
  RunningCall,
  VendorPersona,
  VendorReply,
  VendorResource,
  VendorTurn,
} from "../adapter.ts";
import { type Answer, say } from "../completion.fixture.ts";
import { createTwilioAdapter } from "./adapter.ts";
import type { TwilioConfigInput } from "./config.ts";
import { ANNA, configFor, OURS, PERSONA } from "./harness.fixture.ts";
import { createTwilioSimulator, type TwilioNumber } from "./simulator.ts";
import type { TwilioSwitches } from "./simulator-world.ts";

type Message = { role: string; content: string | null };
export type WorldOptions = {
  config?: Partial<TwilioConfigInput>;
  vendor?: Record<string, unknown>;
  greeting?: string;
  switches?: Partial<TwilioSwitches>;
  clock?: Clock;
};

/** Twilio in a box, the adapter, and as much of a gateway as stands between them: one session, one person. */
export async function makeWorld(options: WorldOptions = {}) {
  const { clock = systemClock, greeting, vendor = {}, config = {} } = options;
  const simulator = await createTwilioSimulator({
    clock,
    switches: { wordsPerSecond: 2_000, ...options.switches },
  });
  const persona: VendorPersona = { ...PERSONA, vendor };
  const state = {
    asked: [] as Message[][],
    answers: [] as Answer[],
    tools: [] as string[],
    toolsDone: 0,
    told: [] as PresentationEvent[],
    resources: [] as VendorResource[],
    /** The store fails this many times. */
    failing: 0,
    /** What a tool waits for. */
    beforeTool: async () => {},
    /** Sockets are refused. */
    deaf: false,
    over: false,
    vendorSessionId: "",
  };
  let generation = 0;
  const make = () => {
    const mine = ++generation;
    return createTwilioAdapter(configFor(simulator, config), {
      clock,
      logger: silentLogger,
      async sink(_sessionId, events) {
        if (mine !== generation) throw new Error("killed");
        if (state.failing-- > 0) throw new Error("the store is busy");
        state.told.push(...events);
      },
    });
  };
  let adapter = make();

  const sockets = new WebSocketServer({ noServer: true });
  const server = createServer((req, res) => void serve(req, res).catch(() => res.destroy()));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const publicUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const base = bindingFor("twilio", { phone: ANNA });
  const binding: Binding = {
    ...base,
    brain: { ...base.brain, baseUrl: publicUrl },
    callbackUrl: `${publicUrl}/webhooks/secret`,
    tools: { url: `${publicUrl}/tools`, secret: "tool-secret" },
    socketUrl: `${publicUrl.replace("http", "ws")}/sockets/secret`,
    onResource: async (resource) => void state.resources.push(resource),
  };
  const briefing = { text: "The briefing.", ...(greeting !== undefined && { greeting }) };
  const running = (): RunningCall => ({
    session: {
      sessionId: binding.sessionId,
      vendorSessionId: state.vendorSessionId,
      resources: state.resources,
    },
    ...{ briefing, persona, binding },
  });

  async function serve(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of req) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks);
    const path = new URL(req.url!, publicUrl).pathname;
    if (path === "/chat/completions") {
      state.asked.push(JSON.parse(body.toString()).messages);
      return void (await (state.answers.shift() ?? say("I have no more lines."))(res));
    }
    if (path === "/tools") {
      state.tools.push(body.toString());
      await state.beforeTool();
      res.on("close", () => state.toolsDone++);
      return void res.end(JSON.stringify({ tool_call_id: "call_1", status: "success", output: "done" }));
    }
    const request = requestOf(publicUrl, req, body);
    const { status, contentType, body: text } = await answerTwilio(path, request);
    res.writeHead(status, { "content-type": contentType }).end(text);
  }

  async function answerTwilio(path: string, request: CallbackRequest): Promise<VendorReply> {
    try {
      if (path === "/inbound") return await ring(request);
      const callback = { ...request, session: running().session };
      state.told.push(...(await adapter.parseWebhook!(callback)));
      const reply = adapter.webhookReply!(callback, state.over ? undefined : running());
      if (state.told.some(({ type }) => type === "ended")) state.over = true;
      return reply;
    } catch (error) {
      const { code, status } = toAstrocyteError(error);
      return { status, contentType: "application/json", body: JSON.stringify({ code }) };
    }
  }

  async function ring(request: CallbackRequest): Promise<VendorReply> {
    const call = adapter.inbound!.parse(request);
    if (call.from !== ANNA)
      return adapter.inbound!.decline(new AstrocyteError("not_found", "[sessions] nobody."));
    const { vendorSessionId } = await adapter.open(briefing, persona, { ...binding, inbound: call });
    state.vendorSessionId = vendorSessionId;
    return adapter.inbound!.accept(running());
  }

  server.on("upgrade", (req, socket, head) => {
    if (state.deaf) return void socket.destroy();
    sockets.handleUpgrade(req, socket, head, (opened) => {
      const turns = turnsOf(state.told);
      adapter.connect!(opened, { ...running(), request: requestOf(publicUrl, req, Buffer.alloc(0)), turns });
    });
  });

  const number: TwilioNumber = { number: OURS, voiceUrl: `${publicUrl}/inbound` };
  return {
    ...{ simulator, state, binding, briefing, persona, number, publicUrl, running, clock },
    get adapter() {
      return adapter;
    },
    /** The gateway is killed and starts anew: what it had in memory is gone. */
    restart() {
      adapter = make();
      for (const socket of sockets.clients) socket.terminate();
    },
    /** Lets everything that is under way go on until it holds. */
    async until(holds: () => boolean) {
      while (!holds()) await new Promise((resolve) => setImmediate(resolve));
    },
    call: () => simulator.ring(number, ANNA),
    turns: () => turnsOf(state.told),
    async [Symbol.asyncDispose]() {
      await adapter.end(running().session, "test");
      await simulator.close();
      sockets.close();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

export type World = Awaited<ReturnType<typeof makeWorld>>;

/** As the store keeps them: the last word on each counts. */
function turnsOf(events: PresentationEvent[]): VendorTurn[] {
  const turns = events.flatMap((event) => (event.type === "turn" ? [event.turn] : []));
  return [...new Map(turns.map((turn) => [turn.key, turn])).values()].sort((a, b) => a.at! - b.at!);
}

export function spoken(turns: VendorTurn[]): Array<[string, string]> {
  return turns.map(({ role, text, heard, interrupted }) => [role, interrupted ? (heard ?? text) : text]);
}

function requestOf(publicUrl: string, req: IncomingMessage, body: Buffer): CallbackRequest {
  const url = publicUrl + req.url;
  return {
    url,
    body,
    headers: req.headers as Record<string, string | undefined>,
    query: Object.fromEntries(new URL(url).searchParams),
  };
}
