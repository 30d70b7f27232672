import { randomUUID } from "node:crypto";
import { type Clock, systemClock } from "../core/clock.ts";

/**
 * What goes between the simulated room and those in it. LiveKit's own signalling and media are not simulated;
 * its data packets, text streams, RPC and presence are, with their names, limits and error codes.
 */
export type Frame =
  | { kind: "joined"; identity: string; room: string; participants: string[] }
  | { kind: "participant"; identity: string; present: boolean }
  | ({ kind: "data" } & Packet)
  | ({ kind: "text"; id: string; text: string } & Addressed)
  | { kind: "rpc"; id: string; from: string; to: string; method: string; payload: string; timeoutMs: number }
  | { kind: "rpc_answer"; id: string; from: string; to: string; payload?: string; error?: RpcFailure }
  | { kind: "speech"; from: string; text: string }
  | { kind: "leave" }
  | { kind: "closed"; reason: number };

/** `to` absent: everybody else in the room. */
type Addressed = { from: string; to?: string[]; topic: string };
/** `payload` is base64 of the packet's bytes. */
type Packet = Addressed & { payload: string };
type RpcFailure = { code: number; message: string; data?: string };

export type RpcInvocation = {
  requestId: string;
  callerIdentity: string;
  payload: string;
  responseTimeout: number;
};
export type RpcHandler = (call: RpcInvocation) => Promise<string>;

/** Bytes of an RPC's request or answer (livekit-client, `RpcError.MAX_DATA_BYTES`). */
export const MAX_RPC_BYTES = 15_360;
/** Milliseconds that a caller waits for an answer unless it says otherwise, as in livekit-client. */
const RPC_TIMEOUT_MS = 15_000;

/** As `RpcError` of livekit-client; 1001 to 1999 are LiveKit's own codes. */
export class SimulatedRpcError extends Error {
  readonly code: number;
  readonly data: string | undefined;
  constructor(code: number, message: string, data?: string) {
    super(message);
    this.code = code;
    this.data = data;
  }
}

export const RPC_ERRORS = {
  unsupportedMethod: { code: 1400, message: "Method not supported at destination" },
  recipientNotFound: { code: 1401, message: "Recipient not found" },
  requestTooLarge: { code: 1402, message: "Request payload too large" },
  application: { code: 1500, message: "Application error in method handler" },
  responseTimeout: { code: 1502, message: "Response timeout" },
  recipientDisconnected: { code: 1503, message: "Recipient disconnected" },
  responseTooLarge: { code: 1504, message: "Response payload too large" },
} as const;

/** What a participant hears. */
export type PeerListener = {
  data?(packet: { from: string; topic: string; payload: Uint8Array }): void;
  text?(stream: { from: string; topic: string; text: string; id: string }): void;
  participant?(identity: string, present: boolean): void;
  /** Microphones are words here: what a person said aloud. */
  speech?(from: string, text: string): void;
  closed?(reason: number): void;
};

type Waiting = { to: string; done(answer: { payload?: string; error?: RpcFailure }): void };

/** One participant: its packets, text streams and RPC, over whatever link carries frames. */
export class Peer {
  identity: string;
  readonly #send: (frame: Frame) => void;
  readonly #listener: PeerListener;
  readonly #clock: Clock;
  readonly #methods = new Map<string, RpcHandler>();
  readonly #waiting = new Map<string, Waiting>();

  constructor(
    identity: string,
    send: (frame: Frame) => void,
    listener: PeerListener,
    clock: Clock = systemClock,
  ) {
    this.identity = identity;
    this.#send = send;
    this.#listener = listener;
    this.#clock = clock;
  }

  /** One data packet to `to`, or to everybody. */
  publishData(payload: Uint8Array, { topic = "", to }: { topic?: string; to?: string[] } = {}): void {
    const bytes = Buffer.from(payload).toString("base64");
    this.#send({ kind: "data", from: this.identity, topic, payload: bytes, ...(to && { to }) });
  }

  /** JSON as a data packet. */
  publishJson(topic: string, message: unknown, to?: string[]): void {
    this.publishData(new TextEncoder().encode(JSON.stringify(message)), { topic, ...(to && { to }) });
  }

