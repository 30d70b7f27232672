import { readFileSync } from "node:fs";
import { LineCounter, parseDocument } from "yaml";
import { z } from "zod";
import { AstrocyteError } from "./errors.ts";

/** One top-level section a key. Each module owns the schemas of its own sections. */
export type Sections = Record<string, z.ZodType>;

export type ConfigSource = {
  /** Parsed YAML or an object given in code. */
  value: unknown;
  /** What an error calls the source: the file's name. */
  name: string;
  /** Line of a key path in the file, when there is one. */
  lineOf?: (path: readonly PropertyKey[]) => number | undefined;
};

/** Merges sections into one schema; a key that no section has is refused. */
export function defineConfig<S extends Sections>(sections: S): z.ZodObject<S, z.core.$strict> {
  return z.strictObject(sections);
}

/** Reads a YAML file. Errors: `config_invalid` when it cannot be read or is not YAML. */
export function readConfigFile(path: string): ConfigSource {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (cause) {
    throw new AstrocyteError(
      "config_invalid",
      `[config] ${path} cannot be read. Check the path and its rights.`,
      {
        cause,
      },
    );
  }
  return parseConfigText(text, path);
}

export function parseConfigText(text: string, name: string): ConfigSource {
  const counter = new LineCounter();
  const document = parseDocument(text, { lineCounter: counter, prettyErrors: false });
  const [error] = document.errors;
  if (error) {
    const { line } = counter.linePos(error.pos[0]);
    throw new AstrocyteError("config_invalid", `[config] ${name}:${line}: ${error.message}. Mend the YAML.`, {
      details: { line },
    });
  }
  const lineOf = (path: readonly PropertyKey[]) => {
    for (let depth = path.length; depth > 0; depth--) {
      const node = document.getIn(path.slice(0, depth), true);
      const range = (node as { range?: [number, number, number] } | undefined)?.range;
      if (range) return counter.linePos(range[0]).line;
    }
    return undefined;
  };
  return { value: document.toJS() ?? {}, name, lineOf };
}

/** Fills in and validates, as `fillConfig` does, and completes the value with the schema's defaults. */
export function parseConfig<S extends z.ZodType>(
  schema: S,
  source: ConfigSource,
  env: Record<string, string | undefined> = process.env,
): z.output<S> {
  return schema.parse(fillConfig(schema, source, env));
}

/**
 * The source's value, valid for the schema, with `${ENV}` and `${ENV:-default}` filled in. A variable's value is
 * text; where the schema wants a number or a boolean, it is read as one. `$${` stands for a plain `${`.
 * Errors: `config_invalid` with the key's path, the line, and what to do.
 */
export function fillConfig(
  schema: z.ZodType,
  source: ConfigSource,
  env: Record<string, string | undefined> = process.env,
): unknown {
  const filled = new Set<string>();
  const value = interpolate(source.value, [], source, env, filled);
  const first = schema.safeParse(value);
  if (first.success) return value;
  if (!coerce(value, first.error.issues, filled)) throw invalid(schema, source, first.error.issues);
  const second = schema.safeParse(value);
  if (second.success) return value;
  throw invalid(schema, source, second.error.issues);
}

type Path = readonly PropertyKey[];

function interpolate(
  value: unknown,
  path: Path,
  source: ConfigSource,
  env: Record<string, string | undefined>,
  filled: Set<string>,
): unknown {
  if (Array.isArray(value))
    return value.map((item, i) => interpolate(item, [...path, i], source, env, filled));
  if (isPlain(value)) {
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => [
        key,
        interpolate(item, [...path, key], source, env, filled),
      ]),
    );
  }
  if (typeof value !== "string" || !value.includes("${")) return value;
  if (/^\$\{[^}]*\}$/.test(value)) filled.add(path.join("\n"));
  return value.replace(/\$?\$\{([^}]*)\}/g, (whole, inner: string) => {
    if (whole.startsWith("$$")) return whole.slice(1);
    const [, name = "", fallback] = /^\s*([A-Za-z_]\w*)\s*(?::-(.*))?$/s.exec(inner) ?? [];
    if (name === "") throw problem(source, path, `"\${${inner}}" is not a variable's name`, `Write \${NAME}`);
    const found = env[name];
    if (found !== undefined && found !== "") return found;
    if (fallback !== undefined) return fallback;
    throw problem(
      source,
      path,
      `the environment variable ${name} is not set`,
      `Set it, or write \${${name}:-default}`,
    );
  });
}

