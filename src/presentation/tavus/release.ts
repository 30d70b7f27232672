import { AstrocyteError } from "../../core/errors.ts";
import type { VendorResource } from "../adapter.ts";
import { releaseAll } from "../resources.ts";
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

/** Deletes what a session left at Tavus, the conversation first because the others serve it. */
export function releaseResources(api: TavusApi, resources: VendorResource[]): Promise<void> {
  const { conversations, pals, tools } = api;
  return releaseAll(
    [
      {
        kind: "conversation",
        remove: (id) => endConversation(api, id),
        named: () => conversations.all("active"),
      },
      // Stored names lose punctuation.
      {
        kind: "pal",
        remove: pals.remove,
        named: async (name) => (await pals.named(name)).map(({ id }) => ({ id, name })),
      },
      { kind: "tool", remove: tools.remove, named: async (name) => [(await tools.find(name)) ?? []].flat() },
    ],
    resources,
  );
}
