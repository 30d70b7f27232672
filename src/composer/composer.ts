import { AstrocyteError } from "../core/errors.ts";
import { openKey, sealKey } from "../core/secrets.ts";
import type { AstrocyteContext } from "../memory/types.ts";
import type {
  CallbackRequest,
  PresentationEvent,
  SessionCommand,
  VendorReply,
  VendorSocket,
} from "../presentation/adapter.ts";
import type { ComposerParts } from "./parts.ts";
import { Clockwork } from "./sessions/clockwork.ts";
import { type CommandOutcome, command } from "./sessions/commands.ts";
import { endSession } from "./sessions/end.ts";
import { forgetSubject } from "./sessions/forget.ts";
import {
  ACTIVE,
  handleOf,
  requireAdapter,
  requireCallback,
  requirePersona,
  requireSession,
} from "./sessions/lookup.ts";
import { brief, type Opened, openSession } from "./sessions/open.ts";
import { socketOf } from "./sessions/socket.ts";
import type { SweepReport } from "./sessions/sweep.ts";
import type { EventRow, SessionFilter, SessionRow, TurnRow } from "./store.ts";
import { answerCall } from "./telephone/answer.ts";
import { executeTool, type ToolCallRequest, type ToolCallResult } from "./tools/execute.ts";
import {
  acceptAccountWebhook,
  acceptClientEvents,
  acceptRoomEvents,
  acceptWebhook,
} from "./transcripts/inbox.ts";
import { briefingOf } from "./transcripts/remember.ts";
import { trustedTurns } from "./transcripts/turns.ts";
import type { Briefing, CreateSession } from "./types.ts";

/** Composes what is known, opens a session with it, and learns from what is said. */
export class Composer {
  readonly parts: ComposerParts;
  readonly #clockwork: Clockwork;

  constructor(parts: ComposerParts) {
    this.parts = parts;
    this.#clockwork = new Clockwork(parts);
  }

  /** Starts the heartbeat: sweeps what a crash left open, then watches limits and settles transcripts. */
  start(): void {
    this.#clockwork.start();
  }

  /** Stops the heartbeat and waits for what is under way. Sessions stay as they are: another process goes on. */
  close(): Promise<void> {
    return this.#clockwork.stop();
  }

  /** Does now what is due: inbox, guards, transcripts. The heartbeat calls it; so may a test or a script. */
  runDue(): Promise<void> {
    return this.#clockwork.runDue();
  }

  sweep(): Promise<SweepReport> {
    return this.#clockwork.sweep();
  }

  /** What the newest sweep found; undefined before the first. */
  get lastSweep(): SweepReport | undefined {
    return this.#clockwork.lastSweep;
  }

  /** The briefing of a session that is not opened. Costs what the sources and recalls cost, and no vendor call. */
  brief(request: Pick<CreateSession, "persona" | "subject" | "vendor" | "context">): Promise<Briefing> {
    const persona = requirePersona(this.parts, request.persona);
    return brief(this.parts, request, persona, requireAdapter(this.parts, request.vendor));
  }

  open(request: CreateSession): Promise<Opened> {
    return openSession(this.parts, request);
  }

  /** Errors: `not_found`, also for a session of another principal: ids are no oracle. */
  async get(id: string, context?: AstrocyteContext): Promise<SessionRow> {
    const row = await requireSession(this.parts, id);
    if (context && !mayManage(context, row)) {
      throw new AstrocyteError(
        "not_found",
        `[sessions] no session ${id}. Check the id, or list your sessions.`,
      );
    }
    return row;
  }

  list(filter: SessionFilter): Promise<SessionRow[]> {
    return this.parts.store.sessions.list(filter);
  }

  async briefing(id: string): Promise<Briefing | undefined> {
    return briefingOf(await requireSession(this.parts, id));
  }

  /** What was said, as the most trusted channel tells it: until the vendor's record comes, as the page does. */
  async transcript(id: string): Promise<TurnRow[]> {
    return trustedTurns(await this.parts.store.turns.list(id));
  }

  events(id: string, afterSeq: number, limit = 1000): Promise<EventRow[]> {
    return this.parts.store.events.list(id, afterSeq, limit);
  }

  subscribe(listener: (event: EventRow) => void): () => void {
    return this.parts.store.events.subscribe(listener);
  }

  async end(id: string, reason: string): Promise<SessionRow> {
    const row = await endSession(this.parts, id, reason);
    this.#soon();
    return row;
  }

  command(id: string, order: SessionCommand, fromPage?: boolean): Promise<CommandOutcome> {
    return command(this.parts, id, order, fromPage);
  }

