import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { WebSocket, WebSocketServer } from "ws";
import { silentLogger } from "../../core/telemetry.ts";
import { FakeClock } from "../../testing/fake-clock.ts";
import type { Binding, PresentationEvent, RunningCall, VendorTool } from "../adapter.ts";
import { createLocalAdapter } from "./adapter.ts";
import type { RoomCommand, RoomEvent } from "./protocol.ts";

type Asked = { authorization: string | undefined; messages: Array<{ role: string; content: string }> };
type Answer = (res: ServerResponse, asked: Asked) => void;

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
    (answers.shift() ?? say("I have no more lines."))(res, call);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return { asked, answers, tools, url: `http://127.0.0.1:${port}`, server };
}

export function delta(res: ServerResponse, value: object): void {
  if (!res.headersSent) res.writeHead(200, { "content-type": "text/event-stream" });
  res.write(`data: ${JSON.stringify({ choices: [{ delta: value }] })}\n\n`);
}

export function say(...pieces: string[]): Answer {
  return (res) => {
    for (const content of pieces) delta(res, { content });
    res.end("data: [DONE]\n\n");
  };
}

export function callTool(name: string, args: object, text = ""): Answer {
  return (res) => {
    if (text) delta(res, { content: text });
    const json = JSON.stringify(args);
    delta(res, { tool_calls: [{ index: 0, id: "call_1", function: { name, arguments: json.slice(0, 3) } }] });
    delta(res, { tool_calls: [{ index: 0, function: { arguments: json.slice(3) } }] });
    res.end("data: [DONE]\n\n");
  };
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
    const binding = { ...bindingFor(sessionId, brain.url), socketUrl: `ws://127.0.0.1:${port}/${sessionId}` };
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

function bindingFor(sessionId: string, url: string): Binding {
  return {
    sessionId,
    marker: `astrocyte:${sessionId}`,
    brain: {
      baseUrl: url,
      apiKey: `key-${sessionId}`,
      contextToken: `context-${sessionId}`,
      model: "astrocyte",
    },
    callbackUrl: `${url}/callback/secret-${sessionId}`,
    tools: { url: `${url}/tools`, secret: "tool-secret" },
    socketUrl: `${url.replace("http", "ws")}/sockets/socket-${sessionId}`,
    limits: { maxDurationMs: 600_000, absentTimeoutMs: 60_000, leftTimeoutMs: 20_000 },
    onResource: async () => {},
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
