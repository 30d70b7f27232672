import { asRow, asRows, type Row, readTime, required, text } from "../read.ts";
import { readName } from "./names.ts";

/** A conversation in our own terms, whichever vocabulary it came in (contract §2). */
export type Conversation = {
  id: string;
  name: string;
  /** Address of the Daily room. */
  url: string;
  status: "active" | "ended";
  createdAt: number | undefined;
  updatedAt: number | undefined;
  palId: string | undefined;
  faceId: string | undefined;
  /** Only in the answer of a create with `require_auth`. */
  meetingToken: string | undefined;
  shutdownReason: string | undefined;
  /** What was posted to the callback, replayed; only in a verbose get. */
  events: Array<Record<string, unknown>>;
};

/** An agent as Tavus keeps it (contract §3). */
export type Pal = { id: string; name: string; layers: Record<string, unknown> };

/** An avatar's look (§4). */
export type Face = { id: string; name: string; status: string };

/** A registered tool (§9.1). */
export type Tool = { id: string; name: string };

/** Body of `POST /v2/tools` (§9.1), as far as we use it. */
export type NewTool = {
  name: string;
  description: string;
  parameters: Record<string, unknown>;
  on_call: "generate_filler" | "static_filler" | "silent" | "passthrough";
  static_filler?: string;
  on_resolve: "generate_response" | "add_to_context";
  delivery: { app_message: boolean; api?: ApiDelivery };
  tags: string[];
};

export type ApiDelivery = {
  url: string;
  method: "POST";
  /** Seconds, at most 60. */
  timeout: number;
  auth: { type: "hmac"; secret: string };
};

/** A store of what Tavus remembers of one person with one PAL (§8). */
export type MemoryStore = {
  id: string;
  pinned: Array<{ id: string; memory: string }>;
  learned: Record<string, unknown>;
};

/** RFC 6902. */
export type JsonPatch = Array<{ op: "add" | "replace" | "remove"; path: string; value?: unknown }>;

export type Page<T> = { items: T[]; total: number };

export function readConversation(row: Row): Conversation {
  return {
    id: required("tavus", row["conversation_id"], "conversation_id"),
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
    id: required("tavus", readName(row, "palId"), "pal_id"),
    name: readName(row, "palName") ?? "",
    layers: asRow(row["layers"]),
  };
}

export function readFace(row: Row): Face {
  return {
    id: required("tavus", readName(row, "faceId"), "face_id"),
    name: text(row["face_name"]) ?? text(row["replica_name"]) ?? "",
    status: text(row["status"]) ?? "",
  };
}

export function readTool(row: Row): Tool {
  return { id: required("tavus", row["tool_id"] ?? row["uuid"], "tool_id"), name: text(row["name"]) ?? "" };
}

export function readMemoryStore(row: Row): MemoryStore {
  const pinned = asRows(row["pinned_memories"]).map((memory) => ({
    id: text(memory["memory_id"]) ?? "",
    memory: text(memory["memory"]) ?? "",
  }));
  return {
    id: required("tavus", row["memory_store_id"], "memory_store_id"),
    pinned,
    learned: asRow(row["learned"]),
  };
}
