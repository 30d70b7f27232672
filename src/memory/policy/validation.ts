import { AstrocyteError, type ErrorCode } from "../../core/errors.ts";
import { isBankId } from "./banks.ts";

export type ValidationSettings = {
  maxContentBytes: number;
  maxTags: number;
  maxTagLength: number;
  blockedKeys: readonly string[];
  maxMetadataBytes: number;
};

export type ValidationInput = {
  bankId: string;
  bytes: number;
  tags: string[];
  metadata: Record<string, unknown>;
};

const MAX_DEPTH = 8;

/** Sizes and names of what is about to be stored; content is never quoted. */
export function createValidation(settings: ValidationSettings): (input: ValidationInput) => void {
  const blocked = new Set(settings.blockedKeys.map(plainKey));
  return ({ bankId, bytes, tags, metadata }) => {
    assertBankId(bankId);
    if (bytes > settings.maxContentBytes) {
      const limit = settings.maxContentBytes;
      fail("payload_too_large", "content", `has ${bytes} bytes; the limit is ${limit}. Retain it in parts`, {
        limit,
      });
    }
    validateTags(tags, settings);
    validateMetadata(metadata, blocked, settings.maxMetadataBytes);
  };
}

/** Raises `invalid_input` unless it can be a bank's id. */
export function assertBankId(bankId: string): void {
  if (isBankId(bankId)) return;
  fail("invalid_input", "bank_id", "is not a bank id. Use 1 to 128 letters, digits and . _ : @ + | = -");
}

function validateTags(tags: string[], { maxTags, maxTagLength }: ValidationSettings): void {
  if (tags.length > maxTags) {
    fail("invalid_input", "tags", `has ${tags.length} entries; the limit is ${maxTags}. Use fewer tags`);
  }
  tags.forEach((tag, i) => {
    if (tag.length >= 1 && tag.length <= maxTagLength && !/\p{Cc}/u.test(tag)) return;
    fail(
      "invalid_input",
      `tags.${i}`,
      `must have 1 to ${maxTagLength} characters and no control characters. Correct it`,
    );
  });
}

function validateMetadata(metadata: Record<string, unknown>, blocked: Set<string>, limit: number): void {
  checkKeys(metadata, "metadata", blocked, 0);
  const bytes = Buffer.byteLength(JSON.stringify(metadata));
  if (bytes <= limit) return;
  fail("payload_too_large", "metadata", `has ${bytes} bytes; the limit is ${limit}. Store less of it`, {
    limit,
  });
}

/** Credentials do not belong in memory, at any depth. */
function checkKeys(value: unknown, path: string, blocked: Set<string>, depth: number): void {
  if (typeof value === "bigint" || typeof value === "function" || typeof value === "symbol") {
    fail(
      "invalid_input",
      path,
      "cannot be stored as JSON. Use strings, numbers, booleans, lists and objects",
    );
  }
  if (value === null || typeof value !== "object") return;
  if (depth >= MAX_DEPTH) fail("invalid_input", path, `is nested deeper than ${MAX_DEPTH}. Flatten it`);
  for (const [key, inner] of Object.entries(value)) {
    const inside = `${path}.${key.slice(0, 64)}`;
    if (blocked.has(plainKey(key))) {
      fail("invalid_input", inside, "is a blocked key. Leave credentials out of metadata");
    }
    checkKeys(inner, inside, blocked, depth + 1);
  }
}

function plainKey(key: string): string {
  return key.toLowerCase().replace(/[-_ .]/g, "");
}

function fail(code: ErrorCode, field: string, problem: string, facts: Record<string, unknown> = {}): never {
  throw new AstrocyteError(code, `[validation] ${field} ${problem}.`, { details: { field, ...facts } });
}