  /** A whole text stream; its id. */
  sendText(text: string, { topic = "", to }: { topic?: string; to?: string[] } = {}): string {
    const id = randomUUID();
    this.#send({ kind: "text", from: this.identity, topic, text, id, ...(to && { to }) });
    return id;
  }

  registerRpcMethod(method: string, handler: RpcHandler): void {
    if (this.#methods.has(method)) throw new Error(`RPC handler already registered for method ${method}`);
    this.#methods.set(method, handler);
  }

  unregisterRpcMethod(method: string): void {
    this.#methods.delete(method);
  }

  /** Errors: `SimulatedRpcError` with LiveKit's code. */
  performRpc(to: string, method: string, payload: string, timeoutMs = RPC_TIMEOUT_MS): Promise<string> {
    if (Buffer.byteLength(payload) > MAX_RPC_BYTES)
      return Promise.reject(toError(RPC_ERRORS.requestTooLarge));
    const id = randomUUID();
    return new Promise((resolve, reject) => {
      const late = this.#clock.after(timeoutMs, () => waiting.done({ error: RPC_ERRORS.responseTimeout }));
      const waiting: Waiting = {
        to,
        done: ({ payload: answer, error }) => {
          late();
          this.#waiting.delete(id);
          if (error) reject(toError(error));
          else resolve(answer ?? "");
        },
      };
      this.#waiting.set(id, waiting);
      this.#send({ kind: "rpc", id, from: this.identity, to, method, payload, timeoutMs });
    });
  }

  /** Takes in what the room delivers. */
  receive(frame: Frame): void {
    if (frame.kind === "data") {
      const { from, topic, payload } = frame;
      this.#listener.data?.({ from, topic, payload: new Uint8Array(Buffer.from(payload, "base64")) });
    } else if (frame.kind === "text") this.#listener.text?.(frame);
    else if (frame.kind === "rpc") void this.#answer(frame);
    else if (frame.kind === "rpc_answer") this.#waiting.get(frame.id)?.done(frame);
    else if (frame.kind === "speech") this.#listener.speech?.(frame.from, frame.text);
    else if (frame.kind === "participant") this.#presence(frame.identity, frame.present);
    else if (frame.kind === "closed") this.close(frame.reason);
  }

  /** The room is over for this one: whoever waits for an answer is told. */
  close(reason: number): void {
    for (const waiting of this.#waiting.values()) waiting.done({ error: RPC_ERRORS.recipientDisconnected });
    this.#listener.closed?.(reason);
  }

  #presence(identity: string, present: boolean): void {
    for (const waiting of this.#waiting.values())
      if (!present && waiting.to === identity) waiting.done({ error: RPC_ERRORS.recipientDisconnected });
    this.#listener.participant?.(identity, present);
  }

  async #answer({ id, from, method, payload, timeoutMs }: Frame & { kind: "rpc" }): Promise<void> {
    const reply = (answer: { payload?: string; error?: RpcFailure }) =>
      this.#send({ kind: "rpc_answer", id, from: this.identity, to: from, ...answer });
    const handler = this.#methods.get(method);
    if (!handler) return reply({ error: RPC_ERRORS.unsupportedMethod });
    try {
      const answer = await handler({
        requestId: id,
        callerIdentity: from,
        payload,
        responseTimeout: timeoutMs,
      });
      if (Buffer.byteLength(answer) > MAX_RPC_BYTES) reply({ error: RPC_ERRORS.responseTooLarge });
      else reply({ payload: answer });
    } catch (error) {
      reply({ error: toFailure(error) });
    }
  }
}

function toError({ code, message, data }: RpcFailure): SimulatedRpcError {
  return new SimulatedRpcError(code, message, data);
}

/** An `RpcError` of whichever make goes through; anything else is the method's own failure. */
function toFailure(error: unknown): RpcFailure {
  if (!(error instanceof Error) || !("code" in error) || typeof error.code !== "number")
    return RPC_ERRORS.application;
  const data = "data" in error && typeof error.data === "string" ? { data: error.data } : {};
  return { code: error.code, message: error.message, ...data };
}
