import { z } from "zod";
import { AstrocyteError } from "../../core/errors.ts";
import { isBankPattern } from "./banks.ts";
import { compilePattern } from "./pii/custom.ts";
import { PII_KINDS } from "./pii/kinds.ts";
import { isGrantPrincipal } from "./principals.ts";

const count = z.int().positive();
const days = z.number().positive();
const permission = z.enum(["read", "write", "forget", "admin"]);
const piiAction = z.enum(["redact", "reject", "warn"]);

const grant = z.strictObject({
  principal: z.string().refine(isGrantPrincipal, 'must be "user:…", "agent:…", "service:…", "team:…" or "*"'),
  permissions: z.array(permission).min(1),
});

const piiPattern = z.strictObject({
  /** The kind that is reported, and the placeholder: `employee_no` becomes `[employee_no]`. */
  name: z.string().regex(/^[a-z][a-z0-9_]{0,31}$/, "must be lower-case letters, digits and _"),
  /** RE2 syntax, so that it runs in linear time: no look-around, no back references. */
  regex: z.string().superRefine((source, context) => {
    const failure = compilePattern(source);
    if (typeof failure === "string") context.addIssue({ code: "custom", message: failure });
  }),
  action: piiAction.optional(),
});

const piiMode = z.enum(["regex", "disabled"], {
  error: (issue) =>
    `mode ${JSON.stringify(issue.input)} is not supported: use "regex" (patterns with checksums) or "disabled"`,
});

const typeOverrides = z.partialRecord(
  z.enum(PII_KINDS),
  z.strictObject({ action: z.enum(["redact", "reject", "warn", "allow"]) }),
);
const countries = z.array(z.string().regex(/^[A-Z]{2}$/, "must be ISO 3166 codes such as DE"));

const pii = z.strictObject({
  mode: piiMode.default("regex"),
  action: piiAction.default("redact"),
  patterns: z.array(piiPattern).default([]),
  /** Another action for one kind, e.g. `{card: {action: reject}, email: {action: allow}}`. */
  type_overrides: typeOverrides.default({}),
  /** Whose national ids and national phone forms are looked for; all supported ones when absent. */
  countries: countries.optional(),
});
const bankPii = z.strictObject({
  mode: piiMode.optional(),
  action: piiAction.optional(),
  patterns: z.array(piiPattern).optional(),
  type_overrides: typeOverrides.optional(),
  countries: countries.optional(),
});

const ttl = z.strictObject({
  /** Days after `retainedAt`; absent means for ever. */
  delete_after_days: days.optional(),
  exempt_tags: z.array(z.string()).default([]),
  /** Days by kind of fact in place of `delete_after_days`; null keeps the kind for ever. */
  fact_type_overrides: z.record(z.string(), days.nullable()).default({}),
  tag_overrides: z.record(z.string(), days.nullable()).default({}),
});
const bankTtl = z.strictObject({
  delete_after_days: days.nullable().optional(),
  exempt_tags: z.array(z.string()).optional(),
  fact_type_overrides: z.record(z.string(), days.nullable()).optional(),
  tag_overrides: z.record(z.string(), days.nullable()).optional(),
});

const rateLimits = z.strictObject({
  retain_per_minute: count.optional(),
  recall_per_minute: count.optional(),
  reflect_per_minute: count.optional(),
  forget_per_minute: count.optional(),
});
const quotas = z.strictObject({
  retain_per_day: count.optional(),
  recall_per_day: count.optional(),
  reflect_per_day: count.optional(),
  forget_per_day: count.optional(),
});

const bank = z.strictObject({
  access: z.array(grant).default([]),
  pii: bankPii.optional(),
  ttl: bankTtl.optional(),
  rate_limits: rateLimits.optional(),
  quotas: quotas.optional(),
});

/** Keys that hold credentials; compared without case, `-` and `_`. */
const BLOCKED_KEYS = [
  "password",
  "passwd",
  "passphrase",
  "secret",
  "client_secret",
  "api_key",
  "token",
  "access_token",
  "refresh_token",
  "auth_token",
  "authorization",
  "private_key",
  "cvv",
  "cvc",
];

/** The sections of the configuration file that govern memory. Everything has a default that is safe. */
export const policyConfigShape = {
  access_control: z
    .strictObject({
      enabled: z.boolean().default(true),
      /** Who may do what without a grant. `open` lets every principal do everything. */
      default_policy: z.enum(["owner_only", "open", "deny"]).default("owner_only"),
    })
    .prefault({}),
  /** By bank id, or by prefix (`person:*`). Grants add up; of the other settings the most specific wins. */
  banks: z
    .record(z.string().refine(isBankPattern, "is not a bank id or a prefix that ends in *"), bank)
    .default({}),
  barriers: z
    .strictObject({
      pii: pii.prefault({}),
      validation: z
        .strictObject({
          max_tags: count.default(64),
          max_tag_length: count.default(128),
        })
        .prefault({}),
      metadata: z
        .strictObject({
          blocked_keys: z.array(z.string()).default(BLOCKED_KEYS),
          max_metadata_size_bytes: count.default(16_384),
        })
        .prefault({}),
      injection: z.strictObject({ enabled: z.boolean().default(true) }).prefault({}),
    })
    .prefault({}),
  homeostasis: z
    .strictObject({
      recall_max_tokens: count.optional(),
      reflect_max_tokens: count.optional(),
      retain_max_content_bytes: count.default(1_048_576),
      rate_limits: rateLimits.prefault({}),
      quotas: quotas.prefault({}),
    })
    .prefault({}),
  lifecycle: z
    .strictObject({
      ttl: ttl.prefault({}),
      audit: z.strictObject({ reads: z.boolean().default(false) }).prefault({}),
    })
    .prefault({}),
};

export const policyConfigSchema = z.strictObject(policyConfigShape);

export type PolicyConfig = z.output<typeof policyConfigSchema>;
export type PolicyConfigInput = z.input<typeof policyConfigSchema>;

/** Checks and completes the governance settings. Raises `config_invalid` naming the first wrong key. */
export function parsePolicyConfig(input: unknown = {}): PolicyConfig {
  const parsed = policyConfigSchema.safeParse(input);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0]!;
  const keys = issue.code === "unrecognized_keys" ? issue.keys.slice(0, 1) : [];
  const key = [...issue.path, ...keys].join(".");
  const problem = keys.length > 0 ? "is not a known setting" : issue.message;
  throw new AstrocyteError("config_invalid", `[config] ${key}: ${problem}. Correct or remove it.`, {
    details: { key },
  });
}
