import { AstrocyteError } from "../../core/errors.ts";
import type {
  CallbackRequest,
  InboundCall,
  InboundCalls,
  PresentationEvent,
  RunningCall,
  SessionReference,
  VendorReply,
  WebhookRequest,
} from "../adapter.ts";
import type { TwilioConfig } from "./config.ts";
import { verifiedForm } from "./signature.ts";
import { connect, dial, hangUp, sayAndHangUp } from "./twiml.ts";

type Form = Record<string, string>;

/** A socket that held this long counts as one that works: the count of reconnects begins anew. Seconds. */
const HELD_SECONDS = 30;
const FACTS = [
  "CallerName",
  "ForwardedFrom",
  "FromCity",
  "FromState",
  "FromZip",
  "FromCountry",
  "StirVerstat",
];
const ATTESTED = /^TN-Validation-Passed-A/;

/** Calls that ring at a number of ours (contract §E.1). */
export function inboundCalls(config: TwilioConfig): InboundCalls {
  return {
    answerWithinMs: config.answer_within_ms,
    parse: (request) => readInbound(config, verified(config, request)),
    accept: (call) => connect(config, call, 0),
    decline: ({ code }) => sayAndHangUp(config.decline[wording(code)], config.decline_language),
  };
}

function readInbound(config: TwilioConfig, form: Form): InboundCall {
  const { CallSid: callId = "", From: from = "", To: to = "" } = form;
  if (callId === "") throw new AstrocyteError("invalid_input", "[twilio] the request names no call.");
  const vouched = config.caller_attestation === "ignore" || ATTESTED.test(form["StirVerstat"] ?? "");
  const facts = FACTS.flatMap((name) => (form[name] ? [[snake(name), form[name]] as const] : []));
  return { callId, from: vouched ? from : "anonymous", to, facts: Object.fromEntries(facts) };
}

function wording(code: AstrocyteError["code"]): keyof TwilioConfig["decline"] {
  if (code === "not_found" || code === "access_denied" || code === "unauthenticated") return "unknown_caller";
  return code === "rate_limited" || code === "quota_exceeded" || code === "vendor_capacity"
    ? "busy"
    : "unavailable";
}

/** Whose call a callback for the whole account is about. */
export function sessionOf(config: TwilioConfig, request: CallbackRequest): SessionReference | undefined {
  const { CallSid } = verified(config, request);
  return CallSid === undefined ? undefined : { vendorSessionId: CallSid };
}

/** A change of the call's state, or the end of a ConversationRelay (§E.2). */
export function readCallback(config: TwilioConfig, request: WebhookRequest): PresentationEvent[] {
  const form = verified(config, request);
  const { CallSid: sid = "" } = form;
  const expected = request.session.vendorSessionId;
  if (sid === "" || (expected !== "" && sid !== expected)) throw forged("another call");
  const identified: PresentationEvent[] =
    expected === "" ? [{ type: "identified", vendorSessionId: sid }] : [];
  return [...identified, ...(isRelayEnd(form) ? relayEnd(config, form, request) : callState(form))];
}

/** How the call goes on after its ConversationRelay: handed over, connected again, or not at all. */
export function reply(
  config: TwilioConfig,
  request: WebhookRequest,
  call: RunningCall | undefined,
): VendorReply {
  const form = Object.fromEntries(new URLSearchParams(new TextDecoder().decode(request.body)));
  if (!isRelayEnd(form)) return { status: 204, contentType: "text/xml", body: "" };
  const { to } = readHandoff(form);
  if (to !== undefined) return dial(to);
  const attempt = nextAttempt(config, form, request);
  return call && attempt !== undefined ? connect(config, call, attempt) : hangUp();
}

/** What comes back as `HandoffData`. It is ours: only our own socket can send it, and Twilio signs its way back. */
export type Handoff = { reason: string; to?: string };

function readHandoff({ HandoffData = "" }: Form): Partial<Handoff> {
  try {
    const { reason, to } = JSON.parse(HandoffData) as Record<string, unknown>;
    return { ...(typeof reason === "string" && { reason }), ...(typeof to === "string" && { to }) };
  } catch {
    return {};
  }
}

function relayEnd(config: TwilioConfig, form: Form, request: WebhookRequest): PresentationEvent[] {
  if (nextAttempt(config, form, request) !== undefined) {
    const facts = { error_code: form["ErrorCode"] ?? null };
    return [{ type: "other", name: "relay_lost", facts }];
  }
  if (readHandoff(form).to !== undefined) return [{ type: "ended", reason: "handed_over" }];
  return [{ type: "ended", reason: lost(form) ? "relay_lost" : "call_completed" }];
}

/** The number of the connection to make, when the last one was lost and the caller still holds the line. */
function nextAttempt(config: TwilioConfig, form: Form, { query }: WebhookRequest): number | undefined {
  if (!lost(form) || form["CallStatus"] !== "in-progress") return undefined;
  const held = Number(form["SessionDuration"] ?? 0) >= HELD_SECONDS;
  const attempt = held ? 1 : Number(query["attempt"] ?? 0) + 1;
  return attempt <= config.max_reconnects ? attempt : undefined;
}

function lost(form: Form): boolean {
  return form["SessionStatus"] === "failed" || (form["ErrorCode"] ?? "") !== "";
}

function isRelayEnd(form: Form): boolean {
  return form["SessionId"] !== undefined || form["SessionStatus"] !== undefined;
}

const OVER = new Set(["completed", "busy", "failed", "no-answer", "canceled"]);

function callState({ CallStatus: status = "" }: Form): PresentationEvent[] {
  if (OVER.has(status)) return [{ type: "ended", reason: `call_${status.replace("-", "_")}` }];
  return [{ type: "other", name: "call", facts: { status } }];
}

function verified(config: TwilioConfig, request: CallbackRequest): Form {
  const form = verifiedForm(config.auth_token, request);
  if (form["AccountSid"] === config.account_sid) return form;
  throw forged("another account");
}

function forged(whose: string): AstrocyteError {
  return new AstrocyteError("unauthenticated", `[twilio] the request is about ${whose}.`);
}

function snake(name: string): string {
  return name.replace(/(?<=[a-z])[A-Z]/g, (char) => `_${char}`).toLowerCase();
}
