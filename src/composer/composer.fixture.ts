import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { silentLogger } from "../core/telemetry.ts";
import type { ForgetOptions, RetainContent, RetainOptions } from "../memory/types.ts";
import { composerStore, openDatabase } from "../stores/sqlite/index.ts";
import { FakeClock } from "../testing/fake-clock.ts";
import { ScriptedAdapter } from "../testing/scripted-adapter.ts";
import { Composer } from "./composer.ts";
import { type ComposerMemory, type ComposerParts, DEFAULT_SETTINGS } from "./parts.ts";
import { parsePersonas } from "./personas.ts";
import type { ToolDefinition } from "./tools/definitions.ts";
import { createTools } from "./tools/registry.ts";
import type { Briefing, CreateSession } from "./types.ts";

export const REQUEST: CreateSession = {
  persona: "guide",
  subject: "user:anna",
  vendor: "scripted",
  consent: "memory",
  context: { principal: "service:app" },
};

/** A memory that keeps what it is told, with the engine's idempotency. */
export class NotedMemory {
  readonly retained: Array<{ content: RetainContent; options: RetainOptions }> = [];
  readonly forgotten: ForgetOptions[] = [];
  refuse: (content: RetainContent) => string | undefined = () => undefined;
  readonly #keys = new Set<string>();

  readonly api: ComposerMemory = {
    openBank: async () => {},
    retain: async (content, options) => {
      const base = { stored: false, deduplicated: false, redactions: [], chunks: [] };
      const reason = this.refuse(content);
      if (reason) return { ...base, action: "refused", reason };
      const key = options.idempotencyKey;
      if (key !== undefined && this.#keys.has(key)) return { ...base, action: "merged", deduplicated: true };
      if (key !== undefined) this.#keys.add(key);
      this.retained.push({ content, options });
      const memoryId = `mem_${this.retained.length}`;
      const count = Array.isArray(content) ? content.length : 1;
      const chunks = Array.from({ length: count }, () => ({
        memoryId,
        action: "stored" as const,
        flags: [],
      }));
      return { ...base, stored: true, action: "stored", memoryId, chunks };
    },
    recall: async () => {
      throw new Error("not used");
    },
    reflect: async () => {
      throw new Error("not used");
    },
    forget: async (options) => {
      this.forgotten.push(options);
      return {
        deletedCount: 1,
        memoryIds: options.memoryIds ?? [],
        notFound: 0,
        dryRun: false,
        mode: "hard",
      };
    },
  };

  /** The texts of all retained turns, in order. */
  get turns(): string[] {
    return this.retained.flatMap(({ content }) =>
      Array.isArray(content) ? content.map((turn) => ("text" in turn ? turn.text : "")) : [],
    );
  }
}

export async function makeComposer(tools: ToolDefinition[] = [], changes: Partial<ComposerParts> = {}) {
  const folder = await mkdtemp(join(tmpdir(), "astrocyte-sessions-"));
  const database = await openDatabase(join(folder, "store.db"), { readers: 1 });
  const clock = new FakeClock();
  const vendor = new ScriptedAdapter();
  const memory = new NotedMemory();
  const personas = parsePersonas({
    guide: {
      name: "Guide",
      prompt: "You help.",
      goodbye: "Goodbye.",
      tools: ["remember", "forget_last", "end_call", ...tools.map(({ name }) => name)],
      limits: {
        max_duration: "10m",
        absent_timeout: "1m",
        left_timeout: "20s",
        max_concurrent: 2,
        daily_minutes: 30,
      },
    },
    odd: { name: "Odd", prompt: "x", vendors: { scripted: { unsupported: true } } },
  });
  const parts: ComposerParts = {
    store: composerStore(database),
    memory: memory.api,
    adapters: new Map([[vendor.vendor, vendor]]),
    personas,
    tools: createTools({}, undefined as never, tools),
    brief: async () => briefing(clock.now()),
    sources: new Map(),
    inbound: new Map(),
    secret: "server-secret",
    publicUrl: "https://gateway.test",
    clock,
    logger: silentLogger,
    settings: DEFAULT_SETTINGS,
    ...changes,
  };
  return {
    composer: new Composer(parts),
    parts,
    clock,
    vendor,
    memory,
    async destroy() {
      await database.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

export type World = Awaited<ReturnType<typeof makeComposer>>;

function briefing(composedAt: number): Briefing {
  const text = "Anna's favourite drink is oat milk with cinnamon";
  return {
    text: "You help.\nFacts.",
    greeting: "Hello Anna",
    tokens: 4,
    characters: 16,
    stableCharacters: 9,
    lines: [
      {
        block: "memory",
        text,
        memory: { memoryId: "mem_0", bankId: "person:anna", occurredAt: 0, score: 1 },
        sensitivity: "open",
      },
    ],
    overridden: [],
    leftOut: [],
    failed: [],
    composedAt,
  };
}

/** A test with a composer of its own. */
export function scenario(name: string, run: (world: World) => Promise<void>): void {
  test(name, async () => {
    const world = await makeComposer();
    try {
      await run(world);
    } finally {
      await world.destroy();
    }
  });
}
