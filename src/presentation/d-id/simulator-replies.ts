import type { SimulatedAnswer, SimulatedCall } from "../simulator-server.ts";
import type { World } from "./simulator-world.ts";

export function ok(body: unknown): SimulatedAnswer {
  return { status: 200, body };
}

/** Errors name their kind (contract §2.1). */
export function failure(status: number, kind: string, description: string): SimulatedAnswer {
  return { status, body: { kind, description } };
}

export const notFound = () => failure(404, "NotFoundError", "not found");
export const unauthenticated = () => failure(401, "AuthorizationError", "user unauthenticated");
export const badRequest = (description: string) => failure(400, "BadRequestError", description);

/**
 * The account's key, to which the browser SDK appends `~<connection>`; or, for what a page may do, a client key
 * `<key>.<external id>_<connection>` from an allowed origin.
 */
export function mayAct(world: World, { headers }: SimulatedCall, page: boolean, agentId?: string): boolean {
  const [scheme = "", value = ""] = (headers.authorization ?? "").split(" ");
  if (scheme === "Basic" || scheme === "Bearer") return value.replace(/~[^~]*$/, "") === world.apiKey;
  if (scheme !== "Client-Key" || !page) return false;
  const key = world.clientKeys.get(value.split(".")[0]!);
  if (!key || !/^[^.]+\.[^_]+_[^_]+$/.test(value)) return false;
  const rightAgent = key.agentId === undefined || key.agentId === agentId;
  return rightAgent && key.domains.includes(headers.origin ?? "");
}
