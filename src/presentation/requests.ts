import type { AstrocyteError } from "../core/errors.ts";
import type { Binding, SessionHandle, VendorBriefing, VendorPersona, VendorTurn } from "./adapter.ts";

/*
 * What vendors ask of us: callbacks, calls that begin with them, sockets, their own custom-LLM dialects. Part of the
 * port: import it from `adapter.ts`.
 */

/** A request of the vendor's as it came in. */
export type CallbackRequest = {
  /** As the vendor called it, by our public address, with its query: some signatures cover it. */
  url: string;
  /** Raw bytes as they came: signatures cover exactly these. */
  body: Uint8Array;
  headers: Record<string, string | undefined>;
  query: Record<string, string>;
};

/** A callback, and the session that it belongs to. */
export type WebhookRequest = CallbackRequest & { session: SessionHandle };

/** A session as a vendor's callback names it: by its own id, or by ours. */
export type SessionReference = { vendorSessionId: string } | { sessionId: string };

/** An answer in the vendor's own format. */
export type VendorReply = { status: number; contentType: string; body: string };

/** Calls that begin at the vendor. The composer finds the person and opens the session; the adapter translates. */
export type InboundCalls = {
  /** The vendor gives up after this long, in milliseconds. */
  answerWithinMs: number;
  /** Verifies and reads the request. A forged one is an `unauthenticated` error. */
  parse(request: CallbackRequest): InboundCall;
  /** What the vendor is answered once `open` has gone well; also when it asks about the same call again. */
  accept(call: RunningCall): VendorReply;
  /** What the vendor is answered when there will be no session: the person should hear why. */
  decline(error: AstrocyteError): VendorReply;
};

/** A call that began at the vendor. Numbers are E.164 where the vendor says so. */
export type InboundCall = {
  /** The vendor's id of the call: the same call is opened once, however often it is asked about. */
  callId: string;
  from: string;
  to: string;
  facts: Record<string, string>;
};

/** The part of a `ws` socket that adapters use. */
export type VendorSocket = {
  send(data: string): void;
  close(code?: number, reason?: string): void;
  /** Bytes that wait to be sent. */
  readonly bufferedAmount: number;
  on(event: "message", listener: (data: Buffer, isBinary: boolean) => void): unknown;
  on(event: "close", listener: () => void): unknown;
  on(event: "error", listener: (error: Error) => void): unknown;
};

/** A session that runs, with everything that `open` was given: a restart of the gateway loses nothing. */
export type RunningCall = {
  session: SessionHandle;
  briefing: VendorBriefing;
  persona: VendorPersona;
  binding: Binding;
};

/** Whose socket it is. */
export type SocketCall = RunningCall & {
  /** The upgrade request; its body is empty. A forged one must be closed with 1008. */
  request: CallbackRequest;
  /** What was said before, oldest first: for a vendor that comes back after a lost connection. */
  turns: VendorTurn[];
};

/** Translates a vendor's own custom-LLM requests and answers, which the brain serves at `<brain.baseUrl>/dialects/<vendor>`. */
export type BrainDialect = {
  /** An OpenAI chat-completions body from the vendor's. Errors: `invalid_input`. */
  request(body: Record<string, unknown>): Record<string, unknown>;
  /** The vendor's form of a whole (not streamed) OpenAI answer. Streams pass as they are. */
  answer(completion: Record<string, unknown>): Record<string, unknown>;
  /** The vendor's form of an error, `body` being OpenAI's `{error: {message, type, param, code}}`; the same where absent. */
  refusal?(body: Record<string, unknown>, status: number): Record<string, unknown>;
};
