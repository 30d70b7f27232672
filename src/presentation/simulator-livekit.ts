import { createHmac, randomUUID } from "node:crypto";
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { type WebSocket, WebSocketServer } from "ws";
import { type Clock, systemClock } from "../core/clock.ts";
import { type Frame, Peer, type PeerListener, RPC_ERRORS } from "./simulator-livekit-peer.ts";

/** LiveKit's `DisconnectReason`. */
export const DISCONNECT = { client: 1, duplicate: 2, shutdown: 3, removed: 4, deleted: 5 } as const;

/** Bytes of a reliable data packet that are sure to arrive: larger ones get lost without a word. */
export const MAX_PACKET_BYTES = 15_360;

/** What a room tells its maker, and how much a packet of it may hold (`MAX_PACKET_BYTES` when absent). */
export type RoomOptions = {
  /** Somebody came in, or went, by whatever door. */
  presence?(identity: string, present: boolean): void;
  maxPacketBytes?: number;
};

/** See `createLiveKitSimulator`. */
export type LiveKitSimulator = {
  /** A new room; joining is by its tokens alone. */
  createRoom(name?: string, options?: RoomOptions): SimulatedRoom;
  /** Hand it to `startSimulatorServer`: LiveKit's signalling address is `<url>/rtc`. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  close(): void;
};

type Member = { deliver(frame: Frame): void; leave(reason: number): void };

/** LiveKit's server, as far as data goes: rooms, tokens, who is there, and what they send each other. */
export function createLiveKitSimulator({ clock = systemClock }: { clock?: Clock } = {}): LiveKitSimulator {
  const secret = randomUUID();
  const rooms = new Map<string, SimulatedRoom>();
  const server = new WebSocketServer({ noServer: true });
  return {
    createRoom(name = randomUUID(), options = {}) {
      const room = new SimulatedRoom(name, secret, clock, options);
      rooms.set(name, room);
      return room;
    },
    upgrade(request, socket, head) {
      const url = new URL(request.url ?? "/", "http://room");
      const grant = readToken(secret, url.searchParams.get("access_token") ?? "", clock);
      const room = grant && rooms.get(grant.room);
      if (!url.pathname.endsWith("/rtc") || !grant || !room?.isOpen) {
        socket.end("HTTP/1.1 401 Unauthorized\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
        return;
      }
      server.handleUpgrade(request, socket, head, (person) => room.enter(grant.identity, person));
    },
    close() {
      for (const room of rooms.values()) room.close(DISCONNECT.shutdown);
      for (const socket of server.clients) socket.terminate();
      server.close();
    },
  };
}

/** One room. People come through its socket, the vendor's agents by `join`. */
export class SimulatedRoom {
  readonly name: string;
  isOpen = true;
  readonly #members = new Map<string, Member>();
  readonly #secret: string;
  readonly #clock: Clock;
  readonly #options: RoomOptions;

  constructor(name: string, secret: string, clock: Clock, options: RoomOptions) {
    this.name = name;
    this.#secret = secret;
    this.#clock = clock;
    this.#options = options;
  }

  get identities(): string[] {
    return [...this.#members.keys()];
  }

  /** A JWT as LiveKit's: who may come in, and until when. */
  token(identity: string, { ttlMs = 3_600_000, claims = {} } = {}): string {
    const exp = Math.floor((this.#clock.now() + ttlMs) / 1000);
    const payload = { sub: identity, exp, video: { room: this.name, roomJoin: true }, ...claims };
    const body = `${encode({ alg: "HS256", typ: "JWT" })}.${encode(payload)}`;
    return `${body}.${sign(this.#secret, body)}`;
  }

  /** A participant that runs in the simulator itself. */
  join(identity: string, listener: PeerListener = {}): Peer & { leave(): void } {
    const peer = new Peer(identity, (frame) => this.#route(identity, frame), listener, this.#clock);
    this.#admit(identity, {
      deliver: (frame) => peer.receive(frame),
      leave: (reason) => peer.receive({ kind: "closed", reason }),
    });
    return Object.assign(peer, { leave: () => this.remove(identity, DISCONNECT.client) });
  }

  /** A participant behind a socket. One who comes again with the same identity takes the other's place. */
  enter(identity: string, socket: WebSocket): void {
    const deliver = (frame: Frame) => socket.send(JSON.stringify(frame));
    const member: Member = {
      deliver,
      leave(reason) {
        deliver({ kind: "closed", reason });
        socket.close(1000);
      },
    };
    socket.on("message", (data) => {
      const frame = JSON.parse(String(data)) as Frame;
      if (frame.kind === "leave") this.#gone(identity, member);
      else if (this.#members.get(identity) === member) this.#route(identity, frame);
    });
    socket.on("close", () => this.#gone(identity, member));
    socket.on("error", () => {});
    this.#admit(identity, member);
  }

  /** As the API's RemoveParticipant. */
  remove(identity: string, reason: number = DISCONNECT.removed): void {
    const member = this.#members.get(identity);
    if (!member) return;
    this.#gone(identity, member);
    member.leave(reason);
  }

  /** As the API's DeleteRoom: everybody is put out, and no token opens it again. */
  close(reason: number = DISCONNECT.deleted): void {
    this.isOpen = false;
    for (const identity of this.identities) this.remove(identity, reason);
  }

  #admit(identity: string, member: Member): void {
    this.remove(identity, DISCONNECT.duplicate);
    const participants = this.identities;
    this.#members.set(identity, member);
    member.deliver({ kind: "joined", identity, room: this.name, participants });
    this.#tell(identity, { kind: "participant", identity, present: true });
    this.#options.presence?.(identity, true);
  }

  #gone(identity: string, member: Member): void {
    if (this.#members.get(identity) !== member) return;
    this.#members.delete(identity);
    this.#tell(identity, { kind: "participant", identity, present: false });
    this.#options.presence?.(identity, false);
  }

  /** `from` is who sent it, whatever the frame says. */
  #route(from: string, frame: Frame): void {
    if (frame.kind === "rpc" || frame.kind === "rpc_answer") this.#pass({ ...frame, from });
    else if (frame.kind === "speech") this.#tell(from, { ...frame, from });
    else if (frame.kind === "text") this.#tell(from, { ...frame, from }, frame.to);
    else if (frame.kind === "data") {
      const bytes = Buffer.byteLength(frame.payload, "base64");
      if (bytes <= (this.#options.maxPacketBytes ?? MAX_PACKET_BYTES))
        this.#tell(from, { ...frame, from }, frame.to);
    }
  }

  #pass(frame: Frame & { kind: "rpc" | "rpc_answer" }): void {
    const member = this.#members.get(frame.to);
    if (member) member.deliver(frame);
    else if (frame.kind === "rpc") {
      const answer = { id: frame.id, from: frame.to, to: frame.from, error: RPC_ERRORS.recipientNotFound };
      this.#members.get(frame.from)?.deliver({ kind: "rpc_answer", ...answer });
    }
  }

  #tell(from: string, frame: Frame, to?: string[]): void {
    for (const [identity, member] of [...this.#members]) {
      if (identity !== from && (!to?.length || to.includes(identity))) member.deliver(frame);
    }
  }
}

function readToken(
  secret: string,
  token: string,
  clock: Clock,
): { identity: string; room: string } | undefined {
  const [head, payload, signature] = token.split(".");
  if (payload === undefined || signature !== sign(secret, `${head}.${payload}`)) return undefined;
  const { sub, exp, video } = JSON.parse(Buffer.from(payload, "base64url").toString());
  return exp * 1000 > clock.now() ? { identity: sub, room: video.room } : undefined;
}

function encode(part: unknown): string {
  return Buffer.from(JSON.stringify(part)).toString("base64url");
}

function sign(secret: string, text: string): string {
  return createHmac("sha256", secret).update(text).digest("base64url");
}
