import { EventEmitter } from "node:events";
import { DISCONNECT } from "./simulator-livekit.ts";
import { type Frame, Peer, type RpcHandler } from "./simulator-livekit-peer.ts";

type Participant = { identity: string };
type TextReader = {
  info: { id: string; topic: string; mimeType: string; timestamp: number; size: number };
  readAll(): Promise<string>;
  [Symbol.asyncIterator](): AsyncGenerator<string>;
};
type TextHandler = (reader: TextReader, from: Participant) => void;
type SendOptions = { topic?: string; destinationIdentities?: string[] };

/**
 * The part of livekit-client's `Room` that a page uses, over a simulated room (`simulator-livekit.ts`): the same
 * methods, event names (`RoomEvent`) and arguments. It takes camera and sound for granted; `speak` is the person's
 * voice.
 */
export class FakeLiveKitRoom extends EventEmitter {
  state: "disconnected" | "connecting" | "connected" = "disconnected";
  name = "";
  readonly remoteParticipants = new Map<string, Participant>();
  readonly localParticipant: FakeLocalParticipant;
  readonly #textHandlers = new Map<string, TextHandler>();
  readonly #peer: Peer;
  #socket: WebSocket | undefined;

  constructor(_options: unknown = {}) {
    super();
    this.#peer = new Peer("", (frame) => this.#send(frame), {
      data: ({ from, topic, payload }) => this.emit("dataReceived", payload, this.#who(from), 0, topic),
      text: ({ from, topic, text, id }) =>
        this.#textHandlers.get(topic)?.(reader(id, topic, text), { identity: from }),
      participant: (identity, present) => this.#presence(identity, present),
      closed: (reason) => this.#closed(reason),
    });
    this.localParticipant = new FakeLocalParticipant(this.#peer);
  }

  /** Resolves once the room has let the person in. Rejects when it does not. */
  connect(url: string, token: string, _options?: unknown): Promise<void> {
    const address = new URL(`${url.replace(/^http/, "ws").replace(/\/+$/, "")}/rtc`);
    address.searchParams.set("access_token", token);
    const socket = new WebSocket(address);
    this.#socket = socket;
    this.#change("connecting");
    return new Promise((resolve, reject) => {
      socket.addEventListener("message", ({ data }) => {
        if (this.#socket !== socket) return;
        const frame = JSON.parse(String(data)) as Frame;
        if (frame.kind !== "joined") return this.#peer.receive(frame);
        this.#joined(frame);
        resolve();
      });
      socket.addEventListener("close", () => {
        if (this.#socket === socket) this.#peer.close(0);
        reject(new Error("could not establish signal connection"));
      });
      socket.addEventListener("error", () => {});
    });
  }

  async disconnect(_stopTracks = true): Promise<void> {
    this.#send({ kind: "leave" });
    this.#peer.close(DISCONNECT.client);
  }

  /** The person in front of the microphone says something. */
  speak(text: string): void {
    this.#send({ kind: "speech", from: this.#peer.identity, text });
  }

  /** The network is gone for good: no goodbye. */
  drop(): void {
    this.#peer.close(0);
  }

  registerTextStreamHandler(topic: string, handler: TextHandler): void {
    if (this.#textHandlers.has(topic)) throw new Error(`A text stream handler for topic "${topic}" is set.`);
    this.#textHandlers.set(topic, handler);
  }

  unregisterTextStreamHandler(topic: string): void {
    this.#textHandlers.delete(topic);
  }

  registerRpcMethod(method: string, handler: RpcHandler): void {
    this.#peer.registerRpcMethod(method, handler);
  }

  unregisterRpcMethod(method: string): void {
    this.#peer.unregisterRpcMethod(method);
  }

  /** For the browser's rule that sound starts with a gesture. */
  async startAudio(): Promise<void> {}

  #joined({ identity, room, participants }: Frame & { kind: "joined" }): void {
    this.#peer.identity = identity;
    this.localParticipant.identity = identity;
    this.name = room;
    for (const other of participants) this.remoteParticipants.set(other, { identity: other });
    this.#change("connected");
    this.emit("connected");
  }

  #presence(identity: string, present: boolean): void {
    const who = this.#who(identity) ?? { identity };
    if (present) this.remoteParticipants.set(identity, who);
    else this.remoteParticipants.delete(identity);
    this.emit(present ? "participantConnected" : "participantDisconnected", who);
  }

  #closed(reason: number): void {
    const wasInside = this.state === "connected";
    this.#socket?.close();
    this.#socket = undefined;
    this.remoteParticipants.clear();
    this.#change("disconnected");
    if (wasInside) this.emit("disconnected", reason);
  }

  #change(state: FakeLiveKitRoom["state"]): void {
    if (this.state === state) return;
    this.state = state;
    this.emit("connectionStateChanged", state);
  }

  #who(identity: string): Participant | undefined {
    return this.remoteParticipants.get(identity);
  }

  #send(frame: Frame): void {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(frame));
  }
}

/** The page's own participant. */
class FakeLocalParticipant extends EventEmitter {
  identity = "";
  isMicrophoneEnabled = false;
  isCameraEnabled = false;
  readonly #peer: Peer;

  constructor(peer: Peer) {
    super();
    this.#peer = peer;
  }

  async publishData(data: Uint8Array, options: SendOptions & { reliable?: boolean } = {}): Promise<void> {
    this.#peer.publishData(data, addressed(options));
  }

  async sendText(text: string, options: SendOptions = {}): Promise<TextReader["info"]> {
    const id = this.#peer.sendText(text, addressed(options));
    return infoOf(id, options.topic ?? "", text);
  }

  performRpc(call: {
    destinationIdentity: string;
    method: string;
    payload: string;
    responseTimeout?: number;
  }): Promise<string> {
    return this.#peer.performRpc(call.destinationIdentity, call.method, call.payload, call.responseTimeout);
  }

  registerRpcMethod(method: string, handler: RpcHandler): void {
    this.#peer.registerRpcMethod(method, handler);
  }

  unregisterRpcMethod(method: string): void {
    this.#peer.unregisterRpcMethod(method);
  }

  async setMicrophoneEnabled(enabled: boolean): Promise<void> {
    this.isMicrophoneEnabled = enabled;
  }

  async setCameraEnabled(enabled: boolean): Promise<void> {
    this.isCameraEnabled = enabled;
  }
}

function addressed({ topic, destinationIdentities: to }: SendOptions): { topic?: string; to?: string[] } {
  return { ...(topic !== undefined && { topic }), ...(to && { to }) };
}

function infoOf(id: string, topic: string, text: string): TextReader["info"] {
  return { id, topic, mimeType: "text/plain", timestamp: Date.now(), size: Buffer.byteLength(text) };
}

function reader(id: string, topic: string, text: string): TextReader {
  return {
    info: infoOf(id, topic, text),
    readAll: async () => text,
    async *[Symbol.asyncIterator]() {
      yield text;
    },
  };
}
