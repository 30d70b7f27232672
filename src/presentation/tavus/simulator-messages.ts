import { isoMicros, type Row, type SimConversation, type World } from "./simulator-world.ts";

/** Sends on the room's data channel; numbered, stamped, and lost when too long (contract §10.1). */
export function broadcast(world: World, conversation: SimConversation, type: string, message: Row): void {
  conversation.seq++;
  const data = {
    message_type: type.startsWith("system.") ? "system" : "conversation",
    event_type: type,
    conversation_id: conversation.id,
    ...message,
    seq: conversation.seq,
    timestamp: world.clock.now() / 1000,
  };
  const text = JSON.stringify({ kind: "app-message", from: "tavus-replica", data });
  if (Buffer.byteLength(JSON.stringify(data)) > world.faults.appMessageLimit) return;
  for (const socket of conversation.people) socket.send(text);
}

/** The avatar's role is told under both names since the rename (§0.3). */
export function agentRoles({ faults }: World): string[] {
  return { both: ["replica", "pal"], legacy: ["replica"], new: ["pal"] }[faults.names];
}

export function systemEvents(
  { faults }: World,
  what: "joined" | "present",
  faceId: string,
): Array<[string, Row]> {
  const face = what === "joined";
  const legacy: [string, Row] = [`system.replica_${what}`, face ? { replica_id: faceId } : {}];
  const renamed: [string, Row] = [`system.pal_${what}`, face ? { face_id: faceId } : {}];
  return { both: [legacy, renamed], legacy: [legacy], new: [renamed] }[faults.names];
}

/** A row of the transcript; the type of its time differs from call to call (§11). */
export function transcriptRow(
  world: World,
  conversation: SimConversation,
  row: Row,
  durationS?: number,
): Row {
  const now = world.clock.now();
  const { rowTimestamps } = world.faults;
  return {
    ...row,
    ...(rowTimestamps !== "none" && { timestamp: rowTimestamps === "iso" ? isoMicros(now) : now / 1000 }),
    seconds_from_start: (now - conversation.createdAt) / 1000,
    ...(durationS !== undefined && { duration: durationS }),
  };
}

export function faceOf({ body, pal }: SimConversation): string {
  const found =
    body["face_id"] ?? body["replica_id"] ?? pal?.body["default_face_id"] ?? pal?.body["default_replica_id"];
  return String(found ?? "");
}
