import { execFile } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import type { LLMProvider } from "../../src/memory/llm/provider.ts";
import { memoryTexts } from "./corpus.ts";
import { CACHE } from "./files.ts";

export const MEM0_VERSION = "3.3.1";

type Mem0 = {
  add(text: string, options: { userId: string; infer: boolean }): Promise<unknown>;
  search(query: string, options: Record<string, unknown>): Promise<{ results: unknown[] }>;
};

/**
 * The npm package `mem0ai`, in this process, with our embedder through its LangChain setting, its own SQLite
 * vector store and no LLM (`infer: false`). It is installed outside the repository. Its native SQLite driver
 * has no binary for this Node here, so a shim over `node:sqlite` stands in for `better-sqlite3`.
 */
export async function openMem0(
  embedder: LLMProvider,
  memories: number,
): Promise<(query: string) => Promise<number>> {
  process.env["MEM0_TELEMETRY"] = "false";
  const folder = join(CACHE, `mem0-${MEM0_VERSION}`);
  const entry = join(folder, "node_modules/mem0ai/dist/oss/index.mjs");
  if (!existsSync(entry)) await install(folder);
  const { Memory } = (await import(pathToFileURL(entry).href)) as { Memory: new (config: object) => Mem0 };
  const dbPath = join(folder, `memories-${memories}.db`);
  const filled = existsSync(`${dbPath}.filled`);
  const memory = new Memory({
    embedder: { provider: "langchain", config: { model: langchainShape(embedder) } },
    vectorStore: { provider: "memory", config: { collectionName: "bench", dimension: 512, dbPath } },
    llm: { provider: "openai", config: { apiKey: "unused" } },
    disableHistory: true,
  });
  if (!filled) {
    for (const text of memoryTexts(memories)) await memory.add(text, { userId: "anna", infer: false });
    writeFileSync(`${dbPath}.filled`, "");
  }
  return async (query) =>
    (await memory.search(query, { filters: { user_id: "anna" }, topK: 10 })).results.length;
}

function langchainShape(embedder: LLMProvider) {
  const embedDocuments = async (texts: string[]) =>
    (await embedder.embed(texts)).map((vector) => [...vector]);
  return { embedDocuments, embedQuery: async (text: string) => (await embedDocuments([text]))[0] };
}

async function install(folder: string): Promise<void> {
  mkdirSync(join(folder, "shim"), { recursive: true });
  writeFileSync(
    join(folder, "shim/package.json"),
    JSON.stringify({ name: "better-sqlite3", version: "12.6.2", main: "index.cjs" }),
  );
  writeFileSync(join(folder, "shim/index.cjs"), SHIM);
  const manifest = {
    private: true,
    dependencies: { mem0ai: MEM0_VERSION, "better-sqlite3": "file:./shim" },
    overrides: { "better-sqlite3": "$better-sqlite3" },
  };
  writeFileSync(join(folder, "package.json"), JSON.stringify(manifest));
  const args = [
    "install",
    "--no-audit",
    "--no-fund",
    "--ignore-scripts",
    "--omit=optional",
    "--legacy-peer-deps",
  ];
  await promisify(execFile)("npm", args, { cwd: folder, timeout: 120_000 });
}

const SHIM = `const { DatabaseSync } = require("node:sqlite");
module.exports = class Database {
  constructor(path) { this.db = new DatabaseSync(path); }
  exec(sql) { this.db.exec(sql); return this; }
  prepare(sql) { return this.db.prepare(sql); }
  pragma(sql) { return this.db.prepare("PRAGMA " + sql).all(); }
  transaction(work) {
    return (...args) => {
      this.db.exec("BEGIN");
      try { const result = work(...args); this.db.exec("COMMIT"); return result; }
      catch (error) { this.db.exec("ROLLBACK"); throw error; }
    };
  }
  close() { this.db.close(); }
};
`;
