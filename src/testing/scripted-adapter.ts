import { AstrocyteError } from "../core/errors.ts";
import type {
  Binding,
  Capabilities,
  PresentationAdapter,
  SessionCommand,
  SessionHandle,
  VendorBriefing,
  VendorPersona,
  VendorTurn,
} from "../presentation/adapter.ts";

type Faults = {
  /** Thrown by `open` before anything exists at the vendor. */
  refuse?: AstrocyteError;
  /** Thrown by `open` after the vendor made the session: an answer that got lost. */
  loseAnswer?: AstrocyteError;
  /** How many calls of `end` fail before one succeeds. */
  failEnds?: number;
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
  readonly faults: Faults = {};
  /** What `fetchTranscript` answers; undefined fails as a vendor that is down does. */
  record: { turns: VendorTurn[]; complete: boolean } | undefined = { turns: [], complete: true };
  /** Called inside `open`, after the vendor made the session. */
  onOpened: (vendorSessionId: string) => Promise<void> = async () => {};
  #count = 0;

  constructor(vendor = "scripted", capabilities: Partial<Capabilities> = {}) {
    this.vendor = vendor;
    this.capabilities = { ...CAPABILITIES, ...capabilities };
  }

  validate(persona: VendorPersona): string[] {
    return "unsupported" in persona.vendor ? ["unsupported is set"] : [];
  }

  async open(briefing: VendorBriefing, persona: VendorPersona, binding: Binding) {
    this.bindings.push(binding);
    if (this.faults.refuse) throw this.faults.refuse;
    const id = `v${++this.#count}`;
    const resource = { kind: "agent", id: `agent-${id}` };
    this.resources.add(resource.id);
    await binding.onResource(resource);
    this.running.set(id, { marker: binding.marker, briefing, persona });
    await this.onOpened(id);
    if (this.faults.loseAnswer) throw this.faults.loseAnswer;
    return {
      vendorSessionId: id,
      join: { kind: "scripted", url: `https://vendor.test/${id}` },
      resources: [resource],
    };
  }

  async end(session: SessionHandle) {
    if ((this.faults.failEnds ?? 0) > 0) {
      this.faults.failEnds = this.faults.failEnds! - 1;
      throw new AstrocyteError("vendor_failed", "[scripted] end failed. Try again.");
    }
    this.running.delete(session.vendorSessionId);
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
