import type { LookupFunction } from "node:net";
import { extname } from "node:path";
import type { Clock } from "../../../core/clock.ts";
import { AstrocyteError } from "../../../core/errors.ts";
import { parseConfig } from "../../parse.ts";
import { type SourceConfig, sourceConfig, toSpec } from "./config.ts";
import { fileReader } from "./file.ts";
import { httpReader } from "./http.ts";
import { parsePath } from "./path.ts";
import { defineSource, type Reader, type SystemOfRecord } from "./source.ts";
import { sqlReader } from "./sql.ts";

export { type FieldsConfig, fieldsConfig, type SourceConfig, sourceConfig, sourcesConfig } from "./config.ts";
export { type FunctionSource, functionSource } from "./function.ts";
export type { StaleRule, SystemOfRecord } from "./source.ts";

/** What sources need of their surroundings. */
export type SourceDeps = {
  clock: Clock;
  /** Name resolution, the system's when absent. */
  lookup?: LookupFunction;
};

/** Builds one configured source. Nothing is read yet. Errors: `config_invalid`. */
export function createSource(name: string, config: SourceConfig, deps: SourceDeps): SystemOfRecord {
  const spec = toSpec(name, config);
  return defineSource(spec, readerOf(name, config, deps), deps.clock);
}

/** As `createSource`, from an entry of `sources:` as it stands in the YAML. */
export function parseSource(name: string, raw: unknown, deps: SourceDeps): SystemOfRecord {
  return createSource(name, parseConfig(sourceConfig, raw, `sources.${name}`), deps);
}

function readerOf(name: string, config: SourceConfig, deps: SourceDeps): Reader {
  if (config.kind === "sql") return sqlReader({ name, ...config, timeoutMs: config.timeout });
  checkPaths(config);
  if (config.kind === "file") {
    const { path, root, key, country } = config;
    const paths = Object.entries(config.fields).map(([field, { path, column }]) => [
      field,
      path ?? column ?? field,
    ]);
    const fields: Record<string, string> = Object.fromEntries(paths);
    const format = config.format ?? (extname(path).toLowerCase() === ".csv" ? "csv" : "json");
    return fileReader({
      name,
      path,
      format,
      fields,
      ...(root && { root }),
      ...(key && { key }),
      ...(country && { country }),
    });
  }
  const { hostname } = new URL(config.url.replaceAll(/[{}]/g, ""));
  const policy = {
    hosts: config.allow_hosts ?? [{ host: hostname, allowPrivate: false }],
    allowHttp: config.allow_http,
  };
  for (const { url } of [config, ...Object.values(config.find)]) checkScheme(name, url, policy.allowHttp);
  const { url, headers, find, max_bytes: maxBytes, timeout: timeoutMs } = config;
  return httpReader({ name, url, headers, find, policy, maxBytes, timeoutMs }, deps.clock, deps.lookup);
}

/** A wrong path is a mistake in the configuration, found at the start and not in the first call. */
function checkPaths(config: Exclude<SourceConfig, { kind: "sql" }>): void {
  if (config.kind === "file" && (config.format ?? extname(config.path)).endsWith("csv")) return;
  for (const [key, { path, as_of }] of Object.entries(config.fields)) {
    parsePath(path ?? key);
    if (as_of) parsePath(as_of);
  }
  if (config.as_of) parsePath(config.as_of);
}

function checkScheme(name: string, url: string, allowHttp: boolean): void {
  if (url.startsWith("https:") || allowHttp) return;
  throw new AstrocyteError(
    "config_invalid",
    `[sources.${name}] url is not encrypted. Use https, or set allow_http: true for an internal network.`,
  );
}
