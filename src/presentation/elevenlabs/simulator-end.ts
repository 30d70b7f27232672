import { createHmac } from "node:crypto";
import { asRow } from "../read.ts";
import { track } from "../simulator-server.ts";
import { recordOf } from "./simulator-record.ts";
import { partsOf, type Row, type SimConversation, seconds, type World } from "./simulator-world.ts";

/** Ends a conversation, once: the line first, then the record, then the webhook. */
export function endTalk(world: World, conversation: SimConversation, reason: string, code: number): void {
  if (conversation.endedAt !== undefined) return;
  const { clock, timing } = world;
  conversation.endedAt = clock.now();
  conversation.reason = reason;
  conversation.status = "processing";
  conversation.asking?.abort();
  for (const cancel of conversation.timers) cancel();
  for (const answer of conversation.toolResults.values())
    answer({ result: "The call ended.", is_error: true });
  conversation.hangUp(code, reason.slice(0, 100));
  const finish = () => {
    conversation.status = code === 1000 ? "done" : "failed";
    postCall(world, conversation.agent.body, "post_call_transcription", recordOf(conversation));
  };
  if (timing.processing > 0) clock.after(timing.processing, finish);
  else finish();
}

/** Tells the workspace's webhook, unless the agent names another. */
export function postCall(world: World, agent: Row, type: string, data: Row): void {
  const { postCall: hook, faults, clock } = world;
  const named = asRow(
    asRow(partsOf({ id: "", body: agent, createdAt: 0 }).platform["workspace_overrides"])["webhooks"],
  );
  const id = named["post_call_webhook_id"];
  if (
    !hook ||
    hook.disabled ||
    (id !== undefined && id !== hook.id) ||
    faults.webhooks.missing.includes(type)
  )
    return;
  const event = { type, event_timestamp: seconds(clock.now()), data };
  const body = JSON.stringify(event);
  outbox(world).push(body);
  track(world, flush(world));
}

const outboxes = new WeakMap<World, string[]>();

function outbox(world: World): string[] {
  const found = outboxes.get(world) ?? [];
  outboxes.set(world, found);
  return found;
}

/** What ends together may change places. */
async function flush(world: World): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
  const { duplicate, outOfOrder } = world.faults.webhooks;
  const batch = outbox(world).splice(0);
  for (const body of outOfOrder ? batch.reverse() : batch)
    for (let times = duplicate ? 2 : 1; times > 0; times--) await deliver(world, body);
}

/** Ten failures in a row, the last success a week ago: ElevenLabs gives up (contract §A.11). */
const MAX_FAILURES = 10;
const WEEK_MS = 7 * 86_400_000;

async function deliver(world: World, body: string): Promise<void> {
  const hook = world.postCall;
  if (!hook || hook.disabled) return;
  const headers = {
    "content-type": "application/json",
    "ElevenLabs-Signature": sign(hook.secret, body, seconds(world.clock.now())),
  };
  const answer = await fetch(hook.url, { method: "POST", headers, body }).catch(() => undefined);
  await answer?.arrayBuffer().catch(() => undefined);
  world.webhooks.push({ url: hook.url, headers, body, status: answer?.status ?? 0 });
  if (answer?.status === 200) Object.assign(hook, { failures: 0, lastSuccess: world.clock.now() });
  else hook.failures++;
  hook.disabled = hook.failures >= MAX_FAILURES && world.clock.now() - hook.lastSuccess > WEEK_MS;
}

/** `t=…,v0=…` of these bytes at that second. */
export function sign(secret: string, body: string, at: number): string {
  return `t=${at},v0=${createHmac("sha256", secret).update(`${at}.${body}`).digest("hex")}`;
}
