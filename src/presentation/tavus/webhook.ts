import { createHmac } from "node:crypto";
import { AstrocyteError } from "../../core/errors.ts";
import { safeEqual } from "../../core/secrets.ts";
import type { PresentationEvent, ToolCallEvent, WebhookRequest } from "../adapter.ts";
import { asRow, type Row, text } from "../read.ts";
import { readEvent } from "./events.ts";
import { plainToolName } from "./tools.ts";

/**
 * A callback of the conversation. Tavus does not sign these (contract §11): the composer has found the session
 * by the secret in the path, and the body must name that session's conversation. Take it as a hint.
 */
export function parseTavusWebhook(request: WebhookRequest): PresentationEvent[] {
  const event = readBody(request.body);
  requireConversation(event, request);
  return readEvent(event);
}

/** A tool call that Tavus sent to our API, signed over the raw body (§9.3). */
export function parseTavusToolRequest(request: WebhookRequest, secret: string): ToolCallEvent {
  const header = Object.entries(request.headers).find(([name]) => name.toLowerCase() === "x-tavus-signature");
  if (!verifyTavusSignature(secret, request.body, header?.[1])) {
    throw new AstrocyteError(
      "unauthenticated",
      "[tavus] the tool call's signature is wrong. Check that nothing between Tavus and here rewrites bodies.",
    );
  }
  const call = readBody(request.body);
  requireConversation(call, request);
  const [name, toolCallId] = [text(call["name"]), text(call["tool_call_id"])];
  if (name === undefined || toolCallId === undefined) throw malformed("lacks name or tool_call_id");
  return { type: "tool_call", toolCallId, name: plainToolName(name), arguments: argumentsOf(call) };
}

/**
 * Whether `X-Tavus-Signature` of a tool call delivered to our API is that of the exact bytes that came:
 * lowercase hex of HMAC-SHA256, no prefix, no timestamp (contract §9.3). Conversation webhooks carry none.
 * The missing timestamp lets a call be replayed: `tool_call_id` must be executed once.
 */
export function verifyTavusSignature(secret: string, body: Uint8Array, header: string | undefined): boolean {
  if (secret === "" || header === undefined) return false;
  return safeEqual(header.trim(), createHmac("sha256", secret).update(body).digest("hex"));
}

/** JSON text, whether it came as text or as an object (§10.2). */
export function argumentsOf(call: Row): string {
  const args = call["arguments"];
  return typeof args === "string" ? args : JSON.stringify(args ?? {});
}

function readBody(body: Uint8Array): Row {
  try {
    const parsed: unknown = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(body));
    const row = asRow(parsed);
    if (row === parsed) return row;
  } catch {
    // Told below, without the parser's quote of the body.
  }
  throw malformed("is no JSON object");
}

function requireConversation(event: Row, { session }: WebhookRequest): void {
  const id = text(event["conversation_id"]);
  if (id !== undefined && session.vendorSessionId !== "" && safeEqual(id, session.vendorSessionId)) return;
  throw new AstrocyteError(
    "unauthenticated",
    "[tavus] the callback names another conversation than this session's. It is not from this session.",
  );
}

function malformed(what: string): AstrocyteError {
  return new AstrocyteError("invalid_input", `[tavus] the callback ${what}. Send what Tavus documents.`);
}
