import { asRow, asRows, type Row, readTime, required, text } from "../read.ts";
import { readName } from "./names.ts";
import type { Conversation, Face, MemoryStore, Pal, Tool } from "./types.ts";

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
