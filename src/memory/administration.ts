import { AstrocyteError } from "../core/errors.ts";
import { newId } from "../core/ids.ts";
import type { Engine } from "./engine.ts";
import { isGrantPrincipal } from "./policy/principals.ts";
import type { AstrocyteContext, BankInfo, Hold, Permission, Principal } from "./types.ts";

const PERMISSIONS: readonly Permission[] = ["read", "write", "forget", "admin"];

/** The banks on which the context has any permission. */
export async function listBanks({ store, policy }: Engine, context: AstrocyteContext): Promise<BankInfo[]> {
  const banks = await store.banks.list();
  const allowed = await Promise.all(banks.map(({ id }) => policy.permissions(context, id)));
  return banks
    .filter((_, i) => allowed[i]!.size > 0)
    .map(({ id, owner, memories, createdAt, embeddingModel }) => ({
      bankId: id,
      owner,
      memories,
      createdAt,
      embeddingModel,
    }));
}

/** Removes the bank with its memories, grants and results of idempotent calls. Errors: `legal_hold`. */
export async function dropBank(
  { store, policy }: Engine,
  bankId: string,
  context: AstrocyteContext,
): Promise<void> {
  await policy.assertNoHold(bankId);
  await store.banks.drop(bankId, policy.auditEntry(context, "banks", bankId, "dropped"));
}

/** Replaces what the principal was granted on the bank. */
export async function setGrant(
  { store, policy }: Engine,
  bankId: string,
  principal: Principal,
  permissions: Permission[],
  context: AstrocyteContext,
): Promise<void> {
  if (!isGrantPrincipal(principal)) {
    throw new AstrocyteError(
      "invalid_input",
      '[grants] principal must be "user:…", "agent:…", "service:…", "team:…" or "*".',
    );
  }
  const known = permissions.length > 0 && permissions.every((permission) => PERMISSIONS.includes(permission));
  if (!known) {
    throw new AstrocyteError(
      "invalid_input",
      "[grants] permissions must be some of read, write, forget, admin.",
    );
  }
  const facts = { grantee: principal, permissions };
  const entry = policy.auditEntry(context, "grants", bankId, "granted", facts);
  await store.governance.setGrant(bankId, principal, [...new Set(permissions)], entry);
}

export async function removeGrant(
  { store, policy }: Engine,
  bankId: string,
  principal: Principal,
  context: AstrocyteContext,
): Promise<void> {
  const entry = policy.auditEntry(context, "grants", bankId, "revoked", { grantee: principal });
  await store.governance.removeGrant(bankId, principal, entry);
}

/** While any hold is set, nothing in the bank can be forgotten. */
export async function setHold(
  { store, policy, clock }: Engine,
  options: { bankId: string; reason: string; holdId?: string },
  context: AstrocyteContext,
): Promise<Hold> {
  const { bankId, reason } = options;
  if (typeof reason !== "string" || reason.trim() === "" || reason.length > 1_000) {
    throw new AstrocyteError("invalid_input", "[holds] reason must be a text of 1 to 1000 characters.");
  }
  const holdId = options.holdId ?? newId("hold", clock);
  const hold: Hold = { holdId, bankId, reason, setBy: context.principal, setAt: clock.now() };
  await store.governance.setHold(hold, policy.auditEntry(context, "holds", bankId, "set", { holdId }));
  return hold;
}

/** False when there is no such hold. */
export async function removeHold(
  { store, policy }: Engine,
  bankId: string,
  holdId: string,
  context: AstrocyteContext,
): Promise<boolean> {
  return store.governance.removeHold(
    bankId,
    holdId,
    policy.auditEntry(context, "holds", bankId, "released", { holdId }),
  );
}
