import { AstrocyteError } from "../../core/errors.ts";
import type { VendorResource } from "../adapter.ts";
import { gone } from "../vendor-http.ts";
import type { LiveAvatarApi } from "./api.ts";
import { stopReason } from "./reasons.ts";

/** Deleted in this order: a configuration uses its secret, a session its context. */
export const KINDS = ["llm_configuration", "secret", "context"] as const;

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

/**
 * Deletes what a session left at LiveAvatar, the session first because the others serve it. Everything is tried;
 * the first failure is thrown at the end, and calling again finishes the rest.
 */
export async function releaseResources(api: LiveAvatarApi, resources: VendorResource[]): Promise<void> {
  const ids = (kind: string) => resources.filter((each) => each.kind === kind).map((each) => each.id);
  const failures: unknown[] = [];
  const attempt = (work: Promise<void>) => work.catch((error) => void failures.push(error));

  for (const id of ids("session")) await attempt(endSession(api, id, "orphan"));
  // The answer that named the session was lost: its context leads to it.
  if (ids("session").length === 0) {
    for (const id of ids("context")) await attempt(endSessionsOf(api, id));
  }
  for (const kind of KINDS) {
    const names = ids(`${kind}_name`);
    // A name without its id: the answer of a create was lost.
    const lost = names.length > ids(kind).length ? await namedBy(api, kind, names, attempt) : [];
    for (const id of new Set([...ids(kind), ...lost])) await attempt(gone(collection(api, kind).remove(id)));
  }
  if (failures.length > 0) throw failures[0];
}

export function collection(api: LiveAvatarApi, kind: (typeof KINDS)[number]) {
  const { contexts, secrets, llmConfigurations } = api;
  return { context: contexts, secret: secrets, llm_configuration: llmConfigurations }[kind];
}

async function endSessionsOf(api: LiveAvatarApi, contextId: string): Promise<void> {
  for await (const { id } of api.sessions.all({ type: "active", context_id: contextId }))
    await endSession(api, id, "orphan");
}

async function namedBy(
  api: LiveAvatarApi,
  kind: (typeof KINDS)[number],
  names: string[],
  attempt: (work: Promise<void>) => Promise<void>,
): Promise<string[]> {
  const found: string[] = [];
  const search = async () => {
    for await (const { id, name } of collection(api, kind).all()) if (names.includes(name)) found.push(id);
  };
  await attempt(search());
  return found;
}