/** Numbers and booleans that came in as text from the environment; true when any was changed. */
function coerce(value: unknown, issues: z.core.$ZodIssue[], filled: Set<string>): boolean {
  let changed = false;
  for (const issue of issues) {
    if (issue.code !== "invalid_type" || !filled.has(issue.path.join("\n"))) continue;
    const parent = at(value, issue.path.slice(0, -1)) as Record<PropertyKey, unknown>;
    const key = issue.path.at(-1)!;
    const text = parent[key];
    const read = typeof text === "string" ? readAs(issue.expected, text) : undefined;
    if (read === undefined) continue;
    parent[key] = read;
    changed = true;
  }
  return changed;
}

function readAs(expected: string, text: string): number | boolean | undefined {
  if ((expected === "number" || expected === "int") && /^-?\d+(?:\.\d+)?$/.test(text)) return Number(text);
  if (expected === "boolean" && /^(?:true|false)$/.test(text)) return text === "true";
  return undefined;
}

function invalid(schema: z.ZodType, source: ConfigSource, issues: z.core.$ZodIssue[]): AstrocyteError {
  const issue = issues[0]!;
  if (issue.code === "unrecognized_keys") {
    const key = issue.keys[0]!;
    const near = closest(key, keysAt(schema, issue.path));
    const fix = near === undefined ? "Remove it" : `Did you mean "${near}"`;
    return problem(source, [...issue.path, key], "is not a known setting", fix, near !== undefined);
  }
  const missing = issue.code === "invalid_type" && at(source.value, issue.path) === undefined;
  if (missing) return problem(source, issue.path, "is missing", "Add it");
  return problem(source, issue.path, decapitalise(issue.message), "Correct it");
}

function problem(source: ConfigSource, path: Path, what: string, fix: string, asks = false): AstrocyteError {
  const line = source.lineOf?.(path);
  const where = line === undefined ? source.name : `${source.name}:${line}`;
  const key = path.map(String).join(".") || "(top level)";
  return new AstrocyteError(
    "config_invalid",
    `[config] ${where}: ${key}: ${what}. ${fix}${asks ? "?" : "."}`,
    {
      details: { key, ...(line !== undefined && { line }) },
    },
  );
}

/** Keys that an object of the schema may have at a path. */
function keysAt(schema: z.ZodType, path: Path): string[] {
  let node: unknown = schema;
  for (const key of [undefined, ...path]) {
    if (key !== undefined) node = child(node, key);
    node = unwrap(node);
  }
  return node instanceof z.ZodObject ? Object.keys(node.shape) : [];
}

function child(node: unknown, key: PropertyKey): unknown {
  if (node instanceof z.ZodObject) return node.shape[key as string];
  if (node instanceof z.ZodRecord) return node.valueType;
  return node instanceof z.ZodArray ? node.element : undefined;
}

function unwrap(node: unknown): unknown {
  const inner = (node as { def?: { innerType?: unknown } } | undefined)?.def?.innerType;
  return inner === undefined ? node : unwrap(inner);
}

function closest(word: string, known: string[]): string | undefined {
  const ranked = known
    .map((key) => ({ key, distance: distance(word, key) }))
    .sort((a, b) => a.distance - b.distance);
  const [best] = ranked;
  return best && best.distance <= Math.max(1, Math.floor(word.length / 3)) ? best.key : undefined;
}

/** Levenshtein. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      next.push(Math.min(next[j - 1]! + 1, row[j]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)));
    }
    row = next;
  }
  return row[b.length]!;
}

function at(value: unknown, path: Path): unknown {
  return path.reduce(
    (inner: unknown, key) => (inner as Record<PropertyKey, unknown> | undefined)?.[key],
    value,
  );
}

function isPlain(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}

function decapitalise(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
