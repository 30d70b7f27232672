import { AstrocyteError } from "../../core/errors.ts";
import type { VendorResource } from "../adapter.ts";
import { gone } from "../vendor-http.ts";
import type { TavusApi } from "./api.ts";

/** Ends a conversation. One that is over or unknown is a success, whatever the status said (contract §2.4, §17.15). */
export async function endConversation(api: TavusApi, id: string): Promise<void> {
  try {
    await api.conversations.end(id);
  } catch (error) {
    if (AstrocyteError.is(error, "vendor_not_found")) return;
    if (AstrocyteError.is(error, "vendor_auth") || (await isActive(api, id))) throw error;
  }
}

export async function isActive(api: TavusApi, id: string): Promise<boolean> {
  try {
    return (await api.conversations.get(id)).status === "active";
  } catch (error) {
    if (AstrocyteError.is(error, "vendor_not_found")) return false;
    throw error;
  }
}

/**
 * Deletes what a session left at Tavus, the conversation first because the others serve it. Everything is
 * tried; the first failure is thrown at the end, and calling again finishes the rest.
 */
export async function releaseResources(api: TavusApi, resources: VendorResource[]): Promise<void> {
  const ids = (kind: string) => resources.filter((each) => each.kind === kind).map((each) => each.id);
  const failures: unknown[] = [];
  const attempt = (work: Promise<void>) => work.catch((error) => void failures.push(error));

  for (const id of ids("conversation")) await attempt(endConversation(api, id));
  for (const id of ids("pal")) await attempt(gone(api.pals.remove(id)));
  for (const id of ids("tool")) await attempt(gone(api.tools.remove(id)));
  // A name without its id: the answer of a create was lost.
  if (ids("pal").length < ids("pal_name").length) {
    for (const name of ids("pal_name")) await attempt(removePals(api, name));
  }
  if (ids("tool").length < ids("tool_name").length) {
    for (const name of ids("tool_name")) await attempt(removeTool(api, name));
  }
  if (failures.length > 0) throw failures[0];
}

async function removePals(api: TavusApi, name: string): Promise<void> {
  for (const { id } of await api.pals.named(name)) await gone(api.pals.remove(id));
}

async function removeTool(api: TavusApi, name: string): Promise<void> {
  const tool = await api.tools.find(name);
  if (tool) await gone(api.tools.remove(tool.id));
}
