import type { Clock } from "../../../core/clock.ts";
import { parseConfig } from "../../parse.ts";
import type { Subject } from "../../types.ts";
import { type FieldsConfig, fieldsConfig, toSpec } from "./config.ts";
import type { Finder } from "./find.ts";
import { parsePath, readPath } from "./path.ts";
import { defineSource, type SystemOfRecord } from "./source.ts";

/** A system of record that is the application's own code. */
export type FunctionSource = {
  name: string;
  /** As under `fields:` in the configuration: the allowlist. */
  fields: FieldsConfig;
  /** The row of one subject, any JSON-like object; undefined when there is none. Stop at `signal`. */
  read(subject: Subject, signal: AbortSignal): Promise<unknown>;
  /** By field: the id of the subject that has this value; undefined when there is none, or more than one. */
  find?: Record<string, (value: string, signal: AbortSignal) => Promise<string | undefined>>;
  /** ISO 3166: where telephone numbers without `+` belong; what `find` gets is E.164. */
  country?: string;
  authority?: number;
  required?: boolean;
  /** Milliseconds, 2000 when absent. */
  timeoutMs?: number;
  asOf?: string;
};

/** A system of record of the application's own code. Errors: `config_invalid`. */
export function functionSource(source: FunctionSource, clock: Clock): SystemOfRecord {
  const spec = toSpec(source.name, {
    authority: source.authority ?? 0,
    required: source.required ?? false,
    timeout: source.timeoutMs ?? 2000,
    subject: {},
    as_of: source.asOf,
    country: source.country,
    fields: parseConfig(fieldsConfig, source.fields, `source ${source.name}`),
  });
  const finders = Object.entries(source.find ?? {}).map(([field, find]): [string, Finder] => [
    field,
    async (value, signal) => [await find(value, signal)].filter((id) => id !== undefined),
  ]);
  const reader = {
    finders: Object.fromEntries(finders),
    async read(_key: string, subject: Subject, signal: AbortSignal) {
      const row = await source.read(subject, signal);
      return row === undefined || row === null ? undefined : (path: string) => readPath(row, parsePath(path));
    },
  };
  return defineSource(spec, reader, clock);
}
