import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { WebSocketServer } from "ws";

/** What of a browser D-ID's SDK touches when no media flow: stands in for it until `restore`. */
export function pretendBrowser(origin: string): { peers: FakePeer[]; restore(): void } {
  const { fetch: plain } = globalThis;
  const peers: FakePeer[] = [];
  const stored = new Map<string, string>();
  class Peer extends FakePeer {
    constructor() {
      super();
      peers.push(this);
    }
  }
  const window = {
    crypto: globalThis.crypto,
    localStorage: {
      getItem: (key: string) => stored.get(key) ?? null,
      setItem: (key: string, value: string) => stored.set(key, value),
    },
    location: { href: origin },
    screen: {},
    RTCPeerConnection: Peer,
  };
  // A browser names its page's origin by itself.
  const withOrigin: typeof fetch = (input, init) =>
    plain(input, { ...init, headers: { ...(init?.headers as Record<string, string>), origin } });
  Object.assign(globalThis, { window, fetch: withOrigin });
  return {
    peers,
    restore() {
      Object.assign(globalThis, { fetch: plain });
      Reflect.deleteProperty(globalThis, "window");
    },
  };
}

type Channel = {
  readyState: string;
  onopen?(): void;
  onmessage?(event: { data: string }): void;
  send(): void;
};

/** A peer connection as far as signalling goes: it takes an offer, answers it, and finds one candidate. */
export class FakePeer {
  iceConnectionState = "new";
  readonly channel: Channel = { readyState: "connecting", send() {} };
  remote: unknown;
  onicecandidate?(event: { candidate: object | null }): void;
  oniceconnectionstatechange?: (() => void) | null;

  createDataChannel(_label: string): Channel {
    return this.channel;
  }

  async setRemoteDescription(offer: unknown): Promise<void> {
    this.remote = offer;
  }

  async createAnswer() {
    return { type: "answer", sdp: "v=0\r\n" };
  }

  /** The network is found, and the channel opens; no media come. */
  async setLocalDescription(_answer: unknown): Promise<void> {
    this.onicecandidate?.({ candidate: { candidate: "candidate:1", sdpMid: "0", sdpMLineIndex: 0 } });
    this.iceConnectionState = "connected";
    setImmediate(() => {
      this.channel.readyState = "open";
      this.channel.onopen?.();
    });
  }

  async getStats(): Promise<Map<string, object>> {
    const video = { type: "inbound-rtp", kind: "video", framesDecoded: ++this.#frames };
    return new Map([
      ["video", { ...video, jitterBufferDelay: 0, jitterBufferEmittedCount: 1, freezeCount: 0 }],
    ]);
  }
  #frames = 0;

  close(): void {
    this.iceConnectionState = "closed";
  }
}

/** The socket over which V1 pages hear of their chat. */
export async function startNotifications() {
  const server = new WebSocketServer({ port: 0, host: "127.0.0.1" });
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    url: `ws://127.0.0.1:${port}`,
    tell: (message: object) => {
      for (const socket of server.clients) socket.send(JSON.stringify(message));
    },
    close() {
      for (const socket of server.clients) socket.terminate();
      server.close();
    },
  };
}

export type Message = { role: string; content: string };

/** The part of the SDK that is tried here: its own types cannot be found from modules of Node's. */
export type Sdk = {
  createAgentManager(agentId: string, options: object): Promise<AgentManager>;
  isDIDError(error: unknown): boolean;
  StreamEndReason: Record<string, string>;
  StreamEvents: Record<string, string>;
};

export type AgentManager = {
  agent: { greetings: string[]; avatar: { type: string } };
  connect(): Promise<void>;
  disconnect(): Promise<void>;
  chat(text: string): Promise<{ result: string }>;
  speak(script: object): Promise<unknown>;
};

/** The build that bundlers take, which the package names in `module` alone. */
export async function loadSdk(): Promise<Sdk> {
  return import(import.meta.resolve("@d-id/client-sdk").replace(/[^/]+$/, "index.js"));
}
