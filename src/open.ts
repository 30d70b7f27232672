import { mkdir } from "node:fs/promises";
import { dirname } from "node:path";
import { type Config, loadConfig } from "./config.ts";
import { type Clock, systemClock } from "./core/clock.ts";
import { type Logger, silentLogger } from "./core/telemetry.ts";
import { Astrocyte } from "./memory/brain.ts";
import type { Engine, EngineSettings } from "./memory/engine.ts";
import { createProviders, llmConfigSchema } from "./memory/llm/create.ts";
import type { LLMProvider } from "./memory/llm/provider.ts";
import { type PolicyConfig, type PolicyConfigInput, parsePolicyConfig } from "./memory/policy/config.ts";
import { createPolicy } from "./memory/policy/create.ts";
import type { MemoryStore } from "./memory/store.ts";
import type { Principal } from "./memory/types.ts";
import { memoryStore, openDatabase, type SqliteDatabase, type SqliteOptions } from "./stores/sqlite/index.ts";

/** How to open memory without a file of configuration, or beside one. */
export type OpenOptions = {
  /** The SQLite file, made with its folder when it does not exist; `:memory:` for one that goes at close. */
  path?: string;
  store?: SqliteOptions;
  /** An open database to share; it is not closed with the memory. */
  database?: SqliteDatabase;
  /** A store of your own in place of the file; it is not closed with the memory. */
  memoryStore?: MemoryStore;
  /** Writes answers and captions; nothing else needs one. */
  llm?: LLMProvider;
  /** Makes vectors; the local one when absent. */
  embedder?: LLMProvider;
  /** Governance, as in the sections of `astrocyte.yaml`. */
  policy?: PolicyConfigInput;
  settings?: Partial<EngineSettings>;
  /** Who acts when a call gives no context; `user:local` when absent. */
  principal?: Principal;
  /** How long a softly deleted memory can be restored, in milliseconds; 30 days when absent. */
  keepDeletedMs?: number;
  clock?: Clock;
  logger?: Logger;
};

const DEFAULT_PATH = "astrocyte.db";

/** Memory over one SQLite file. Errors: `config_invalid`, `store_newer`, `store_failed`. */
export async function openMemory(options: OpenOptions = {}): Promise<Astrocyte> {
  return wire(options, parsePolicyConfig(options.policy), createProvidersFor({}, options));
}

/** Memory as a configuration says; `options` in code win. Errors: `config_invalid`, naming the key. */
export async function openFromConfig(config: string | object, options: OpenOptions = {}): Promise<Astrocyte> {
  const read = loadConfig(config);
  const { store, lifecycle, homeostasis } = read;
  const fromConfig: OpenOptions = {
    path: store.path,
    store: {
      ...(store.readers !== undefined && { readers: store.readers }),
      ...(store.cache_bytes !== undefined && { cacheBytes: store.cache_bytes }),
    },
    keepDeletedMs: lifecycle.purge_deleted_after_days * 86_400_000,
    settings: {
      ...(homeostasis.recall_max_tokens !== undefined && { recallMaxTokens: homeostasis.recall_max_tokens }),
      ...(homeostasis.reflect_max_tokens !== undefined && {
        reflectMaxTokens: homeostasis.reflect_max_tokens,
      }),
      ...(read.recall_deadline_ms !== undefined && { recallDeadlineMs: read.recall_deadline_ms }),
    },
  };
  const merged = { ...fromConfig, ...options };
  return wire(merged, read, createProvidersFor(read, options));
}

type Models = { llm?: LLMProvider; embedder: LLMProvider; own: LLMProvider[] };

/** Those given in code are used and left open; the others are made here and closed with the memory. */
function createProvidersFor(config: Partial<Config>, { llm, embedder, clock }: OpenOptions): Models {
  if (embedder && llm) return { llm, embedder, own: [] };
  const { llm_provider, llm_provider_config } = config;
  const made = createProviders(llmConfigSchema.parse({ llm_provider, llm_provider_config }), clock);
  const own = new Set([...(made.llm && !llm ? [made.llm] : []), ...(embedder ? [] : [made.embedder])]);
  const writer = llm ?? made.llm;
  return { embedder: embedder ?? made.embedder, own: [...own], ...(writer && { llm: writer }) };
}

async function wire(options: OpenOptions, config: PolicyConfig, models: Models): Promise<Astrocyte> {
  const { clock = systemClock, logger = silentLogger, settings, principal, keepDeletedMs } = options;
  const { store, close } = await storeOf(options);
  const engine: Engine = {
    store,
    embedder: models.embedder,
    ...(models.llm && { llm: models.llm }),
    policy: createPolicy(config, store, clock),
    clock,
    logger,
    settings: { reflectMaxTokens: 4096, ...settings },
  };
  return new Astrocyte(engine, {
    ...(principal !== undefined && { principal }),
    ...(keepDeletedMs !== undefined && { keepDeletedMs }),
    close: async () => {
      await Promise.all(models.own.map((model) => model.close?.()));
      await close();
    },
  });
}

type OwnedStore = { store: MemoryStore; close(): Promise<void> };

/** What was opened here is closed here. */
async function storeOf({ memoryStore: given, database, path, store }: OpenOptions): Promise<OwnedStore> {
  if (given) return { store: given, close: async () => {} };
  if (database) return { store: memoryStore(database), close: async () => {} };
  const opened = await openFile(path ?? DEFAULT_PATH, store);
  return { store: memoryStore(opened), close: () => opened.close() };
}

async function openFile(path: string, options: SqliteOptions | undefined): Promise<SqliteDatabase> {
  if (path !== ":memory:") await mkdir(dirname(path), { recursive: true });
  return openDatabase(path, options);
}
