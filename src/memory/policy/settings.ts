import type { RE2JS } from "re2js";
import type { AccessSettings } from "./access.ts";
import { valuesFor } from "./banks.ts";
import type { PolicyConfig } from "./config.ts";
import type { BarrierSettings, PiiAction } from "./pii/barrier.ts";
import { compilePattern } from "./pii/custom.ts";
import type { Limited, Limits } from "./quotas.ts";
import type { TtlRules } from "./ttl.ts";
import type { ValidationSettings } from "./validation.ts";

type BankPii = NonNullable<PolicyConfig["banks"][string]["pii"]>;

/** The configuration as the parts of the policy take it, resolved per bank: global, then the bank's own. */
export function accessSettings(config: PolicyConfig): AccessSettings {
  return {
    enabled: config.access_control.enabled,
    defaultPolicy: config.access_control.default_policy,
    configGrants: (bankId) => valuesFor(config.banks, bankId).flatMap(({ access }) => access),
  };
}

export function validationSettings({ homeostasis, barriers }: PolicyConfig): ValidationSettings {
  return {
    maxContentBytes: homeostasis.retain_max_content_bytes,
    maxTags: barriers.validation.max_tags,
    maxTagLength: barriers.validation.max_tag_length,
    blockedKeys: barriers.metadata.blocked_keys,
    maxMetadataBytes: barriers.metadata.max_metadata_size_bytes,
  };
}

/** Undefined when the barrier is off for the bank. Patterns add up; of the rest the most specific counts. */
export function piiSettings(config: PolicyConfig, bankId: string): BarrierSettings | undefined {
  const own = valuesFor(config.banks, bankId).map(({ pii }) => pii ?? {});
  const layers: BankPii[] = [config.barriers.pii, ...own];
  if (layers.findLast(({ mode }) => mode !== undefined)?.mode === "disabled") return undefined;
  const action = layers.findLast((layer) => layer.action !== undefined)?.action ?? "redact";
  const countries = layers.findLast((layer) => layer.countries !== undefined)?.countries;
  const patterns = layers.flatMap((layer) => layer.patterns ?? []);
  const actions = new Map<string, PiiAction>();
  for (const pattern of patterns) if (pattern.action) actions.set(pattern.name, pattern.action);
  for (const layer of layers) {
    for (const [kind, override] of Object.entries(layer.type_overrides ?? {}))
      actions.set(kind, override.action);
  }
  return {
    patterns: patterns.map(({ name, regex }) => ({ name, pattern: compiled(regex) })),
    ...(countries ? { countries } : {}),
    actionFor: (kind) => actions.get(kind) ?? action,
  };
}

const compiledPatterns = new Map<string, RE2JS>();

/** Every bank shares the compiled form; the configuration has checked that it compiles. */
function compiled(regex: string): RE2JS {
  const known = compiledPatterns.get(regex);
  if (known) return known;
  const pattern = compilePattern(regex);
  if (typeof pattern === "string") throw new TypeError(pattern);
  compiledPatterns.set(regex, pattern);
  return pattern;
}

export function limitSettings(config: PolicyConfig, bankId: string): Limits {
  const layers = valuesFor(config.banks, bankId);
  const merge = <T>(base: T, own: Array<T | undefined>): T => Object.assign({}, base, ...own);
  const rates = merge(
    config.homeostasis.rate_limits,
    layers.map(({ rate_limits }) => rate_limits),
  );
  const quotas = merge(
    config.homeostasis.quotas,
    layers.map(({ quotas }) => quotas),
  );
  const pick = (
    limits: Record<string, number | undefined>,
    unit: string,
  ): Partial<Record<Limited, number>> => {
    const operations: Limited[] = ["retain", "recall", "reflect", "forget"];
    const set = operations.map((operation) => [operation, limits[`${operation}_${unit}`]] as const);
    return Object.fromEntries(set.filter(([, limit]) => limit !== undefined));
  };
  return { perMinute: pick(rates, "per_minute"), perDay: pick(quotas, "per_day") };
}

export function ttlSettings(config: PolicyConfig, bankId: string): TtlRules {
  const layers = [config.lifecycle.ttl, ...valuesFor(config.banks, bankId).map(({ ttl }) => ttl ?? {})];
  const days = layers.findLast((layer) => layer.delete_after_days !== undefined)?.delete_after_days;
  return {
    ...(days ? { deleteAfterDays: days } : {}),
    exemptTags: layers.flatMap((layer) => layer.exempt_tags ?? []),
    byFactType: Object.assign({}, ...layers.map((layer) => layer.fact_type_overrides)),
    byTag: Object.assign({}, ...layers.map((layer) => layer.tag_overrides)),
  };
}
