import { z } from "zod";
import { brainConfigSchema } from "../../src/brain/config.ts";
import { sourceConfig } from "../../src/composer/briefing/sources/config.ts";
import { personasConfig } from "../../src/composer/personas.ts";
import { sessionsConfig } from "../../src/composer/settings.ts";
import { inboundConfig } from "../../src/composer/telephone/config.ts";
import { toolsSchema } from "../../src/composer/tools/registry.ts";
import { configSchema } from "../../src/config.ts";
import { llmConfigSchema } from "../../src/memory/llm/create.ts";
import { serverConfig } from "../../src/server/config.ts";
import { type Setting, settingsOf, shapeOf } from "./schema.ts";
import { renderTables, type Table } from "./table.ts";

/** Each table of `docs/configuration.md` by the name of its marker. */
const SETTINGS: Record<string, Setting[]> = {
  top: settingsOf(
    pick(configSchema, ["public_url", "recall_deadline_ms", "llm_provider", "llm_provider_config"]),
  ),
  ...Object.fromEntries(
    [...llmConfigSchema.options].flatMap((option) => {
      const [name = "local"] = option.shape.llm_provider.def.type === "literal" ? nameOf(option) : [];
      // `litellm` speaks the same protocol with the same settings as `openai`.
      return name === "litellm" ? [] : [[`llm ${name}`, settingsOf(option.shape.llm_provider_config)]];
    }),
  ),
  ...section("store", "access_control", "barriers", "homeostasis", "lifecycle"),
  banks: settingsOf(configSchema.shape.banks, ["pii", "ttl", "rate_limits", "quotas"]),
  ...sources(),
  personas: settingsOf(personasConfig),
  inbound: settingsOf(inboundConfig),
  tools: settingsOf(toolsSchema),
  sessions: settingsOf(sessionsConfig),
  server: settingsOf(serverConfig),
  brain: settingsOf(brainConfigSchema, ["upstreams"]),
  "brain upstreams": settingsOf(z.object(upstreamShape()), ["headers", "extra_body", "models"]),
};

/** `docs/configuration.md` with its tables as the schemas have them. */
export function renderConfiguration(page: string): string {
  const tables = Object.entries(SETTINGS).map(([name, settings]) => [`keys ${name}`, tableOf(settings)]);
  return renderTables(page, Object.fromEntries(tables));
}

function tableOf(settings: Setting[]): Table {
  const rows = settings.map(({ key, type, fallback }) => ({ key, cells: [type, fallback] }));
  return { columns: ["key", "type", "default"], rows };
}

function section(...names: Array<keyof typeof configSchema.shape>): Record<string, Setting[]> {
  return Object.fromEntries(names.map((name) => [name, settingsOf(configSchema.shape[name])]));
}

/** What every source takes, what one kind takes beside it, and what is said of a field. */
function sources(): Record<string, Setting[]> {
  const kinds = sourceConfig.options.map(shapeOf);
  const inAll = (key: string) => kinds.every((shape) => key in shape);
  const shared = Object.keys(kinds[0]!).filter((key) => key !== "kind" && inAll(key));
  const field = (kinds[0]!["fields"] as z.ZodRecord<z.ZodString, z.ZodType>).valueType;
  const own = kinds.map((shape): [string, Setting[]] => {
    const { kind, ...rest } = shape;
    const name = (kind as z.ZodLiteral<string>).value;
    const keys = Object.keys(rest).filter((key) => !inAll(key));
    return [`sources ${name}`, settingsOf(pick({ shape }, keys), ["allow_hosts"])];
  });
  return {
    sources: settingsOf(pick({ shape: kinds[0]! }, shared), ["fields"]),
    ...Object.fromEntries(own),
    "sources fields": settingsOf(field),
  };
}

/** All kinds of upstream in one: what is required is required of each. */
function upstreamShape(): Record<string, z.ZodType> {
  const element = shapeOf(brainConfigSchema)["upstreams"] as z.ZodDefault<
    z.ZodArray<z.ZodDiscriminatedUnion>
  >;
  const shapes = element.def.innerType.element.options.map((option) => shapeOf(option as z.ZodType));
  const kinds = shapes.map((shape) => shape["kind"]!);
  return { ...Object.assign({}, ...shapes), kind: z.union(kinds as [z.ZodType, z.ZodType]) };
}

function pick({ shape }: { shape: Record<string, z.ZodType> }, keys: string[]): z.ZodObject {
  return z.object(Object.fromEntries(keys.map((key) => [key, shape[key]!])));
}

function nameOf(option: { shape: { llm_provider: unknown } }): string[] {
  return (option.shape.llm_provider as z.ZodLiteral<string>).def.values;
}
