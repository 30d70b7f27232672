import type { VendorPersona, VendorTool } from "../adapter.ts";
import { languageName } from "./bodies.ts";
import { issuesOf, type TavusConfig, type TavusPersona, tavusPersona } from "./config.ts";
import { MAX_TOOL_NAME } from "./tool-names.ts";

const MAX_TOOLS = 50;
/** Characters of a tool's description and parameters, serialised (contract §9.1). */
const MAX_TOOL_CHARACTERS = 10_000;
/** What the adapter itself decides. */
const OURS = [
  "conversation_name",
  "callback_url",
  "conversational_context",
  "custom_greeting",
  "require_auth",
  "test_mode",
  "participant_tags",
  "memory_stores",
  "properties",
];

/** What of a persona does not fit Tavus, each a sentence; empty when it fits. */
export function validatePersona(config: TavusConfig, persona: VendorPersona): string[] {
  const parsed = tavusPersona.safeParse(persona.vendor);
  if (!parsed.success) return issuesOf(parsed.error).map((issue) => `vendors.tavus.${issue}`);
  return [
    ...identityProblems(config, parsed.data),
    ...blockProblems(parsed.data),
    ...toolProblems(config, persona.tools),
    ...(config.language === undefined && languageName(persona.language) === undefined
      ? [`language "${persona.language}" is not known: use a BCP 47 tag such as "es"`]
      : []),
  ];
}

function identityProblems(config: TavusConfig, block: TavusPersona): string[] {
  const face = block.face_id ?? config.face_id;
  if (config.strategy === "pal_per_session" && face === undefined) {
    return ["a face is needed: set presentation.tavus.face_id or vendors.tavus.face_id"];
  }
  if (config.strategy === "shared_pal" && (block.pal_id ?? config.pal_id) === undefined) {
    return ["shared_pal needs a PAL: set presentation.tavus.pal_id or vendors.tavus.pal_id"];
  }
  return [];
}

function blockProblems({ conversation, pal, layers, tool_wait, tool_filler }: TavusPersona): string[] {
  return [
    ...OURS.filter((field) => conversation && field in conversation).map(
      (field) => `vendors.tavus.conversation.${field} is set by Astrocyte: remove it`,
    ),
    ...["system_prompt", "layers", "pipeline_mode"]
      .filter((field) => pal && field in pal)
      .map((field) => `vendors.tavus.pal.${field} is set by Astrocyte: remove it`),
    ...(layers?.["llm"]?.["api_key"] !== undefined
      ? ["vendors.tavus.layers.llm.api_key is set by Astrocyte"]
      : []),
    ...(tool_wait === "static_filler" && tool_filler === undefined
      ? ["vendors.tavus.tool_wait static_filler needs tool_filler"]
      : []),
  ];
}

function toolProblems(config: TavusConfig, tools: VendorTool[]): string[] {
  const problems = tools.flatMap((tool) =>
    toolProblem(config, tool).map((what) => `tool "${tool.name}" ${what}`),
  );
  return tools.length > MAX_TOOLS
    ? [...problems, `${tools.length} tools: a PAL takes ${MAX_TOOLS}`]
    : problems;
}

function toolProblem(config: TavusConfig, { name, description, parameters, delivery }: VendorTool): string[] {
  const size = description.length + JSON.stringify(parameters).length;
  return [
    ...(/^[a-zA-Z_][a-zA-Z0-9_]*$/.test(name) ? [] : ["needs a name of letters, digits and _"]),
    ...(name.length > MAX_TOOL_NAME ? [`has a name of more than ${MAX_TOOL_NAME} characters`] : []),
    ...(size > MAX_TOOL_CHARACTERS ? [`is described in more than ${MAX_TOOL_CHARACTERS} characters`] : []),
    ...(delivery === "server" && config.strategy === "shared_pal"
      ? [
          "is called by Tavus with the session's own secret, which a shared PAL cannot hold: use pal_per_session",
        ]
      : []),
  ];
}
