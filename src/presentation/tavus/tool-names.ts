import { canonicalJson } from "../../core/hash-chain.ts";
import { sha256 } from "../../core/secrets.ts";

/** Tavus takes `^[a-zA-Z_][a-zA-Z0-9_]{0,63}$`; the version takes 12 of the 64 characters. */
export const MAX_TOOL_NAME = 52;

/**
 * Tool names are unique in an account (contract §9.1, 409), while personas and deployments change their tools
 * under the same name. So the registry's name ends in a hash of the definition: the same definition is shared,
 * another one stands beside it, and no running call sees its tools change.
 */
export function versionedName(name: string, definition: unknown): string {
  return `${name}__${sha256(canonicalJson(definition)).slice(0, 10)}`;
}

/** Our name of a tool, of the one that Tavus reports. */
export function plainToolName(name: string): string {
  return name.replace(/__[0-9a-f]{10}$/, "");
}
