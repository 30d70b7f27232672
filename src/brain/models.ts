import type { Upstream } from "./upstreams.ts";

/** OpenAI's list of models: the names that requests may use here. */
export function listModels(upstreams: Upstream[]): { object: "list"; data: object[] } {
  const names = new Set(["astrocyte", ...upstreams.flatMap(namesOf)]);
  const data = [...names].map((id) => ({ id, object: "model", created: 0, owned_by: "astrocyte" }));
  return { object: "list", data };
}

function namesOf(upstream: Upstream): string[] {
  if (upstream.kind === "none") return [];
  return [...Object.keys(upstream.models ?? {}), ...(upstream.model ? [upstream.model] : [])];
}
