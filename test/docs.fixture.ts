import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";

export const ROOT = join(import.meta.dirname, "..");

/** Paths of all pages for users, from the root. */
export const PAGES = ["README.md", ...globSync("docs/**/*.md", { cwd: ROOT }).sort()];

export type Block = { page: string; line: number; language: string; code: string };

export function read(page: string): string {
  return readFileSync(join(ROOT, page), "utf8");
}

/** All fenced blocks of a page, or of every page, also those within a list. */
export function blocksOf(language: string, pages: string[] = PAGES): Block[] {
  return pages.flatMap((page) => {
    const text = read(page);
    return [...text.matchAll(/^([ \t]*)```(\w+)\n(.*?)^\1```$/gms)]
      .map(({ 1: indent = "", 2: found = "", 3: code = "", index }) => ({
        page,
        line: text.slice(0, index).split("\n").length,
        language: found,
        code: code.replaceAll(new RegExp(`^${indent}`, "gm"), ""),
      }))
      .filter((block) => block.language === language);
  });
}

/** The commands of a shell block, one a line; a backslash goes on to the next. */
export function commandsOf({ code }: Block): string[] {
  return code
    .replaceAll("\\\n", " ")
    .split("\n")
    .filter((line) => line.trim() !== "" && !line.startsWith("#"));
}

export type Module = Block & { file: string };

/**
 * TypeScript blocks as modules: one that begins with an import begins a module, the others of its page go on with it.
 * One whose first line is `// path.ts` is that file.
 */
export function modulesOf(pages: string[] = PAGES): Module[] {
  const modules: Module[] = [];
  for (const block of blocksOf("ts", pages)) {
    const last = modules.at(-1);
    const named = /^\/\/ (\S+\.ts)\n/.exec(block.code)?.[1];
    if (!named && last?.page === block.page && !block.code.startsWith("import ")) last.code += block.code;
    else modules.push({ ...block, file: named ?? `${block.page.replaceAll(/\W/g, "_")}_${block.line}.mts` });
  }
  return modules;
}

/** Files that the entries of the package lie in: `astrocyte/memory` → `/…/src/memory/index.ts`. */
export function entries(): Record<string, string> {
  const { exports } = JSON.parse(read("package.json")) as { exports: Record<string, string> };
  return Object.fromEntries(
    Object.entries(exports).map(([name, file]) => [`astrocyte${name.slice(1)}`, join(ROOT, file)]),
  );
}

/** What the pages' snippets leave to their reader. */
export const READERS_OWN: Record<string, string> = {
  "globals.d.ts": `
    declare const memory: import("astrocyte").Astrocyte;
    declare const keys: import("astrocyte/brain").BrainKey[];
    declare const baseUrl: string;
    declare const yourBackend: { openSession(): Promise<{ session_id: string; session_token: string; join: import("astrocyte/presentation").JoinInfo }> };
    declare const common: Pick<import("astrocyte/client").ConnectOptions, "baseUrl" | "sessionId" | "sessionToken" | "join">;
    declare function show(role: string, text: string): void;
    declare function setState(state: string, reason?: string): void;
    declare module "@daily-co/daily-js" {
      const Daily: { createCallObject(): import("astrocyte/client").DailyCall };
      export default Daily;
    }`,
  "your-database.ts": `
    import type { MemoryStore } from "astrocyte";
    import type { ComposerStore } from "astrocyte/composer";
    export type Database = { memories(): MemoryStore; sessions(): ComposerStore; reopen(): Promise<Database>; drop(): Promise<void> };
    export declare function createYourDatabase(): Promise<Database>;`,
};
