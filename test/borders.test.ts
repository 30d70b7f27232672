import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { join, relative, resolve, sep } from "node:path";
import { test } from "node:test";

const src = join(import.meta.dirname, "../src");

/** What each folder may import besides itself, by path prefix under `src/`. */
const ALLOWED: Record<string, string[]> = {
  core: [],
  memory: ["core"],
  composer: ["core", "memory", "presentation/adapter.ts"],
  brain: ["core", "memory", "composer"],
  server: ["core", "memory", "composer", "brain", "presentation/adapter.ts"],
  /** Runs in the browser. */
  "server/page": ["client"],
  stores: ["core", "memory/store.ts", "memory/types.ts", "composer/store.ts", "presentation/adapter.ts"],
  presentation: ["core", "voice"],
  voice: ["core"],
  client: [],
  cli: [
    "core",
    "memory",
    "composer",
    "brain",
    "server",
    "presentation",
    "open.ts",
    "open-gateway.ts",
    "config.ts",
    "testing",
  ],
};

/** Types may be imported where values may not: a port's types are no dependency at run time. */
const TYPES_ALLOWED: Record<string, string[]> = {
  client: [
    "presentation/adapter.ts",
    "presentation/local/protocol.ts",
    "presentation/presence.ts",
    "composer/types.ts",
    "composer/store.ts",
    "server",
    "memory/types.ts",
  ],
};

/** The composition root: the engine opens it late, and its entry is where a user looks for it. */
const LATE = new Set(["memory/brain.ts > open.ts", "server/index.ts > open-gateway.ts"]);

test("imports point one way", () => {
  const broken = sources().flatMap((file) => importsOf(file).flatMap((found) => violation(file, found)));
  assert.deepEqual(broken, []);
});

test("adapters never import each other", () => {
  const broken = sources("presentation/*/").flatMap((file) =>
    importsOf(file)
      .filter(({ target }) => target.startsWith("presentation/") && target.split("/").length > 2)
      .filter(({ target }) => target.split("/")[1] !== file.split("/")[1])
      .map(({ target }) => `${file} > ${target}`),
  );
  assert.deepEqual(broken, []);
});

test("what runs in the browser uses nothing of Node", () => {
  const broken = [...sources("client/"), ...sources("server/page/")].filter((file) =>
    /from "node:|require\(/.test(read(file)),
  );
  assert.deepEqual(broken, []);
});

test("production code never imports a simulator or the testing entry", () => {
  const broken = sources()
    .filter((file) => !file.startsWith("testing/") && !file.startsWith("cli/") && !file.includes("simulator"))
    .flatMap((file) =>
      importsOf(file)
        .filter(({ target }) => target.startsWith("testing/") || target.includes("simulator"))
        .map(({ target }) => `${file} > ${target}`),
    );
  assert.deepEqual(broken, []);
});

type Import = { target: string; typeOnly: boolean };

function violation(file: string, { target, typeOnly }: Import): string[] {
  const area = file.startsWith("server/page/") ? "server/page" : (file.split("/")[0] ?? "");
  const allowed = ALLOWED[area];
  if (!allowed || target.startsWith(`${area}/`) || LATE.has(`${file} > ${target}`)) return [];
  if (file.includes("simulator") && (target.startsWith("core") || target.startsWith("testing"))) return [];
  const prefixes = typeOnly ? [...allowed, ...(TYPES_ALLOWED[area] ?? [])] : allowed;
  return prefixes.some((prefix) => target === prefix || target.startsWith(`${prefix}/`))
    ? []
    : [`${file} > ${target}`];
}

function sources(under = ""): string[] {
  return globSync(`${under}**/*.ts`, { cwd: src })
    .map((file) => file.split(sep).join("/"))
    .filter((file) => !file.endsWith(".test.ts") && !file.endsWith(".fixture.ts"));
}

function importsOf(file: string): Import[] {
  const pattern =
    /(?:import|export)\s+(type\s)?[^;"']*?from\s+"(\.[^"]+)"|import\(\s*"(\.[^"]+)"\s*\)|import\s+"(\.[^"]+)"/g;
  return [...read(file).matchAll(pattern)].map((match) => {
    const path = match[2] ?? match[3] ?? match[4] ?? "";
    const target = relative(src, resolve(join(src, file), "..", path))
      .split(sep)
      .join("/");
    return { target, typeOnly: match[1] !== undefined };
  });
}

function read(file: string): string {
  return readFileSync(join(src, file), "utf8");
}
