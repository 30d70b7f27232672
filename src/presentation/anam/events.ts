import { randomUUID } from "node:crypto";
import { AstrocyteError } from "../../core/errors.ts";

import { safeEqual, sha256 } from "../../core/secrets.ts";
import type {
  PresentationEvent,
  SessionCommand,
  SessionHandle,
  ToolCallEvent,
  ToolResultMessage,
  VendorTurn,
  WebhookRequest,
} from "../adapter.ts";
import { readPresence } from "../presence.ts";
import { asRow, parseRow, type Row, readTime, text } from "../read.ts";
import { TOOL_HEADERS } from "./bodies.ts";

/**
 * A method of Anam's client for the page to call with `text`: it puts the session's id, which we do not know, into
 * its messages itself (SDK, `AnamClient`).
 */
export function clientInstruction(_session: SessionHandle, command: SessionCommand): Row {
  switch (command.kind) {
    case "say":
      return { method: "talk", text: command.text };
    case "respond":
      return { method: "sendUserMessage", text: command.text };
    case "append_context":
      return { method: "addContext", text: command.text };
    case "interrupt":
      return { method: "interruptPersona" };
  }
}

/** For the handler of the tool in the page, whose value Anam's client sends; a silent one's joins the context. */
export function toolResultInstruction(_session: SessionHandle, outcome: ToolResultMessage): Row {
  const { toolCallId, name, status, output, result } = outcome;
  if (result === "silent") return { method: "addContext", toolCallId, text: `${name}: ${output}` };
  return { method: "toolResult", toolCallId, text: output, isError: status === "error" };
}

/** What the page reports: presence, a message of the client's history, the end as Anam's server tells it. */
export function parseClientEvent(message: Row): PresentationEvent[] {
  const presence = readPresence(message);
  if (presence) return [presence];
  if (message["event"] === "message") return readMessage(asRow(message["message"]));
  // What else closes a connection may be followed by another one.
  if (message["event"] === "closed" && message["code"] === "CONNECTION_CLOSED_CODE_SERVER_CLOSED_CONNECTION")
    return [{ type: "ended", reason: "ended_at_vendor" }];
  return [];
}

/** `id` is `<role>::<message id>`. */
function readMessage({ id, role, content, interrupted }: Row): PresentationEvent[] {
  const [key, words] = [text(id), text(content)];
  if (key === undefined || words === undefined) return [];
  const cut = interrupted === true && { interrupted: true };
  return [{ type: "turn", turn: { key, role: roleOf(role), text: words, ...cut } }];
}

/**
 * A message of Anam's record. It has no id: role, words and second are the key, and those that say the same within
 * one second are counted. Rows of one instant keep their order: the example's times are whole seconds.
 */
export function readTurns(rows: Row[]): VendorTurn[] {
  const seen = new Map<string, number>();
  let last = Number.NEGATIVE_INFINITY;
  return rows.flatMap((row) => {
    const [words, at] = [text(row["message"]), readTime(row["timestamp"])];
    if (words === undefined) return [];
    const role = roleOf(row["role"]);
    const base = `${role}:${at === undefined ? "" : Math.floor(at / 1000)}:${sha256(words).slice(0, 16)}`;
    const count = seen.get(base) ?? 0;
    seen.set(base, count + 1);
    const key = count === 0 ? base : `${base}:${count}`;
    const cut = row["wasInterrupted"] === true && { interrupted: true };
    if (at !== undefined) last = Math.max(at, last + 1);
    return [{ key, role, text: words, ...(at !== undefined && { at: last }), ...cut }];
  });
}

function roleOf(role: unknown): "user" | "agent" {
  return role === "user" ? "user" : "agent";
}

/** A webhook tool's call. It has no id, so that each request is a call of its own; its body is the arguments. */
export function parseToolRequest({ headers, body }: WebhookRequest, secret: string): ToolCallEvent {
  const name = headers[TOOL_HEADERS.name];
  if (!safeEqual(headers[TOOL_HEADERS.secret] ?? "", secret) || !name) {
    throw new AstrocyteError(
      "unauthenticated",
      `[anam] the tool call does not carry the session's secret in ${TOOL_HEADERS.secret}, or no name.`,
    );
  }
  const args = body.length === 0 ? {} : parseRow("anam", body);
  return { type: "tool_call", toolCallId: `call_${randomUUID()}`, name, arguments: JSON.stringify(args) };
}
