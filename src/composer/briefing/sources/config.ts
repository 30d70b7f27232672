import { z } from "zod";
import { isTelephoneCountry } from "../../../core/telephone.ts";
import { duration } from "../../parse.ts";
import type { Attribute } from "../../types.ts";
import type { FieldSpec, SourceSpec } from "./source.ts";

const name = z.string().regex(/^[a-z][a-z0-9_]*$/, "use lower case letters, digits and _");
const words = z.array(z.string().min(1)).default([]);

/** How people speak of a field, so that a memory can be found to contradict it. */
const attribute = z
  .strictObject({
    type: z.enum(["choice", "text", "place", "number", "amount", "date", "email", "phone"]),
    names: words,
    phrases: words,
    values: z.record(z.string(), words).default({}),
    unit: z.string().optional(),
    currency: z.string().length(3).toUpperCase().optional(),
    period: z.enum(["day", "week", "month", "year"]).optional(),
    tolerance: z.number().min(0).max(1).optional(),
    event: z.boolean().optional(),
    recurs: z.literal("yearly").optional(),
  })
  .refine(
    ({ type, values }) => type !== "choice" || Object.keys(values).length > 0,
    "a choice needs its values",
  )
  .transform((value) => dropUndefined(value) as Attribute);

const field = z
  .strictObject({
    path: z.string().optional(),
    column: z.string().optional(),
    label: z.string().optional(),
    as_of: z.string().optional(),
    ttl: duration.default(300_000),
    stale: z.enum(["refetch", "drop", "show"]).default("refetch"),
    sensitivity: z.enum(["open", "never_spoken", "private"]).default("open"),
    attribute: attribute.optional(),
  })
  .refine(({ path, column }) => path === undefined || column === undefined, "give path or column, not both");

const common = {
  authority: z.number().int().default(0),
  required: z.boolean().default(false),
  timeout: duration.default(2000),
  subject: z
    .strictObject({ strip_prefix: z.string().optional(), template: z.string().optional() })
    .default({}),
  /** ISO 3166: where the telephone numbers belong that are written without `+`. */
  country: z.string().refine(isTelephoneCountry, "is not a country code such as DE").optional(),
  /** Path or column of the time for which the source vouches (its last sync), not of the row's last change. */
  as_of: z.string().optional(),
  fields: z.record(name, field),
};

const allowedHost = z
  .union([z.string(), z.strictObject({ host: z.string(), allow_private: z.boolean().default(false) })])
  .transform((entry) =>
    typeof entry === "string"
      ? { host: entry.toLowerCase(), allowPrivate: false }
      : { host: entry.host.toLowerCase(), allowPrivate: entry.allow_private },
  );

const httpFind = z.strictObject({
  url: z
    .string()
    .refine(hasFixedHost, "must be a URL whose scheme and host hold no placeholder")
    .refine((url) => url.includes("{value}"), "holds no {value}: it would find everybody"),
  /** Path to the list of rows, or to the one row; the whole answer when absent. */
  root: z.string().default("$"),
  /** Path of the source's own key in a row. */
  id: z.string().default("id"),
});

const http = z.strictObject({
  kind: z.literal("http"),
  url: z.string().refine(hasFixedHost, "must be a URL whose scheme and host hold no placeholder"),
  headers: z.record(z.string(), z.string()).default({}),
  /** The URL's own host when absent. */
  allow_hosts: z.array(allowedHost).optional(),
  allow_http: z.boolean().default(false),
  max_bytes: z.number().int().positive().default(262_144),
  /** By field: how a person is looked up by its value. */
  find: z.record(name, httpFind).default({}),
  ...common,
});

const sql = z.strictObject({
  kind: z.literal("sql"),
  driver: z.enum(["sqlite", "postgres", "mysql"]).default("sqlite"),
  database: z.string(),
  query: z.string(),
  /** By field: the statement that selects the source's own key of who has `:value`. */
  find: z.record(name, z.string()).default({}),
  ...common,
});

const file = z.strictObject({
  kind: z.literal("file"),
  path: z.string(),
  format: z.enum(["json", "csv"]).optional(),
  root: z.string().optional(),
  key: z.string().optional(),
  ...common,
});

/** One entry of `sources:` in astrocyte.yaml. `function` sources exist in code only: `functionSource`. */
export const sourceConfig = z.discriminatedUnion("kind", [http, sql, file]);

/** `sources:` of astrocyte.yaml: a name to its source. */
export const sourcesConfig = z.record(name, sourceConfig);

/** One entry of `sources:`, complete with its defaults; durations in milliseconds. */
export type SourceConfig = z.output<typeof sourceConfig>;

/** The fields of a source in code, for `functionSource`: as in the configuration. */
export const fieldsConfig = z.record(name, field);

/** `fields:` of a source, as written. */
export type FieldsConfig = z.input<typeof fieldsConfig>;

type CommonConfig = Pick<
  SourceConfig,
  "authority" | "required" | "timeout" | "subject" | "as_of" | "fields" | "country"
>;

export function toSpec(sourceName: string, config: CommonConfig): SourceSpec {
  const { strip_prefix: stripPrefix, template } = config.subject;
  return {
    name: sourceName,
    authority: config.authority,
    required: config.required,
    timeoutMs: config.timeout,
    ...(config.country !== undefined && { country: config.country }),
    subject: {
      ...(stripPrefix !== undefined && { stripPrefix }),
      ...(template !== undefined && { template }),
    },
    fields: Object.entries(config.fields).map(([key, value]) => toField(key, value, config.as_of)),
  };
}

function toField(key: string, config: z.output<typeof field>, rowAsOf?: string): FieldSpec {
  const asOf = config.as_of ?? rowAsOf;
  return {
    name: key,
    label: config.label ?? titleOf(key),
    path: config.path ?? config.column ?? key,
    ...(asOf !== undefined && { asOf }),
    ttlMs: config.ttl,
    stale: config.stale,
    sensitivity: config.sensitivity,
    ...(config.attribute && { attribute: config.attribute }),
  };
}

/** `plan_tier` → `Plan tier`. */
function titleOf(key: string): string {
  const text = key.replaceAll("_", " ");
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function hasFixedHost(url: string): boolean {
  const authority = /^https?:\/\/([^/?#]*)/.exec(url)?.[1];
  return authority !== undefined && !authority.includes("{") && URL.canParse(url.replaceAll(/[{}]/g, ""));
}

function dropUndefined<T extends object>(value: T): Partial<T> {
  return Object.fromEntries(Object.entries(value).filter(([, item]) => item !== undefined)) as Partial<T>;
}
