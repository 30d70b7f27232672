import type { AstrocyteContext, Permission, Redaction } from "../types.ts";

export type Operation =
  | "retain"
  | "recall"
  | "reflect"
  | "forget"
  | "restore"
  | "purge"
  | "history"
  | "export"
  | "import"
  | "reindex"
  | "banks"
  | "grants"
  | "holds"
  | "audit";

/**
 * Governance, in the path of every call. The engine calls it in this order: `authorize` before any store or
 * model call, `spend`, then for writes `screen` on every text that is about to be stored.
 */
export type Policy = {
  /**
   * Raises `AccessDenied` unless the context holds `permission` on every one of `bankIds`; a denial is audited.
   * A bank that does not exist yet may be written by anyone whom the default policy lets create one.
   */
  authorize(
    context: AstrocyteContext,
    operation: Operation,
    permission: Permission,
    bankIds: string[],
  ): Promise<void>;
  /** What the context may do on a bank: the union of its grants, intersected with the other party's. */
  permissions(context: AstrocyteContext, bankId: string): Promise<Set<Permission>>;
  /** Rate limits and daily quotas. Raises `rate_limited` (with `details.retryAfterMs`) or `quota_exceeded`. */
  spend(context: AstrocyteContext, operation: Operation, bankId: string, amount: number): Promise<void>;
  /** Raises `legal_hold` when any hold is set on the bank. */
  assertNoHold(bankId: string): Promise<void>;
  /** PII barrier and screening of planted instructions; pure, a few microseconds a kilobyte. */
  screen(bankId: string, text: string): Screened;
  /** Sizes, bank id, tags, metadata (blocked keys). Raises `invalid_input` or `payload_too_large`, naming the field. */
  validate(input: { bankId: string; bytes: number; tags: string[]; metadata: Record<string, unknown> }): void;
  /** When a memory with these tags and this kind expires by the TTL rules; undefined for never. */
  expiry(
    bankId: string,
    row: { tags: string[]; factType: string; occurredAt: number; retainedAt: number },
  ): number | undefined;
};

export type Screened =
  | { action: "accepted"; text: string; redactions: Redaction[]; warnings: string[]; flags: string[] }
  /** `reason` names the kind, never the value. */
  | { action: "refused"; reason: string };