  tool(id: string, call: ToolCallRequest): Promise<ToolCallResult> {
    return executeTool(this.parts, id, call);
  }

  /** A tool call that the page relays. `message` is the result as the vendor's data channel takes it. */
  async relayedTool(
    id: string,
    call: ToolCallRequest,
  ): Promise<ToolCallResult & { message?: Record<string, unknown> }> {
    const result = await this.tool(id, call);
    const row = await requireSession(this.parts, id);
    const told = { ...result, name: call.name };
    const message = requireAdapter(this.parts, row.vendor).toolResultInstruction?.(handleOf(row), told);
    return { ...result, ...(message && { message }) };
  }

  /**
   * A call that began at a vendor: opens its session and says what the vendor is answered. Errors:
   * `unauthenticated` for a forged request, `not_supported`; any other is part of the answer.
   */
  answerCall(vendor: string, request: CallbackRequest): Promise<VendorReply> {
    return answerCall(this.parts, vendor, request);
  }

  /** A tool call that the vendor itself delivers, signed with the session's tool key. */
  async vendorTool(vendor: string, pathSecret: string, request: CallbackRequest): Promise<ToolCallResult> {
    const row = await requireCallback(this.parts, vendor, pathSecret);
    const adapter = requireAdapter(this.parts, vendor);
    if (!adapter.parseToolRequest)
      throw new AstrocyteError("not_supported", `[tools] ${vendor} delivers no tool calls.`);
    const secret = sealKey(this.parts.secret, "tool", row.id);
    return this.tool(row.id, adapter.parseToolRequest({ ...request, session: handleOf(row) }, secret));
  }

  /**
   * Accepts a vendor's callback durably; the work follows. Returns what the vendor is answered, where it wants
   * words of its own. Errors: `unauthenticated`.
   */
  async webhook(
    vendor: string,
    pathSecret: string,
    request: CallbackRequest,
  ): Promise<VendorReply | undefined> {
    const reply = await acceptWebhook(this.parts, vendor, pathSecret, request);
    this.#soon();
    return reply;
  }

  /** As `webhook`, at the one address that a vendor calls for all of its account's sessions, ours or not. */
  async accountWebhook(vendor: string, request: CallbackRequest): Promise<VendorReply | undefined> {
    const reply = await acceptAccountWebhook(this.parts, vendor, request);
    this.#soon();
    return reply;
  }

  /** Messages of the vendor's data channel, relayed by the session's page. */
  async clientEvents(id: string, messages: Array<Record<string, unknown>>): Promise<void> {
    await acceptClientEvents(this.parts, await requireSession(this.parts, id), messages);
    this.#soon();
  }

  /**
   * Whose socket address was called: returns how the socket is taken. Errors: `unauthenticated` for an address
   * that is nobody's, `gone` after the end, `not_supported`.
   */
  socket(
    vendor: string,
    pathSecret: string,
    request: CallbackRequest,
  ): Promise<(socket: VendorSocket) => void> {
    return socketOf(this.parts, vendor, pathSecret, request);
  }

  /** What a room of this process reports about its session; durable when it returns. */
  async roomEvents(id: string, events: PresentationEvent[]): Promise<void> {
    await acceptRoomEvents(this.parts, await requireSession(this.parts, id), events);
    this.#soon();
  }

  /** Removes what sessions with a person kept of them; returns how many sessions there were. */
  async forgetSubject(subject: string, tenantId: string | null): Promise<number> {
    // What was accepted before is worked off first, so that it is removed and not added afterwards.
    await this.runDue();
    return forgetSubject(this.parts, subject, tenantId);
  }

  /** The session of a browser's token. Errors: `unauthenticated`, `gone` once it is over. */
  async bySessionToken(token: string): Promise<SessionRow> {
    const id = openKey(this.parts.secret, "session", token);
    const row = id === undefined ? undefined : await this.parts.store.sessions.get(id);
    if (!row)
      throw new AstrocyteError(
        "unauthenticated",
        "[sessions] unknown session token. Open a session to get one.",
      );
    if (!ACTIVE.includes(row.state))
      throw new AstrocyteError("gone", `[sessions] session ${row.id} is over.`);
    return row;
  }

  /** What was just accepted is worked off without waiting for the next beat; failures are the beat's to repeat. */
  #soon(): void {
    setImmediate(() => void this.runDue().catch(() => {}));
  }
}

/** The creator manages a session; administrators see all through `list`. */
function mayManage(context: AstrocyteContext, row: SessionRow): boolean {
  return context.principal === row.principal && (context.tenantId ?? null) === row.tenantId;
}
