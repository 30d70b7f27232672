import { type Brain, createBrain } from "./brain/brain.ts";
import { brainConfigSchema, brainPartsOf } from "./brain/config.ts";
import { boundSessions } from "./composer/bound.ts";
import { createBriefer, parseSource } from "./composer/briefing/index.ts";
import { Composer } from "./composer/composer.ts";
import { parseConfig } from "./composer/parse.ts";
import { type ComposerParts, type ComposerSettings, DEFAULT_SETTINGS } from "./composer/parts.ts";
import { parsePersonas } from "./composer/personas.ts";
import { parseSettings } from "./composer/settings.ts";
import type { ComposerStore } from "./composer/store.ts";
import { parseInbound } from "./composer/telephone/config.ts";
import type { ToolDefinition } from "./composer/tools/definitions.ts";
import { createTools } from "./composer/tools/registry.ts";
import { type Config, loadConfig } from "./config.ts";
import { type Clock, systemClock } from "./core/clock.ts";
import { AstrocyteError } from "./core/errors.ts";
import { createHttpClient } from "./core/http.ts";
import { type Logger, silentLogger } from "./core/telemetry.ts";
import type { Astrocyte } from "./memory/brain.ts";
import { createProviders, llmConfigSchema } from "./memory/llm/create.ts";
import type { LLMProvider } from "./memory/llm/provider.ts";
import type { MemoryStore } from "./memory/store.ts";
import { openFromConfig } from "./open.ts";
import type { AdapterDeps, PresentationAdapter } from "./presentation/adapter.ts";
import { createAnamAdapter } from "./presentation/anam/index.ts";
import { createDIdAdapter } from "./presentation/d-id/index.ts";
import { createElevenLabsAdapter } from "./presentation/elevenlabs/index.ts";
import { createLiveAvatarAdapter, HEYGEN_REPLACED } from "./presentation/liveavatar/index.ts";
import { createLocalAdapter, type LocalAdapter } from "./presentation/local/index.ts";
import { createTavusAdapter } from "./presentation/tavus/index.ts";
import { createTwilioAdapter } from "./presentation/twilio/index.ts";
import { createGateway, type Gateway } from "./server/app.ts";
import { parseServerConfig } from "./server/config.ts";
import { createMetrics } from "./server/metrics.ts";
import { serverSecret } from "./server-secret.ts";
import { composerStore, memoryStore, openDatabase } from "./stores/sqlite/index.ts";

/** What code adds to a configuration, or puts in its place. */
export type GatewayOptions = {
  clock?: Clock;
  logger?: Logger;
  /** Writes answers; the configured one when absent. */
  llm?: LLMProvider;
  /** Makes vectors; the configured one when absent. */
  embedder?: LLMProvider;
  /** Tools in code, beside those of the configuration. */
  tools?: ToolDefinition[];
  /** Adapters in code, beside those of the configuration. */
  adapters?: PresentationAdapter[];
  /** Both ports over a database of your own, in place of the SQLite file; left open at close. */
  stores?: Stores;
  settings?: Partial<ComposerSettings>;
  /** Process metrics too: once a process. */
  processMetrics?: boolean;
};

/** Both ports, over one database. */
export type Stores = { memory: MemoryStore; composer: ComposerStore };

/** A gateway with its parts; close it, not them. */
export type OpenedGateway = {
  gateway: Gateway;
  memory: Astrocyte;
  composer: Composer;
  /** Starts serving and the composer's heartbeat. Returns the address. See `memory.warm` for a first turn in time. */
  listen(at?: { host?: string; port?: number }): Promise<string>;
  /** Drains, then closes everything in turn. Idempotent. */
  close(): Promise<void>;
};

/** Vendors that a configuration may name, and how each is made. */
export const VENDORS: Record<string, (config: unknown, deps: AdapterDeps) => PresentationAdapter> = {
  liveavatar: (config, deps) =>
    createLiveAvatarAdapter(config as Parameters<typeof createLiveAvatarAdapter>[0], deps),
  anam: (config, deps) => createAnamAdapter(config as Parameters<typeof createAnamAdapter>[0], deps),
  "d-id": (config, deps) => createDIdAdapter(config as Parameters<typeof createDIdAdapter>[0], deps),
  elevenlabs: (config, deps) =>
    createElevenLabsAdapter(config as Parameters<typeof createElevenLabsAdapter>[0], deps),
  tavus: (config, deps) => createTavusAdapter(config as Parameters<typeof createTavusAdapter>[0], deps),
  twilio: (config, deps) => createTwilioAdapter(config as Parameters<typeof createTwilioAdapter>[0], deps),
};

/** Vendors' products that are no more, and what to write instead. */
const REPLACED: Record<string, string> = { heygen: HEYGEN_REPLACED, streaming_avatar: HEYGEN_REPLACED };

/**
 * The whole product as a configuration says: store, memory, briefings, sessions, brain, gateway. Nothing
 * listens before `listen`. Errors: `config_invalid`, naming the key; `store_*`.
 */
export async function openGateway(
  config: string | object,
  options: GatewayOptions = {},
): Promise<OpenedGateway> {
  const read = loadConfig(config);
  const { stores, close } = options.stores
    ? { stores: options.stores, close: async () => {} }
    : await openStores(read);
  try {
    return await wire(config, read, { stores, close }, options);
  } catch (error) {
    await close();
    throw error;
  }
}

type OwnedStores = { stores: Stores; close(): Promise<void> };

async function openStores(config: Config): Promise<OwnedStores> {
  const database = await openDatabase(config.store.path, storeOptions(config));
  const stores = { memory: memoryStore(database), composer: composerStore(database) };
  return { stores, close: () => database.close() };
}

