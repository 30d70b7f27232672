import { AstrocyteError } from "../../core/errors.ts";
import type { VendorPersona, VendorTool } from "../adapter.ts";
import { languageCode } from "./agent-body.ts";
import { type ElevenLabsConfig, type ElevenLabsPersona, elevenLabsPersona, issuesOf } from "./config.ts";
import { toolProblems } from "./tools.ts";

const AT = "vendors.elevenlabs";

/** What of a persona does not fit ElevenLabs, each a sentence; empty when it fits. */
export function validatePersona(config: ElevenLabsConfig, persona: VendorPersona): string[] {
  const parsed = elevenLabsPersona.safeParse(persona.vendor);
  if (!parsed.success) return issuesOf(parsed.error).map((issue) => `${AT}.${issue}`);
  return [
    ...blockProblems(config, parsed.data),
    ...persona.tools.flatMap((tool) =>
      [...toolProblems(tool), ...deliveryProblems(config, tool)].map((what) => `tool "${tool.name}" ${what}`),
    ),
    ...(languageCode(persona.language) === undefined
      ? [`language "${persona.language}" is not known: use a BCP 47 tag such as "es"`]
      : []),
  ];
}

/** `validate` says the same earlier; this stands between a bad persona and a bill when it was not asked. */
export function requireBlock(config: ElevenLabsConfig, persona: VendorPersona): ElevenLabsPersona {
  const problems = validatePersona(config, persona);
  if (problems.length === 0) return elevenLabsPersona.parse(persona.vendor);
  throw new AstrocyteError(
    "invalid_input",
    `[elevenlabs] the persona does not fit: ${problems.join("; ")}.`,
    {
      details: { problems },
    },
  );
}

function blockProblems(config: ElevenLabsConfig, block: ElevenLabsPersona): string[] {
  const shared = config.strategy === "shared_agent";
  return [
    ...(shared && (block.agent_id ?? config.agent_id) === undefined
      ? [`shared_agent needs an agent: set presentation.elevenlabs.agent_id or ${AT}.agent_id`]
      : []),
    ...(!shared && block.agent_id !== undefined
      ? [`${AT}.agent_id is for strategy: shared_agent; a session's own agent has its own id`]
      : []),
    ...(block.conversation_config && "agent" in block.conversation_config
      ? [`${AT}.conversation_config.agent is set by Astrocyte: remove it`]
      : []),
    ...["auth", "call_limits", "overrides"]
      .filter((field) => block.platform_settings && field in block.platform_settings)
      .map((field) => `${AT}.platform_settings.${field} is set by Astrocyte: remove it`),
    ...(shared && (block.conversation_config ?? block.platform_settings) !== undefined
      ? [
          `${AT}: an agent of yours is configured at ElevenLabs; remove conversation_config, platform_settings`,
        ]
      : []),
  ];
}

function deliveryProblems(config: ElevenLabsConfig, { delivery }: VendorTool): string[] {
  const possible = config.strategy === "agent_per_session" || config.inbound_secret !== undefined;
  if (delivery !== "server" || possible) return [];
  return [
    "is called by ElevenLabs with the session's own secret, which a shared agent cannot hold: use agent_per_session",
  ];
}
