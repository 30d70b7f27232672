export type TtlRules = {
  deleteAfterDays?: number | undefined;
  exemptTags: readonly string[];
  /** Days in place of `deleteAfterDays`; null is for ever. */
  byFactType: Readonly<Record<string, number | null>>;
  byTag: Readonly<Record<string, number | null>>;
};

const DAY = 86_400_000;

/**
 * When a memory expires; undefined for never. An exempt tag wins over everything. Of the overrides for its
 * kind and tags the shortest counts, and the general rule only when there is none. Counted from `retainedAt`.
 */
export function expiryOf(
  row: { tags: string[]; factType: string; retainedAt: number },
  rules: TtlRules,
): number | undefined {
  if (row.tags.some((tag) => rules.exemptTags.includes(tag))) return undefined;
  const overrides = [
    own(rules.byFactType, row.factType),
    ...row.tags.map((tag) => own(rules.byTag, tag)),
  ].filter((days) => days !== undefined);
  const applicable = overrides.length > 0 ? overrides : [rules.deleteAfterDays ?? null];
  const days = Math.min(...applicable.map((value) => value ?? Number.POSITIVE_INFINITY));
  return Number.isFinite(days) ? row.retainedAt + days * DAY : undefined;
}

function own(rules: Readonly<Record<string, number | null>>, name: string): number | null | undefined {
  return Object.hasOwn(rules, name) ? rules[name] : undefined;
}
