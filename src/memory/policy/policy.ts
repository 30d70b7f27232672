import type { NewAuditEntry } from "../store.ts";
import type { AstrocyteContext, Permission, Principal, Redaction } from "../types.ts";
import type { AuditFacts } from "./audit.ts";

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
 * model call, `spend`, then for writes `validate`, `screen` on every text that is about to be stored and
 * `screenMetadata`.
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
  /**
   * Whom a bank that this context creates belongs to: the person it acts for, else the principal. Under the
   * default policy `deny` nobody, so that creating one gives no rights beyond the grants.
   */
  ownerFor(context: AstrocyteContext): Principal;
  /** Rate limits and daily quotas. Raises `rate_limited` (with `details.retryAfterMs`) or `quota_exceeded`. */
  spend(context: AstrocyteContext, operation: Operation, bankId: string, amount: number): Promise<void>;
  /** Raises `legal_hold` when any hold is set on the bank. */
  assertNoHold(bankId: string): Promise<void>;
  /** PII barrier and screening of planted instructions; pure, a few microseconds a kilobyte. */
  screen(bankId: string, text: string): Screened;
  /** The same barrier over the texts and numbers of metadata, at any depth; a field's name is context for its value. */
  screenMetadata(bankId: string, metadata: Record<string, unknown>): ScreenedMetadata;
  /** Sizes, bank id, tags, metadata (blocked keys). Raises `invalid_input` or `payload_too_large`, naming the field. */
  validate(input: { bankId: string; bytes: number; tags: string[]; metadata: Record<string, unknown> }): void;
  /** When a memory with these tags and this kind expires by the TTL rules; undefined for never. */
  expiry(
    bankId: string,
    row: { tags: string[]; factType: string; occurredAt: number; retainedAt: number },
  ): number | undefined;
  /** An entry for the audit, stamped with the time and the parties; `facts` hold no content. */
  auditEntry(
    context: AstrocyteContext,
    operation: Operation,
    bankId: string,
    outcome: string,
    facts?: AuditFacts,
  ): NewAuditEntry;
  /** True when reads are audited too. */
  readonly auditReads: boolean;
};

export type Screened =
  | { action: "accepted"; text: string; redactions: Redaction[]; warnings: string[]; flags: string[] }
  /** `reason` names the kind, never the value. */
  | { action: "refused"; reason: string };

export type ScreenedMetadata =
  | {
      action: "accepted";
      metadata: Record<string, unknown>;
      redactions: Redaction[];
      warnings: string[];
      flags: string[];
    }
  | { action: "refused"; reason: string };
