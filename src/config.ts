import { z } from "zod";
import { brainConfigSchema } from "./brain/config.ts";
import { sourcesConfig } from "./composer/briefing/sources/config.ts";
import { personasConfig } from "./composer/personas.ts";
import { sessionsConfig } from "./composer/settings.ts";
import { inboundConfig } from "./composer/telephone/config.ts";
import { toolsSchema } from "./composer/tools/registry.ts";
import { type ConfigSource, defineConfig, fillConfig, readConfigFile } from "./core/config.ts";
import { llmConfigSchema } from "./memory/llm/create.ts";
import { policyConfigShape } from "./memory/policy/config.ts";
import { tavusConfig } from "./presentation/tavus/config.ts";
import { serverConfig } from "./server/config.ts";

const store = z.strictObject({
  /** The SQLite file; `:memory:` for one that goes when the process ends. */
  path: z.string().min(1).default("astrocyte.db"),
  /** Threads that search; one a core when absent. */
  readers: z.int().min(1).max(64).optional(),
  /** Memory for search indexes, of all readers together. */
  cache_bytes: z.int().positive().optional(),
});

/** How long a softly deleted memory can be restored. */
const keepDeleted = { purge_deleted_after_days: z.number().nonnegative().default(30) };

/** Read by the part that it belongs to, when that part is opened. */
const elsewhere = z.unknown().optional();

const shape = {
  ...policyConfigShape,
  lifecycle: policyConfigShape.lifecycle.unwrap().extend(keepDeleted).prefault({}),
  public_url: z.url().optional(),
  llm_provider: z.string().optional(),
  llm_provider_config: z.record(z.string(), z.unknown()).optional(),
  store: store.prefault({}),
  /** Milliseconds that a recall may take when a call does not say. */
  recall_deadline_ms: z.int().positive().optional(),
  sources: elsewhere,
  personas: elsewhere,
  inbound: elsewhere,
  presentation: elsewhere,
  tools: elsewhere,
  brain: elsewhere,
  sessions: elsewhere,
  server: elsewhere,
};

/** What those parts will want, so that a mistake is told with its line before anything is opened. */
const elsewhereShape = {
  sources: sourcesConfig.optional(),
  personas: personasConfig.optional(),
  inbound: inboundConfig.optional(),
  presentation: z.looseObject({ tavus: tavusConfig.optional() }).optional(),
  tools: toolsSchema.optional(),
  brain: brainConfigSchema.optional(),
  sessions: sessionsConfig.optional(),
  server: serverConfig.optional(),
};

/** All sections of `astrocyte.yaml`. */
export const configSchema = defineConfig(shape);

const checkedSchema = defineConfig({ ...shape, ...elsewhereShape }).superRefine((config, context) => {
  const { llm_provider, llm_provider_config } = config;
  const parsed = llmConfigSchema.safeParse({ llm_provider, llm_provider_config });
  for (const issue of parsed.error?.issues ?? []) {
    const keys = issue.code === "unrecognized_keys" ? issue.keys.slice(0, 1) : [];
    const message = keys.length > 0 ? "is not a known setting" : issue.message;
    context.addIssue({ code: "custom", path: [...issue.path, ...keys], message });
  }
});

export type Config = z.output<typeof configSchema>;
/** `astrocyte.yaml` as an object, as written. */
export type ConfigInput = z.input<typeof configSchema>;

/** Reads a file, or takes the same as an object. Errors: `config_invalid`, naming the key, the line and the fix. */
export function loadConfig(config: string | object): Config {
  const source: ConfigSource =
    typeof config === "string" ? readConfigFile(config) : { value: config, name: "config" };
  return configSchema.parse(fillConfig(checkedSchema, source));
}
