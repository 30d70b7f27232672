import { z } from "zod";
import { AstrocyteError } from "../core/errors.ts";
import { BLOCKS, templateProblems } from "./briefing/template.ts";
import { duration, parseConfig } from "./parse.ts";
import { numberField } from "./telephone/config.ts";
import type { Persona } from "./types.ts";

const count = z.number().int().positive();

const question = z.union([
  z
    .string()
    .min(1)
    .transform((query) => ({ query, maxResults: 8, required: false })),
  z
    .strictObject({
      query: z.string().min(1),
      max_results: count.max(100).default(8),
      required: z.boolean().default(false),
    })
    .transform(({ query, max_results: maxResults, required }) => ({ query, maxResults, required })),
]);

const template = z.string().superRefine((text, context) => {
  for (const message of templateProblems(text)) context.addIssue({ code: "custom", message });
});

const order = z
  .array(z.enum(BLOCKS as [string, ...string[]]))
  .refine((blocks) => blocks.includes("rules"), "must hold rules: they keep memory from giving orders")
  .refine((blocks) => new Set(blocks).size === blocks.length, "names a block twice");

const briefing = z
  .strictObject({
    max_tokens: count.default(4000),
    template: template.optional(),
    order: order.optional(),
    time_zone: z.string().refine(isTimeZone, "is not an IANA time zone such as Europe/Berlin").default("UTC"),
  })
  .refine(
    (value) => value.template === undefined || value.order === undefined,
    "give template or order, not both",
  )
  .prefault({});

const limits = z
  .strictObject({
    max_duration: duration.default(30 * 60_000),
    absent_timeout: duration.default(120_000),
    left_timeout: duration.default(30_000),
    max_concurrent: count.default(50),
    daily_minutes: count.optional(),
    daily_cents: count.optional(),
  })
  .prefault({});

const persona = z.strictObject({
  name: z.string().min(1),
  prompt: z.string().min(1),
  greeting: z.string().optional(),
  fallback_greeting: z
    .string()
    .refine(
      (text) => !text.includes("{{"),
      "holds a placeholder; it is what is said when one cannot be filled",
    )
    .optional(),
  language: z.string().refine(isLanguage, "is not a language tag such as en or de-DE").default("en"),
  bank: z
    .string()
    .refine(
      (bank) => bank.includes("{subject}"),
      "must hold {subject}: without it everybody shares one memory",
    )
    .default("person:{subject}"),
  shared_banks: z.array(z.string()).default([]),
  sources: z.array(z.string()).default([]),
  recall: z.array(question).default([
    {
      query: "preferences, promises, open issues and important facts about the person",
      maxResults: 8,
      required: false,
    },
  ]),
  reflect: z.string().min(1).optional(),
  tools: z.array(z.string()).default([]),
  briefing,
  limits,
  /** For vendors that dial: where the person's number stands. */
  phone: numberField.optional(),
  goodbye: z.string().optional(),
  vendors: z.record(z.string(), z.record(z.string(), z.unknown())).default({}),
});

/** `personas:` of astrocyte.yaml: an id to its persona. */
export const personasConfig = z.record(
  z.string().regex(/^[a-z0-9][a-z0-9_-]{0,63}$/, "use lower case letters, digits, - and _"),
  persona,
);

/** One entry of `personas:`, complete with its defaults; durations in milliseconds. */
export type PersonaConfig = z.output<typeof persona>;

/** What a persona may name; what is not given is not checked. */
export type KnownParts = {
  sources?: Iterable<string>;
  tools?: Iterable<string>;
  vendors?: Iterable<string>;
  /** Vendors' products that are no more: what to write instead. */
  replaced?: Record<string, string>;
};

/** Personas from configuration. Errors: `config_invalid`, naming every field that is wrong. */
export function parsePersonas(raw: unknown, known: KnownParts = {}): Map<string, Persona> {
  const configs = parseConfig(personasConfig, raw ?? {}, "personas");
  // An iterator can be read once, and there are many personas.
  const [sources, tools, vendors] = [known.sources, known.tools, known.vendors].map(
    (each) => each && [...each],
  );
  const problems = Object.entries(configs).flatMap(([id, config]) => [
    ...unknown(`${id}.sources`, config.sources, sources),
    ...unknown(`${id}.tools`, config.tools, tools),
    ...unknown(`${id}.vendors`, Object.keys(config.vendors), vendors, known.replaced),
  ]);
  if (problems.length > 0) {
    throw new AstrocyteError("config_invalid", `[personas] ${problems.join("; ")}. Correct the names.`, {
      details: { issues: problems },
    });
  }
  return new Map(Object.entries(configs).map(([id, config]) => [id, toPersona(id, config)]));
}

function unknown(
  path: string,
  names: string[],
  known: string[] | undefined,
  replaced: Record<string, string> = {},
): string[] {
  if (!known) return [];
  const list = known.length > 0 ? known.join(", ") : "none";
  return names
    .filter((name) => !known.includes(name))
    .map((name) => `${path}: ${replaced[name] ?? `${name} does not exist; there is ${list}`}`);
}

function toPersona(id: string, config: PersonaConfig): Persona {
  const { name, prompt, greeting, language, bank, sources, recall, reflect, tools, goodbye, vendors } =
    config;
  const { max_tokens: maxTokens, template, order, time_zone: timeZone } = config.briefing;
  return {
    id,
    name,
    prompt,
    ...(greeting !== undefined && { greeting }),
    ...(config.fallback_greeting !== undefined && { fallbackGreeting: config.fallback_greeting }),
    language,
    bank,
    sharedBanks: config.shared_banks,
    sources,
    recall,
    ...(reflect !== undefined && { reflect }),
    tools,
    briefing: {
      maxTokens,
      timeZone,
      ...(template !== undefined && { template }),
      ...(order !== undefined && { order: order as NonNullable<Persona["briefing"]["order"]> }),
    },
    limits: toLimits(config.limits),
    ...(config.phone && { phone: config.phone }),
    ...(goodbye !== undefined && { goodbye }),
    vendors,
  };
}

function toLimits(config: PersonaConfig["limits"]): Persona["limits"] {
  const { daily_minutes: dailyMinutes, daily_cents: dailyCents } = config;
  return {
    maxDurationMs: config.max_duration,
    absentTimeoutMs: config.absent_timeout,
    leftTimeoutMs: config.left_timeout,
    maxConcurrent: config.max_concurrent,
    ...(dailyMinutes !== undefined && { dailyMinutes }),
    ...(dailyCents !== undefined && { dailyCents }),
  };
}

function isTimeZone(timeZone: string): boolean {
  return succeeds(() => new Intl.DateTimeFormat("en", { timeZone }));
}

function isLanguage(tag: string): boolean {
  return succeeds(() => Intl.getCanonicalLocales(tag));
}

function succeeds(work: () => unknown): boolean {
  try {
    work();
    return true;
  } catch {
    return false;
  }
}
