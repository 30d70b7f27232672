import { zipSync } from "fflate";
import { nextId, type SimChat, type SimExport, type World } from "./simulator-world.ts";

/** Begins an export of what is saved of an agent's chats (contract §2.7). */
export function beginExport(world: World, agentId: string, from: number): SimExport {
  const now = world.clock.now();
  const chats = [...world.chats.values()].filter(
    (chat) => chat.agentId === agentId && chat.createdAt >= from && chat.messages.length > 0,
  );
  const made: SimExport = {
    id: nextId(world, "exp_"),
    status: world.faults.exportsFail ? "error" : "done",
    readyAt: now + world.timing.exportAfterMs,
    archive: world.faults.bomb ? bomb() : zipSync(Object.fromEntries(chats.map((chat) => file(chat, now)))),
  };
  world.exports.set(made.id, made);
  return made;
}

function file({ id, agentId, createdAt, messages }: SimChat, now: number): [string, Uint8Array] {
  const saved = messages.filter(({ savedAt }) => savedAt <= now).map(({ savedAt: _, ...message }) => message);
  const json = JSON.stringify({ chatId: id, agentId, messages: saved });
  return [`_${createdAt}_#_${id}.json`, new TextEncoder().encode(json)];
}

/** A few kilobytes that become 64 MiB. */
function bomb(): Uint8Array {
  return zipSync({ "bomb.json": new Uint8Array(64 * 1024 * 1024) });
}
