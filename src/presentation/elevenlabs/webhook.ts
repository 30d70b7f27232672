import { createHmac } from "node:crypto";
import type { Clock } from "../../core/clock.ts";
import { AstrocyteError } from "../../core/errors.ts";
import { safeEqual, sha256 } from "../../core/secrets.ts";
import type {
  CallbackRequest,
  PresentationEvent,
  SessionReference,
  ToolCallEvent,
  WebhookRequest,
} from "../adapter.ts";
import { asRow, parseRow, type Row, text } from "../read.ts";
import { type Finder, isRunning, recordsOf, vendorSessionOf } from "./sessions.ts";
import { OURS, TOOL_SECRET_HEADER } from "./tools.ts";
import { endedAt, endReason, readTranscript } from "./transcript.ts";

export type WebhookReader = Finder & { clock: Clock };

/** Whose call a webhook of the workspace tells of; `undefined` for other agents' calls. */
export async function sessionOfWebhook(
  reader: WebhookReader,
  request: CallbackRequest,
): Promise<SessionReference | undefined> {
  const data = asRow(verified(reader, request)["data"]);
  const vendorSessionId = vendorSessionOf(reader.config, data);
  return vendorSessionId === undefined ? undefined : { vendorSessionId };
}

/** A signed post-call webhook (contract §A.11). Audio, which is large, means nothing to us. */
export async function parseWebhook(
  reader: WebhookReader,
  request: WebhookRequest,
): Promise<PresentationEvent[]> {
  const event = verified(reader, request);
  const data = asRow(event["data"]);
  const { vendorSessionId } = request.session;
  if (vendorSessionOf(reader.config, data) !== vendorSessionId) throw anotherSession();
  switch (text(event["type"])) {
    case "post_call_transcription": {
      const told: PresentationEvent = { type: "transcript", turns: readTranscript(data), complete: true };
      return (await goesOn(reader, vendorSessionId, data)) ? [told] : [told, ended(data)];
    }
    case "call_initiation_failure":
      return [{ type: "ended", reason: "vendor_call_initiation_failure" }];
    default:
      return [];
  }
}

function ended(data: Row): PresentationEvent {
  const at = endedAt(data);
  return { type: "ended", reason: endReason(data), ...(at !== undefined && { at }) };
}

/** A page that lost its connection may have come back in another conversation, which is not over. */
async function goesOn(reader: WebhookReader, vendorSessionId: string, data: Row): Promise<boolean> {
  const records = await recordsOf(reader, vendorSessionId).catch(() => []);
  return records.some((each) => isRunning(each) && each["conversation_id"] !== data["conversation_id"]);
}

function verified({ config, clock }: WebhookReader, request: CallbackRequest): Row {
  const { webhook_secret: secret } = config;
  const header = headerOf(request, "elevenlabs-signature");
  if (secret !== undefined && verifyElevenLabsSignature(secret, request.body, header, clock.now()))
    return parseRow("elevenlabs", request.body);
  throw new AstrocyteError(
    "unauthenticated",
    "[elevenlabs] the webhook's signature is wrong or too old. Check presentation.elevenlabs.webhook_secret, the clock, and that nothing on the way rewrites bodies.",
  );
}

/**
 * A tool call that ElevenLabs made to our API. It signs nothing, so the session's secret stands in a header. One
 * call has one body, with its time and conversation: a repeat of it is the same call.
 */
export function parseToolRequest(request: WebhookRequest, secret: string): ToolCallEvent {
  if (!safeEqual(headerOf(request, TOOL_SECRET_HEADER) ?? "", secret)) {
    throw new AstrocyteError(
      "unauthenticated",
      `[elevenlabs] the tool call does not carry the session's secret in ${TOOL_SECRET_HEADER}.`,
    );
  }
  const {
    [OURS.tool]: name,
    [OURS.conversation]: _c,
    [OURS.time]: _t,
    ...args
  } = parseRow("elevenlabs", request.body);
  if (text(name) === undefined) {
    throw new AstrocyteError(
      "invalid_input",
      `[elevenlabs] the tool call lacks ${OURS.tool}. See docs/vendors/elevenlabs.md on tools of your own agent.`,
    );
  }
  const toolCallId = `call_${sha256(request.body).slice(0, 32)}`;
  return { type: "tool_call", toolCallId, name: String(name), arguments: JSON.stringify(args) };
}

export function headerOf({ headers }: CallbackRequest, wanted: string): string | undefined {
  return Object.entries(headers).find(([name]) => name.toLowerCase() === wanted)?.[1];
}

function anotherSession(): AstrocyteError {
  return new AstrocyteError(
    "unauthenticated",
    "[elevenlabs] the webhook tells of another session's call. It is not this session's.",
  );
}

/** Older than this, or as far ahead, is refused (contract §A.11; ElevenLabs's own helper lets the future pass). */
export const TOLERANCE_MS = 30 * 60_000;

/**
 * Whether `header` (`t=<unix seconds>,v0=<hex>`) signs these bytes now: HMAC-SHA256 of `<t>.<raw body>`, compared
 * in constant time. Several `v0` may be there while a secret is replaced.
 */
export function verifyElevenLabsSignature(
  secret: string,
  body: Uint8Array,
  header: string | undefined,
  now: number,
): boolean {
  const parts = (header ?? "").split(",").map((part) => part.trim());
  const after = (part: string) => part.slice(part.indexOf("=") + 1);
  const t = parts.filter((part) => part.startsWith("t=")).map(after)[0] ?? "";
  if (!/^\d{1,12}$/.test(t) || Math.abs(now - Number(t) * 1000) > TOLERANCE_MS) return false;
  const expected = createHmac("sha256", secret).update(`${t}.`).update(body).digest("hex");
  const given = parts.filter((part) => part.startsWith("v0=")).map(after);
  return given.filter((each) => safeEqual(each, expected)).length > 0;
}
