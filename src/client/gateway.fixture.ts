import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { ClientEvents, Host, Session } from "./types.ts";

type Row = Record<string, unknown>;
type Request = {
  path: string;
  authorization: string | undefined;
  lastEventId: string | undefined;
  body: Row;
};

/** The gateway as a page sees it, over real HTTP; it fails on demand. */
export async function makeGateway(sessionId: string) {
  const requests: Request[] = [];
  const streams = new Set<ServerResponse>();
  const events: Array<{ seq: number; type: string; data: Row }> = [];
  const waiting = new Set<() => void>();
  const faults = { dropNext: 0, status: 0, state: "live", code: "internal" };
  /** While set, `/transcript` is not answered. */
  const held: { transcript?: Promise<void> | undefined } = {};
  const tool = { answer: { status: "success", output: "forty-two" } as Row };
  /** What `/respond` and `/interrupt` answer, and what has been said. */
  const commands: { answer: Row } = { answer: { via: "server" } };
  const turns: Row[] = [];

  const server = createServer(async (req, res) => {
    let text = "";
    for await (const part of req) text += part;
    const path = (req.url ?? "").replace(`/v1/sessions/${sessionId}`, "");
    const { authorization } = req.headers;
    const lastEventId = req.headers["last-event-id"] as string | undefined;
    requests.push({ path, authorization, lastEventId, body: text === "" ? {} : (JSON.parse(text) as Row) });
    for (const look of [...waiting]) look();
    if (path === "/events") return stream(res, Number(lastEventId ?? 0));
    if (faults.dropNext > 0) {
      faults.dropNext--;
      return void req.socket.destroy();
    }
    if (faults.status !== 0) return json(res, { code: faults.code, detail: "No." }, faults.status);
    if (path === "") return json(res, { state: faults.state });
    if (path === "/tools") return json(res, tool.answer);
    if (path === "/respond" || path === "/interrupt") return json(res, commands.answer, 202);
    if (path === "/transcript") {
      await held.transcript;
      return json(res, { turns });
    }
    json(res, { accepted: 1 }, 202);
  });

  function stream(res: ServerResponse, after: number): void {
    res.writeHead(200, { "content-type": "text/event-stream" });
    res.write("retry: 1000\n\n");
    for (const event of events.filter(({ seq }) => seq > after)) write(res, event);
    streams.add(res);
    res.on("close", () => streams.delete(res));
  }

  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    faults,
    tool,
    commands,
    held,
    /** Something is said, in the server's words. */
    say(key: string, role: string, text: string, more: Row = {}): void {
      const turn = { key, role, text, heard: null, interrupted: false, ...more };
      const at = turns.findIndex((each) => each["key"] === key);
      if (at >= 0) turns[at] = turn;
      else turns.push(turn);
      this.emit("turn", { key, role });
    },
    emit(type: string, data: Row): void {
      const event = { seq: events.length + 1, type, data };
      events.push(event);
      for (const res of streams) write(res, event);
    },
    cutStreams(): void {
      for (const res of streams) res.destroy();
    },
    /** Resolves with the requests to `path` once there are `count` of them. */
    seen(path: string, count = 1): Promise<Request[]> {
      return new Promise((resolve) => {
        const look = () => {
          const found = requests.filter((request) => request.path === path);
          if (found.length < count) return;
          waiting.delete(look);
          resolve(found);
        };
        waiting.add(look);
        look();
      });
    },
    reported: () =>
      requests.filter(({ path }) => path === "/client-events").flatMap(({ body }) => body["events"] as Row[]),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** A browser without a page to draw: its timers fire at once, as far as they are short. */
export function makeHost(over: Partial<Host> = {}) {
  const page = new EventTarget();
  const kept = new Map<string, string>();
  const storage = {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => void kept.set(key, value),
  };
  const host: Partial<Host> = {
    page,
    storage,
    after(_ms, run) {
      const timer = setTimeout(run, 0);
      return () => clearTimeout(timer);
    },
    ...over,
  };
  return { host, page };
}

function write(res: ServerResponse, event: { seq: number; type: string; data: Row }): void {
  res.write(`id: ${event.seq}\nevent: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`);
}

function json(res: ServerResponse, body: Row, status = 200): void {
  res.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
}

/** The next event of a session that fits. */
export function next<K extends keyof ClientEvents>(
  session: Session,
  name: K,
  fits: (event: ClientEvents[K]) => boolean = () => true,
): Promise<ClientEvents[K]> {
  return new Promise((resolve) => {
    const stop = session.on(name, (event) => {
      if (!fits(event)) return;
      queueMicrotask(() => stop());
      resolve(event);
    });
  });
}
