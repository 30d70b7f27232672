import type { Clock } from "../../core/clock.ts";
import type { VendorResource } from "../adapter.ts";
import type { LiveAvatarApi } from "./api.ts";
import { collection, KINDS } from "./release.ts";

const MARKER = "astrocyte:";

/**
 * Sessions that run and are ours. Their rows carry no name, so contexts with our marker lead to them: one call for
 * each such context. The list comes page by page, a hundred at a time.
 */
export async function listOpen(api: LiveAvatarApi, clock: Clock) {
  const open: Array<{ vendorSessionId: string; marker: string; createdAt: number }> = [];
  for await (const context of api.contexts.all()) {
    if (!context.name.startsWith(MARKER)) continue;
    const query = { type: "active", context_id: context.id } as const;
    for await (const { id, createdAt = clock.now() } of api.sessions.all(query)) {
      open.push({ vendorSessionId: id, marker: context.name, createdAt });
    }
  }
  return open;
}

/** All that carries our marker, by session: what a crash left is among it. Three lists. */
export async function listLeft(api: LiveAvatarApi) {
  const left = new Map<string, VendorResource[]>();
  for (const kind of KINDS) {
    for await (const { id, name } of collection(api, kind).all()) {
      if (name.startsWith(MARKER)) left.set(name, [...(left.get(name) ?? []), { kind, id }]);
    }
  }
  return [...left].map(([marker, resources]) => ({ marker, resources }));
}
