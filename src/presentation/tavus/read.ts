import { AstrocyteError } from "../../core/errors.ts";
import { readName } from "./names.ts";
import type { Conversation, Face, MemoryStore, Pal, Tool } from "./types.ts";

/** Readers of Tavus's answers: lenient about what is there beside, strict about what we cannot do without. */
export type Row = Record<string, unknown>;

export function asRow(value: unknown): Row {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Row) : {};
}

export function asRows(value: unknown): Row[] {
  return Array.isArray(value) ? value.map(asRow) : [];
}

export function text(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

export function readConversation(row: Row): Conversation {
  return {
    id: required(row["conversation_id"], "conversation_id"),
    name: text(row["conversation_name"]) ?? "",
    url: text(row["conversation_url"]) ?? "",
    status: row["status"] === "ended" ? "ended" : "active",
    createdAt: readTime(row["created_at"]),
    updatedAt: readTime(row["updated_at"]),
    palId: readName(row, "palId"),
    faceId: readName(row, "faceId"),
    meetingToken: text(row["meeting_token"]),
    shutdownReason: text(row["shutdown_reason"]),
    events: asRows(row["events"]),
  };
}

export function readPal(row: Row): Pal {
  return {
    id: required(readName(row, "palId"), "pal_id"),
    name: readName(row, "palName") ?? "",
    layers: asRow(row["layers"]),
  };
}

export function readFace(row: Row): Face {
  return {
    id: required(readName(row, "faceId"), "face_id"),
    name: text(row["face_name"]) ?? text(row["replica_name"]) ?? "",
    status: text(row["status"]) ?? "",
  };
}

export function readTool(row: Row): Tool {
  return { id: required(row["tool_id"] ?? row["uuid"], "tool_id"), name: text(row["name"]) ?? "" };
}

export function readMemoryStore(row: Row): MemoryStore {
  const pinned = asRows(row["pinned_memories"]).map((memory) => ({
    id: text(memory["memory_id"]) ?? "",
    memory: text(memory["memory"]) ?? "",
  }));
  return {
    id: required(row["memory_store_id"], "memory_store_id"),
    pinned,
    learned: asRow(row["learned"]),
  };
}

/** Milliseconds of an ISO string or of Unix seconds: Tavus uses both (§10.1, §11). */
export function readTime(value: unknown): number | undefined {
  const ms =
    typeof value === "number" ? value * 1000 : typeof value === "string" ? Date.parse(value) : Number.NaN;
  return Number.isFinite(ms) ? Math.round(ms) : undefined;
}

function required(value: unknown, field: string): string {
  const found = text(value);
  if (found !== undefined) return found;
  throw new AstrocyteError(
    "vendor_failed",
    `[tavus] the answer lacks ${field}. The API may have changed: see docs/vendors/tavus.md.`,
    { retryable: false, details: { vendor: "tavus", field } },
  );
}
