import type { Clock } from "../../core/clock.ts";
import { MARKER_PREFIX } from "../resources.ts";
import type { LiveAvatarApi } from "./api.ts";

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
