import { AstrocyteError } from "../core/errors.ts";
import type {
  Binding,
  CallbackRequest,
  Capabilities,
  InboundCalls,
  PresentationAdapter,
  SessionCommand,
  SessionHandle,
  SessionReference,
  SocketCall,
  VendorBriefing,
  VendorPersona,
  VendorReply,
  VendorSocket,
  VendorTurn,
} from "../presentation/adapter.ts";

type Faults = {
  /** Thrown by `open` before anything exists at the vendor. */
  refuse?: AstrocyteError;
  /** Thrown by `open` after the vendor made the session: an answer that got lost. */
  loseAnswer?: AstrocyteError;
  /** How many calls of `end` fail before one succeeds. */
  failEnds?: number;
  /** How many signs of life the vendor refuses. */
  failKeepAlives?: number;
};

/** A vendor in a box: it keeps what it was told, holds sessions open until ended, and fails on demand. */
export class ScriptedAdapter implements PresentationAdapter {
  readonly vendor: string;
  readonly capabilities: Capabilities;
  readonly running: Map<string, { marker: string; briefing: VendorBriefing; persona: VendorPersona }> =
    new Map();
  readonly resources: Set<string> = new Set();
  readonly bindings: Binding[] = [];
  readonly commands: SessionCommand[] = [];
  readonly ended: string[] = [];
  readonly signsOfLife: string[] = [];
  /** Calls whose socket came in, with the socket. */
  readonly sockets: Array<{ socket: VendorSocket; call: SocketCall }> = [];
  /** What the page is given of the room besides its address. */
  joinData?: Record<string, unknown>;
  /** Set by a test, for a vendor that wants words of its own. */
  webhookReply?: NonNullable<PresentationAdapter["webhookReply"]>;
  toolResultInstruction?: NonNullable<PresentationAdapter["toolResultInstruction"]>;
  /** Calls come in as `{id, from, to}`, signed with `x-scripted-signature: good`; answers are JSON. */
  readonly inbound?: InboundCalls;
  readonly faults: Faults = {};
  /** What `fetchTranscript` answers; undefined fails as a vendor that is down does. */
  record: { turns: VendorTurn[]; complete: boolean } | undefined = { turns: [], complete: true };
  /** Called inside `open`, after the vendor made the session. */
  onOpened: (vendorSessionId: string) => Promise<void> = async () => {};
  #count = 0;

  constructor(vendor = "scripted", capabilities: Partial<Capabilities> = {}) {
    this.vendor = vendor;
    this.capabilities = { ...CAPABILITIES, ...capabilities };
    if (this.capabilities.inbound) this.inbound = INBOUND;
  }

  validate(persona: VendorPersona): string[] {
    return "unsupported" in persona.vendor ? ["unsupported is set"] : [];
  }

  async open(briefing: VendorBriefing, persona: VendorPersona, binding: Binding) {
    this.bindings.push(binding);
    if (this.faults.refuse) throw this.faults.refuse;
    const id = binding.inbound?.callId ?? `v${++this.#count}`;
    const resource = { kind: "agent", id: `agent-${id}` };
    this.resources.add(resource.id);
    await binding.onResource(resource);
    this.running.set(id, { marker: binding.marker, briefing, persona });
    await this.onOpened(id);
    if (this.faults.loseAnswer) throw this.faults.loseAnswer;
    return {
      vendorSessionId: id,
      join: {
        kind: "scripted",
        url: `https://vendor.test/${id}`,
        ...(this.joinData && { data: this.joinData }),
      },
      resources: [resource],
    };
  }

  async end(session: SessionHandle) {
    if ((this.faults.failEnds ?? 0) > 0) {
      this.faults.failEnds = this.faults.failEnds! - 1;
      throw new AstrocyteError("vendor_failed", "[scripted] end failed. Try again.");
    }
    this.running.delete(session.vendorSessionId);
    this.ended.push(session.vendorSessionId);
  }

  async release(resources: Array<{ id: string }>) {
    for (const { id } of resources) this.resources.delete(id);
  }

  async parseWebhook({ body, session }: { body: Uint8Array; session: SessionHandle }) {
    const message = JSON.parse(new TextDecoder().decode(body));
    if (message.id !== session.vendorSessionId)
      throw new AstrocyteError("unauthenticated", "[scripted] wrong session.");
    return message.events;
  }

  /** The account's callbacks: `{id, ours?, events}`, signed. */
  async sessionOfWebhook({ body, headers }: CallbackRequest): Promise<SessionReference | undefined> {
    assertSigned(headers);
    const { id, ours } = JSON.parse(new TextDecoder().decode(body));
    if (ours !== undefined) return { sessionId: ours };
    return id === undefined ? undefined : { vendorSessionId: id };
  }

  connect(socket: VendorSocket, call: SocketCall): void {
    this.sockets.push({ socket, call });
    socket.on("error", () => {});
    socket.on("message", (data) => socket.send(`heard ${data}`));
  }

  async keepAlive({ vendorSessionId }: SessionHandle) {
    this.signsOfLife.push(vendorSessionId);
    if ((this.faults.failKeepAlives ?? 0) === 0) return;
    this.faults.failKeepAlives = this.faults.failKeepAlives! - 1;
    throw new AstrocyteError("vendor_failed", "[scripted] no sign of life is taken. Try again.");
  }

  parseClientEvent(message: Record<string, unknown>) {
    return message["events"] as never;
  }

  async fetchTranscript() {
    if (!this.record) throw new AstrocyteError("vendor_failed", "[scripted] the vendor is down. Try again.");
    return this.record;
  }

  async isOpen(session: SessionHandle) {
    return this.running.has(session.vendorSessionId);
  }

  async listOpen() {
    return [...this.running].map(([vendorSessionId, { marker }]) => ({
      vendorSessionId,
      marker,
      createdAt: 0,
    }));
  }

  async command(_session: SessionHandle, command: SessionCommand) {
    this.commands.push(command);
  }

  clientInstruction(_session: SessionHandle, command: SessionCommand) {
    return { ...command };
  }
}

const INBOUND: InboundCalls = {
  answerWithinMs: 10_000,
  parse({ body, headers }) {
    assertSigned(headers);
    const { id, from, to } = JSON.parse(new TextDecoder().decode(body)) as Record<string, string>;
    return { callId: id!, from: from!, to: to!, facts: {} };
  },
  accept: ({ session, briefing, binding }) =>
    json(200, { accepted: session.vendorSessionId, greeting: briefing.greeting, socket: binding.socketUrl }),
  decline: ({ code }) => json(200, { declined: code }),
};

function json(status: number, body: object): VendorReply {
  return { status, contentType: "application/x-scripted+json", body: JSON.stringify(body) };
}

function assertSigned(headers: CallbackRequest["headers"]): void {
  if (headers["x-scripted-signature"] === "good") return;
  throw new AstrocyteError("unauthenticated", "[scripted] the signature is wrong.");
}

const CAPABILITIES: Capabilities = {
  family: "conversational",
  briefing: { kind: "inline" },
  customLlm: "openai-base-url",
  tools: "client",
  say: "server",
  respond: "none",
  interrupt: "none",
  appendContext: "client",
  transcript: ["webhook", "pull"],
  webhooks: "unsigned",
  stop: "server",
  speaksMarkup: true,
  maxMessageBytes: 4096,
  centsPerMinute: 30,
};
