import type { Clock } from "../../core/clock.ts";
import { AstrocyteError } from "../../core/errors.ts";
import type { VendorResource } from "../adapter.ts";
import { idsOf, MARKER_PREFIX, type ResourceKind, releaseAll } from "../resources.ts";
import type { LiveAvatarApi } from "./api.ts";
import { stopReason } from "./events.ts";

/** Stops a session. One that is over or unknown is a success, whatever the status said. */
export function endSession(api: LiveAvatarApi, id: string, reason: string): Promise<void> {
  return unlessOver(api, id, api.sessions.stop(id, stopReason(reason)));
}

/** A sign of life. A session that is over, unknown or not begun needs none. */
export function keepAlive(api: LiveAvatarApi, id: string): Promise<void> {
  return unlessOver(api, id, api.sessions.keepAlive(id));
}

async function unlessOver(api: LiveAvatarApi, id: string, work: Promise<void>): Promise<void> {
  try {
    await work;
  } catch (error) {
    if (AstrocyteError.is(error, "vendor_not_found")) return;
    if (AstrocyteError.is(error, "vendor_auth") || (await isActive(api, id))) throw error;
  }
}

/** By the transcript, the one answer that is documented to tell. */
export async function isActive(api: LiveAvatarApi, id: string): Promise<boolean> {
  try {
    return (await api.sessions.transcript(id)).active;
  } catch (error) {
    // 422: no id of a session at all.
    if (AstrocyteError.is(error, "vendor_not_found") || AstrocyteError.is(error, "vendor_invalid"))
      return false;
    throw error;
  }
}

/** What sessions make at LiveAvatar, in the order of use: a configuration uses its secret, a session its context. */
export function kindsOf(api: LiveAvatarApi): ResourceKind[] {
  const { contexts, secrets, llmConfigurations } = api;
  return [
    { kind: "session", remove: (id) => endSession(api, id, "orphan") },
    { kind: "llm_configuration", remove: llmConfigurations.remove, named: llmConfigurations.all },
    { kind: "secret", remove: secrets.remove, named: secrets.all },
    { kind: "context", remove: contexts.remove, named: contexts.all },
  ];
}

/** Ends the session and deletes what served it. Where its id was lost, its context leads to it, so that goes last. */
export async function releaseResources(api: LiveAvatarApi, resources: VendorResource[]): Promise<void> {
  if (idsOf(resources, "session").length === 0) {
    for (const id of idsOf(resources, "context")) await endSessionsOf(api, id);
  }
  await releaseAll(kindsOf(api), resources);
}

async function endSessionsOf(api: LiveAvatarApi, contextId: string): Promise<void> {
  for await (const { id } of api.sessions.all({ type: "active", context_id: contextId }))
    await endSession(api, id, "orphan");
}

/**
 * Sessions that run and are ours. Their rows carry no name, so contexts with our marker lead to them: one call for
 * each such context. The list comes page by page, a hundred at a time.
 */
export async function listOpen(api: LiveAvatarApi, clock: Clock) {
  const open: Array<{ vendorSessionId: string; marker: string; createdAt: number }> = [];
  for await (const context of api.contexts.all()) {
    if (!context.name.startsWith(MARKER_PREFIX)) continue;
    const query = { type: "active", context_id: context.id } as const;
    for await (const { id, createdAt = clock.now() } of api.sessions.all(query)) {
      open.push({ vendorSessionId: id, marker: context.name, createdAt });
    }
  }
  return open;
}
