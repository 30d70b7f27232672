import { AstrocyteError } from "../../core/errors.ts";
import type { Binding, VendorPersona, VendorResource, VendorTool } from "../adapter.ts";
import type { TavusApi } from "./api.ts";
import type { TavusPersona } from "./config.ts";
import { versionedName } from "./tool-names.ts";
import type { NewTool } from "./types.ts";

/** Seconds that Tavus waits for a tool of our API; it allows 60 (contract §9.3). */
const API_TIMEOUT_S = 30;

export type ToolRegistry = {
  /** Ids of the persona's tools in Tavus's registry, made where they are missing. */
  prepare(persona: VendorPersona, block: TavusPersona, binding: Binding, record: Recorder): Promise<string[]>;
  /** Forgets what is known of the registry: a tool may have been deleted there. */
  reset(): void;
};

type Recorder = (resource: VendorResource) => Promise<void>;

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

  async function own(tool: NewTool, record: Recorder): Promise<string> {
    // The name first: a crash before the id is known must not leave the tool behind.
    await record({ kind: "tool_name", id: tool.name });
    const { id } = await api.tools.create(tool);
    await record({ kind: "tool", id });
    return id;
  }

  return {
    async prepare(persona, block, binding, record) {
      const made = await Promise.allSettled(
        persona.tools.map((tool) =>
          tool.delivery === "client"
            ? share(clientTool(tool, block))
            : own(serverTool(tool, block, binding), record),
        ),
      );
      return made.map((each) => {
        if (each.status === "rejected") throw each.reason;
        return each.value;
      });
    },
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
