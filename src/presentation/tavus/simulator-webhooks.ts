import { track } from "../simulator-server.ts";
import { isoMicros, type Row, type SimConversation, type World } from "./simulator-world.ts";

/** Notes an event of the conversation and posts it to the callback: unsigned, in order unless told otherwise. */
export function emit(world: World, conversation: SimConversation, type: string, properties: Row): void {
  const event: Row = {
    properties,
    conversation_id: conversation.id,
    webhook_url: String(conversation.body["callback_url"] ?? ""),
    event_type: type,
    message_type: type.split(".")[0] === "system" ? "system" : "application",
    timestamp: isoMicros(world.clock.now()),
  };
  conversation.events.push(event);
  conversation.updatedAt = world.clock.now();
  const { missing } = world.faults.webhooks;
  if (event["webhook_url"] === "" || missing.includes("*") || missing.includes(type)) return;
  queue(world, conversation, event);
}

type Outbox = { waiting: Row[]; sending: boolean };
const outboxes = new WeakMap<SimConversation, Outbox>();

function queue(world: World, conversation: SimConversation, event: Row): void {
  const outbox = outboxes.get(conversation) ?? { waiting: [], sending: false };
  outboxes.set(conversation, outbox);
  outbox.waiting.push(event);
  if (outbox.sending) return;
  outbox.sending = true;
  const { delayMs } = world.faults.webhooks;
  const flush = () => track(world, deliverAll(world, outbox));
  if (delayMs > 0) world.clock.after(delayMs, flush);
  else flush();
}

async function deliverAll(world: World, outbox: Outbox): Promise<void> {
  // Lets what belongs together gather, so that neighbours can change places.
  await new Promise((resolve) => setImmediate(resolve));
  while (outbox.waiting.length > 0) {
    const { duplicate, outOfOrder } = world.faults.webhooks;
    const batch = outbox.waiting.splice(0, 2);
    for (const event of outOfOrder ? batch.reverse() : batch) {
      for (let times = duplicate ? 2 : 1; times > 0; times--) await deliver(world, event);
    }
  }
  outbox.sending = false;
}

async function deliver(world: World, event: Row): Promise<void> {
  const url = String(event["webhook_url"]);
  const headers = { "content-type": "application/json" };
  const answer = await fetch(url, { method: "POST", headers, body: JSON.stringify(event) }).catch(
    () => undefined,
  );
  await answer?.arrayBuffer().catch(() => undefined);
  world.webhooks.push({ url, event, status: answer?.status ?? 0 });
}
