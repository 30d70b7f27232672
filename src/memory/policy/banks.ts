/** A bank's id, or a prefix of ids that ends in `*` (`person:*`). */
export type BankPattern = string;

const BANK_ID = /^[\p{L}\p{N}][\p{L}\p{N}._:@+|=-]{0,127}$/u;

/** 1 to 128 letters, digits and `. _ : @ + | = -`, beginning with a letter or digit. */
export function isBankId(value: string): boolean {
  return BANK_ID.test(value);
}

export function isBankPattern(value: string): boolean {
  return value === "*" || isBankId(value.endsWith("*") ? value.slice(0, -1) : value);
}

export function matchesBank(pattern: BankPattern, bankId: string): boolean {
  return pattern.endsWith("*") ? bankId.startsWith(pattern.slice(0, -1)) : pattern === bankId;
}

/** The values whose pattern fits the bank, general ones first: prefixes by length, then the exact id. */
export function valuesFor<T>(byPattern: Record<BankPattern, T>, bankId: string): T[] {
  return Object.entries(byPattern)
    .filter(([pattern]) => matchesBank(pattern, bankId))
    .sort(([a], [b]) => specificity(a) - specificity(b))
    .map(([, value]) => value);
}

function specificity(pattern: BankPattern): number {
  return pattern.endsWith("*") ? pattern.length : Number.MAX_SAFE_INTEGER;
}
