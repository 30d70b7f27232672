import type { VendorPersona, VendorTool } from "../adapter.ts";
import { presenterOf } from "./agent.ts";
import { type DIdConfig, type DIdPersona, dIdPersona, issuesOf } from "./config.ts";

/** What the adapter itself decides. */
const OURS = ["preview_name", "presenter", "llm", "greetings", "tools"];

/** What of a persona does not fit D-ID, each a sentence; empty when it fits. */
export function validatePersona(config: DIdConfig, persona: VendorPersona): string[] {
  const parsed = dIdPersona.safeParse(persona.vendor);
  if (!parsed.success) return issuesOf(parsed.error).map((issue) => `vendors.d-id.${issue}`);
  const block = parsed.data;
  return [
    ...(config.strategy === "shared_agent"
      ? sharedProblems(config, block)
      : presenterProblems(config, block)),
    ...modeProblems(config, persona.tools),
    ...blockProblems(config, block),
    ...persona.tools.flatMap((tool) => toolProblems(tool).map((what) => `tool "${tool.name}" ${what}`)),
  ];
}

function sharedProblems(config: DIdConfig, block: DIdPersona): string[] {
  return (block.agent_id ?? config.agent_id) === undefined
    ? ["shared_agent needs an agent: set presentation.d-id.agent_id or vendors.d-id.agent_id"]
    : [];
}

function presenterProblems(config: DIdConfig, block: DIdPersona): string[] {
  const { type, presenter_id, source_url } = presenterOf(config, block);
  const where = "presentation.d-id.presenter or vendors.d-id.presenter";
  if (presenter_id === undefined && source_url === undefined)
    return [`an avatar is needed: set presenter_id or source_url in ${where}`];
  if (config.mode === "v2" && type !== "expressive")
    return [`a presenter of type ${type} is served by mode: v1 alone, and one configuration has one mode`];
  if (config.mode === "v1" && type !== "talk" && type !== "clip")
    return [`mode: v1 serves talk and clip: set the type in ${where}, or use mode: v2`];
  return [];
}

function modeProblems(config: DIdConfig, tools: VendorTool[]): string[] {
  if (config.mode === "v2") return [];
  return [
    ...(config.client_key === undefined && config.allowed_domains === undefined
      ? ["mode: v1 needs presentation.d-id.client_key or allowed_domains: the page calls D-ID itself"]
      : []),
    ...(tools.length > 0 ? ["tools are called over LiveKit, which mode: v1 has not: take them out"] : []),
  ];
}

function blockProblems(config: DIdConfig, { agent, llm }: DIdPersona): string[] {
  const taken = config.custom_llm ? ["provider", "custom", "instructions"] : ["custom", "instructions"];
  return [
    ...OURS.filter((field) => agent && field in agent).map(
      (field) => `vendors.d-id.agent.${field} is set by Astrocyte: remove it`,
    ),
    ...taken
      .filter((field) => llm && field in llm)
      .map((field) => `vendors.d-id.llm.${field} is set by Astrocyte: remove it`),
  ];
}

function toolProblems({ name, delivery }: VendorTool): string[] {
  return [
    ...(/^[a-zA-Z_][a-zA-Z0-9_-]{0,63}$/.test(name)
      ? []
      : ["needs a name of at most 64 letters, digits, _ and -"]),
    ...(delivery === "server"
      ? [
          "would be called by D-ID's server, whose way to prove itself is not documented: use delivery: client",
        ]
      : []),
  ];
}
