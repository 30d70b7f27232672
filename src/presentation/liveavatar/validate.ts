import type { VendorPersona } from "../adapter.ts";
import { blockProblems } from "../vendor-config.ts";
import { ownVariables } from "./bodies.ts";
import {
  avatarOf,
  type LiveAvatarConfig,
  type LiveAvatarPersona,
  languageOf,
  liveavatarPersona,
  VARIABLES,
} from "./config.ts";
import { legacyProblems } from "./legacy.ts";

/** What belongs to a stored voice agent and cannot stand beside it (contract §1.1, session creation). */
const OF_THE_AGENT = ["voice_id", "context_id", "voice_settings", "stt_config", "llm_settings"] as const;

/** What of a persona does not fit LiveAvatar, each a sentence; empty when it fits. */
export function validatePersona(config: LiveAvatarConfig, persona: VendorPersona): string[] {
  const legacy = legacyProblems(persona.vendor, "vendors.liveavatar");
  if (legacy.length > 0) return legacy;
  return blockProblems("liveavatar", liveavatarPersona, persona.vendor, (block) => [
    ...identityProblems(config, block),
    ...variableProblems(config, block),
    ...modelProblems(config, block),
    ...toolProblems(persona),
    ...(languageOf(config, persona) === undefined
      ? [`language "${persona.language}" is not known: use a BCP 47 tag such as "es"`]
      : []),
  ]);
}

function identityProblems(config: LiveAvatarConfig, block: LiveAvatarPersona): string[] {
  const { strategy } = config;
  const needs = (field: "context_id" | "voice_agent_id", forStrategy: LiveAvatarConfig["strategy"]) =>
    strategy === forStrategy && (block[field] ?? config[field]) === undefined
      ? [`${strategy} needs ${field}: set it in presentation.liveavatar or vendors.liveavatar`]
      : [];
  return [
    ...(avatarOf(config, block) === undefined
      ? ["an avatar is needed: set avatar_id in presentation.liveavatar or vendors.liveavatar"]
      : []),
    ...needs("context_id", "shared_context"),
    ...needs("voice_agent_id", "voice_agent"),
    ...(strategy === "voice_agent"
      ? OF_THE_AGENT.filter((field) => block[field] !== undefined).map(
          (field) => `vendors.liveavatar.${field} belongs to the stored voice agent: set it there`,
        )
      : []),
    ...(strategy !== "context_per_session" && block.links
      ? ["vendors.liveavatar.links belong to the stored context: set them there"]
      : []),
  ];
}

function variableProblems(
  config: LiveAvatarConfig,
  { dynamic_variables: given }: LiveAvatarPersona,
): string[] {
  const names = Object.keys(given);
  if (config.strategy === "context_per_session") {
    return names.length === 0
      ? []
      : ["vendors.liveavatar.dynamic_variables fill a context of yours: use shared_context or voice_agent"];
  }
  const own = ownVariables(config);
  const total = names.length + own.length;
  return [
    ...names
      .filter((name) => own.includes(name))
      .map((name) => `vendors.liveavatar.dynamic_variables.${name} is set by Astrocyte: rename it`),
    ...(total > VARIABLES.max
      ? [`${total} dynamic_variables with Astrocyte's own ${own.length}: LiveAvatar takes ${VARIABLES.max}`]
      : []),
  ];
}

function modelProblems(config: LiveAvatarConfig, block: LiveAvatarPersona): string[] {
  return config.custom_llm && block.llm_settings
    ? [
        "vendors.liveavatar.llm_settings are of LiveAvatar's own model: set custom_llm to false or remove them",
      ]
    : [];
}

/** Our brain runs the persona's tools itself, and then none are seen here. */
function toolProblems({ tools }: VendorPersona): string[] {
  if (tools.length === 0) return [];
  const names = tools.map(({ name }) => name).join(", ");
  return [
    `LiveAvatar's own model calls no tools (${names}): set custom_llm to true, and our brain runs them`,
  ];
}
