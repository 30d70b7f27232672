import { AstrocyteError } from "../../core/errors.ts";
import { canonicalJson } from "../../core/hash-chain.ts";
import { sha256 } from "../../core/secrets.ts";
import type { Binding, VendorPersona, VendorTool } from "../adapter.ts";
import { allMade, type Ledger } from "../resources.ts";
import type { TavusApi } from "./api.ts";
import type { TavusPersona } from "./config.ts";
import type { NewTool } from "./read.ts";

/** Seconds that Tavus waits for a tool of our API; it allows 60 (contract §9.3). */
const API_TIMEOUT_S = 30;

export type ToolRegistry = {
  /** Ids of the persona's tools in Tavus's registry, made where they are missing. */
  prepare(persona: VendorPersona, block: TavusPersona, binding: Binding, ledger: Ledger): Promise<string[]>;
  /** Forgets what is known of the registry: a tool may have been deleted there. */
  reset(): void;
};

/**
 * Tools that the browser relays have nothing of a session in them: all sessions share them, looked up once in
 * a process and never deleted by us. Tools that Tavus calls carry the session's address and secret: they
 * belong to the session and go with it.
 */
export function createToolRegistry(api: TavusApi): ToolRegistry {
  const shared = new Map<string, Promise<string>>();

  function share(tool: NewTool): Promise<string> {
    const known = shared.get(tool.name);
    if (known) return known;
    const found = findOrCreate(api, tool);
    shared.set(tool.name, found);
    found.catch(() => shared.delete(tool.name));
    return found;
  }

  async function own(tool: NewTool, ledger: Ledger): Promise<string> {
    return (await ledger.make("tool", tool.name, () => api.tools.create(tool))).id;
  }

  return {
    prepare: (persona, block, binding, ledger) =>
      allMade(
        persona.tools.map((tool) =>
          tool.delivery === "client"
            ? share(clientTool(tool, block))
            : own(serverTool(tool, block, binding), ledger),
        ),
      ),
    reset: () => shared.clear(),
  };
}

async function findOrCreate(api: TavusApi, tool: NewTool): Promise<string> {
  const found = await api.tools.find(tool.name);
  if (found) return found.id;
  try {
    return (await api.tools.create(tool)).id;
  } catch (error) {
    // Another process was faster.
    const other = AstrocyteError.is(error, "vendor_conflict") ? await api.tools.find(tool.name) : undefined;
    if (other) return other.id;
    throw error;
  }
}

function clientTool(tool: VendorTool, block: TavusPersona): NewTool {
  const definition = { ...common(tool, block), delivery: { app_message: true } };
  return { name: versionedName(tool.name, definition), ...definition };
}

function serverTool(tool: VendorTool, block: TavusPersona, { tools, sessionId }: Binding): NewTool {
  const { url, secret } = tools;
  const auth = { type: "hmac", secret } as const;
  return {
    name: versionedName(tool.name, { ...common(tool, block), sessionId }),
    ...common(tool, block),
    delivery: { app_message: false, api: { url, method: "POST", timeout: API_TIMEOUT_S, auth } },
  };
}

/** The default of `on_resolve` drops the result (§9.1): always said. */
function common({ description, parameters, result }: VendorTool, block: TavusPersona) {
  return {
    description,
    parameters,
    on_call: block.tool_wait,
    ...(block.tool_wait === "static_filler" && { static_filler: block.tool_filler ?? "One moment." }),
    on_resolve: result === "speak" ? ("generate_response" as const) : ("add_to_context" as const),
    tags: ["astrocyte"],
  };
}

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
