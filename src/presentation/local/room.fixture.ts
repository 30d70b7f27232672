import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { WebSocket, WebSocketServer } from "ws";
import { silentLogger } from "../../core/telemetry.ts";
import { bindingFor } from "../../testing/adapter/samples.ts";
import { FakeClock } from "../../testing/fake-clock.ts";
import type { PresentationEvent, RunningCall, VendorTool } from "../adapter.ts";
import { type Answer, say } from "../completion.fixture.ts";
import { createLocalAdapter } from "./adapter.ts";
import type { RoomCommand, RoomEvent } from "./protocol.ts";

type Asked = { authorization: string | undefined; messages: Array<{ role: string; content: string }> };

/** A brain that answers what it is told, over real HTTP. */
export async function makeBrain() {
  const asked: Asked[] = [];
  const answers: Answer[] = [];
  const tools: Array<{ body: string; headers: IncomingMessage["headers"] }> = [];
  const server = createServer(async (req, res) => {
    let body = "";
    for await (const part of req) body += part;
    if (req.url === "/tools") {
      tools.push({ body, headers: req.headers });
      res.end(JSON.stringify({ tool_call_id: "c", status: "success", output: "done" }));
      return;
    }
    const { messages } = JSON.parse(body);
    const call = { authorization: req.headers.authorization, messages };
    asked.push(call);
    (answers.shift() ?? say("I have no more lines."))(res);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return { asked, answers, tools, url: `http://127.0.0.1:${port}`, server };
}

export async function makeRooms(tools: VendorTool[] = []) {
  const clock = new FakeClock();
  const brain = await makeBrain();
  const told: PresentationEvent[] = [];
  const faults = { sink: 0 };
  const sockets = new WebSocketServer({ port: 0, host: "127.0.0.1" });
  await new Promise((resolve) => sockets.once("listening", resolve));
  const { port } = sockets.address() as AddressInfo;
  const adapter = createLocalAdapter({
    clock,
    logger: silentLogger,
    async sink(_sessionId, events) {
      if (faults.sink-- > 0) throw new Error("the store is busy");
      told.push(...events);
    },
  });
  const calls = new Map<string, RunningCall>();
  sockets.on("connection", (socket, req) => {
    const call = calls.get(req.url!.slice(1))!;
    const request = { url: req.url!, body: new Uint8Array(), headers: {}, query: {} };
    adapter.connect!(socket, { ...call, request, turns: [] });
  });
  const open = async (sessionId = "ses_1", greeting?: string) => {
    const socketUrl = `ws://127.0.0.1:${port}/${sessionId}`;
    const callback = { url: `${brain.url}/tools`, secret: "tool-secret" };
    const limits = { maxDurationMs: 600_000, absentTimeoutMs: 60_000, leftTimeoutMs: 20_000 };
    const bound = bindingFor("local", { sessionId, socketUrl, tools: callback, limits });
    const binding = { ...bound, brain: { ...bound.brain, baseUrl: brain.url, apiKey: `key-${sessionId}` } };
    const persona = { id: "p", prompt: "Help.", language: "en", tools, vendor: {} };
    const briefing = { text: "The briefing.", ...(greeting && { greeting }) };
    const opened = await adapter.open(briefing, persona, binding);
    const session = { sessionId, vendorSessionId: opened.vendorSessionId, resources: [] };
    calls.set(sessionId, { session, briefing, persona, binding });
    return opened;
  };
  return {
    adapter,
    clock,
    brain,
    told,
    faults,
    open,
    async destroy() {
      await adapter.close();
      for (const socket of sockets.clients) socket.terminate();
      sockets.close();
      brain.server.closeAllConnections();
      brain.server.close();
    },
  };
}

/** A page: it keeps what the room tells it. */
export class Page {
  readonly events: RoomEvent[] = [];
  readonly #socket: WebSocket;
  #check: () => void = () => {};

  constructor(url: string) {
    this.#socket = new WebSocket(url);
    this.#socket.on("message", (data) => {
      this.events.push(JSON.parse(String(data)));
      this.#check();
    });
  }

  static async join({ url }: { url: string }, after?: number): Promise<Page> {
    const page = new Page(url);
    await page.send({ type: "join", ...(after !== undefined && { after }) });
    return page;
  }

  async opened(): Promise<void> {
    if (this.#socket.readyState === WebSocket.CONNECTING)
      await new Promise((resolve) => this.#socket.once("open", resolve));
  }

  async send(...commands: RoomCommand[]): Promise<void> {
    await this.opened();
    for (const command of commands) this.#socket.send(JSON.stringify(command));
  }

  /** The first event that fits, now or when it comes. */
  until<T extends RoomEvent["type"]>(
    type: T,
    fits: (event: Extract<RoomEvent, { type: T }>) => boolean = () => true,
  ): Promise<Extract<RoomEvent, { type: T }>> {
    const find = () =>
      this.events.find(
        (event): event is Extract<RoomEvent, { type: T }> =>
          event.type === type && fits(event as Extract<RoomEvent, { type: T }>),
      );
    return new Promise((resolve) => {
      this.#check = () => {
        const found = find();
        if (found) resolve(found);
      };
      this.#check();
    });
  }

  closed(): Promise<number> {
    return new Promise((resolve) => this.#socket.once("close", resolve));
  }

  drop(): Promise<number> {
    const closed = this.closed();
    this.#socket.terminate();
    return closed;
  }
}