async function wire(
  config: string | object,
  read: Config,
  { stores, close: closeStores }: OwnedStores,
  options: GatewayOptions,
): Promise<OpenedGateway> {
  const { clock = systemClock, logger = silentLogger } = options;
  const server = parseServerConfig(read.server);
  const secret = server.secret ?? (await serverSecret(read.store.path));
  const models = modelsOf(read, options, clock);
  const memory = await openFromConfig(config, { ...models, memoryStore: stores.memory, clock, logger });
  const metrics = createMetrics({ process: options.processMetrics ?? false });
  const http = createHttpClient({ area: "tools", clock });

  const deps: AdapterDeps = {
    clock,
    logger,
    sink: (sessionId, events) => composer.roomEvents(sessionId, events),
  };
  const local = createLocalAdapter(deps);
  const adapters = adaptersOf(read, local, options.adapters ?? [], deps);
  const tools = createTools(read.tools, http, options.tools);
  const sources = sourcesOf(read, clock);
  const personas = parsePersonas(read.personas, {
    sources: sources.keys(),
    tools: tools.keys(),
    vendors: [...Object.keys(VENDORS), ...adapters.keys()],
    replaced: REPLACED,
  });
  const parts: ComposerParts = {
    store: stores.composer,
    memory,
    adapters,
    personas,
    tools,
    brief: createBriefer({ sources, memory, clock }),
    sources,
    inbound: parseInbound(read.inbound, { adapters, personas, sources }),
    ...(models.llm && { llm: models.llm }),
    secret,
    publicUrl: (read.public_url ?? "").replace(/\/$/, ""),
    clock,
    logger,
    settings: { ...DEFAULT_SETTINGS, ...parseSettings(read.sessions), ...options.settings },
  };
  const composer = new Composer(parts);
  const brain = brainOf(read, parts, memory, metrics.turn);
  const gateway = createGateway({
    ...{ config: server, memory, composer, brain, metrics, clock, logger },
    beforeClose: async () => {
      await Promise.all(local.sessions().map((id) => composer.end(id, "drain")));
    },
  });

  let closing: Promise<void> | undefined;
  async function close(): Promise<void> {
    await gateway.close();
    await composer.close();
    await local.close();
    await brain.close();
    await http.close();
    await Promise.all([...sources.values()].map((source) => source.close()));
    await memory.close();
    await Promise.all(
      [models.llm, models.embedder].filter((each) => models.own.has(each!)).map((each) => each?.close?.()),
    );
    await closeStores();
  }
  return {
    gateway,
    memory,
    composer,
    async listen(at) {
      const address = await gateway.listen(at);
      if (parts.publicUrl === "") parts.publicUrl = address;
      composer.start();
      return address;
    },
    close() {
      closing ??= close();
      return closing;
    },
  };
}

function brainOf(
  { brain }: Config,
  composerParts: ComposerParts,
  memory: Astrocyte,
  onTurn: NonNullable<Parameters<typeof createBrain>[0]["onTurn"]>,
): Brain {
  const { clock, logger, llm } = composerParts;
  const config = parseConfig(brainConfigSchema, brain ?? {}, "brain");
  // The model that is configured for memory answers too, unless another is named.
  const implied =
    llm && config.upstreams.length === 0 ? [{ kind: "llm_provider" as const }] : config.upstreams;
  const { keys, upstreams, settings } = brainPartsOf({ ...config, upstreams: implied }, llm);
  const sessions = boundSessions(composerParts);
  const dialects = new Map(
    [...composerParts.adapters].flatMap(([vendor, { dialect }]) => (dialect ? [[vendor, dialect]] : [])),
  );
  const dialectModel = composerParts.settings.brainModel;
  return createBrain({
    ...{ memory, sessions, keys, upstreams, settings, dialects, dialectModel, clock, logger, onTurn },
  });
}

function modelsOf(config: Config, { llm, embedder }: GatewayOptions, clock: Clock) {
  const { llm_provider, llm_provider_config } = config;
  const made = createProviders(llmConfigSchema.parse({ llm_provider, llm_provider_config }), clock);
  const writer = llm ?? made.llm;
  const own = new Set([...(llm || !made.llm ? [] : [made.llm]), ...(embedder ? [] : [made.embedder])]);
  return { embedder: embedder ?? made.embedder, ...(writer && { llm: writer }), own };
}

function storeOptions({ store: { readers, cache_bytes } }: Config) {
  return {
    ...(readers !== undefined && { readers }),
    ...(cache_bytes !== undefined && { cacheBytes: cache_bytes }),
  };
}

function sourcesOf({ sources }: Config, clock: Clock) {
  const entries = Object.entries((sources ?? {}) as Record<string, unknown>);
  return new Map(entries.map(([name, raw]) => [name, parseSource(name, raw, { clock })]));
}

function adaptersOf(
  { presentation }: Config,
  local: LocalAdapter,
  own: PresentationAdapter[],
  deps: AdapterDeps,
): Map<string, PresentationAdapter> {
  const configured = Object.entries((presentation ?? {}) as Record<string, unknown>)
    .filter(([vendor]) => vendor !== "local")
    .map(([vendor, config]) => {
      const make = VENDORS[vendor];
      if (!make) throw unknownVendor(vendor);
      return make(config, deps);
    });
  return new Map([local, ...configured, ...own].map((adapter) => [adapter.vendor, adapter]));
}

function unknownVendor(vendor: string): AstrocyteError {
  const known = ["local", ...Object.keys(VENDORS)].join(", ");
  const todo = REPLACED[vendor] ?? `there is no such vendor. Known: ${known}. Correct or remove it.`;
  return new AstrocyteError("config_invalid", `[config] presentation.${vendor}: ${todo}`, {
    details: { key: `presentation.${vendor}` },
  });
}
