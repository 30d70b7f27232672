import { type Answer, type Call, error, message, ok } from "./simulator-answer.ts";
import { isoMicros, nextId, type Row, type World } from "./simulator-world.ts";

/** Memory stores, contract §8. */
export function postMemoryStore(world: World, { body }: Call): Answer {
  const { pal_id, participant_tag } = (body ?? {}) as { pal_id: string; participant_tag: string };
  const taken = [...world.memoryStores.values()].some(
    ({ palId, tag }) => palId === pal_id && tag === participant_tag,
  );
  if (taken) return error(409, "a memory store exists");
  const id = nextId(world, "ms_");
  world.memoryStores.set(id, { id, palId: pal_id, tag: participant_tag, pinned: [] });
  return ok({ memory_store_id: id });
}

export function listMemoryStores(world: World, { query }: Call): Answer {
  const rows = [...world.memoryStores.values()].filter(
    ({ palId, tag }) => palId === query.get("pal_id") && tag === query.get("participant_tag"),
  );
  return ok({ data: rows.map(({ id }) => ({ memory_store_id: id })) });
}

export function getMemoryStore(world: World, _call: Call, id: string): Answer {
  const store = world.memoryStores.get(id);
  if (!store) return message(403, "Forbidden");
  const { palId, tag, pinned } = store;
  return ok({
    memory_store_id: id,
    pal_id: palId,
    participant_tag: tag,
    pinned_memories: pinned,
    learned: {},
  });
}

export function pinMemory(world: World, { body }: Call, id: string): Answer {
  const store = world.memoryStores.get(id);
  const memory = String((body as Row | undefined)?.["memory"] ?? "");
  if (!store) return message(403, "Forbidden");
  if (memory.length > 500) return error(400, "memory is too long");
  if (store.pinned.length >= 30) return error(400, "Pinned memory limit reached (30 per store)");
  const row = { memory_id: nextId(world, "pm_"), memory, created_at: isoMicros(world.clock.now()) };
  store.pinned.push(row);
  return ok(row);
}

export function unpinMemory(world: World, _call: Call, id: string, memoryId: string): Answer {
  const store = world.memoryStores.get(id);
  const at = store?.pinned.findIndex((row) => row["memory_id"] === memoryId) ?? -1;
  if (!store || at < 0) return message(404, "Not Found");
  store.pinned.splice(at, 1);
  return { status: 204 };
}
