import type { Clock } from "../../core/clock.ts";
import type { AuditLog, BankStore, GovernanceStore } from "../store.ts";
import { createAccess } from "./access.ts";
import { auditEntry } from "./audit.ts";
import type { PolicyConfig } from "./config.ts";
import { createHolds } from "./holds.ts";
import type { Policy } from "./policy.ts";
import { createQuotas } from "./quotas.ts";
import { type ScreenSettings, screenMetadata, screenText } from "./screen.ts";
import { accessSettings, limitSettings, piiSettings, ttlSettings, validationSettings } from "./settings.ts";
import { expiryOf } from "./ttl.ts";
import { createValidation } from "./validation.ts";

/** What the policy needs of a `MemoryStore`. */
export type PolicyStore = {
  banks: Pick<BankStore, "get">;
  governance: Pick<GovernanceStore, "grants" | "holds" | "consume">;
  audit: Pick<AuditLog, "append">;
};

/** Banks whose resolved settings are kept; the rest are resolved again when they return. */
const REMEMBERED = 1_000;

export function createPolicy(config: PolicyConfig, store: PolicyStore, clock: Clock): Policy {
  const access = createAccess(accessSettings(config), store, clock);
  const limitsFor = remember((bankId) => limitSettings(config, bankId));
  const rulesFor = remember((bankId) => ttlSettings(config, bankId));
  const screenFor = remember(
    (bankId): ScreenSettings => ({
      pii: piiSettings(config, bankId),
      injection: config.barriers.injection.enabled,
    }),
  );
  const consume = createQuotas(store.governance, clock, limitsFor);

  return {
    ...access,
    spend: (_context, operation, bankId, amount) => consume(operation, bankId, amount),
    assertNoHold: createHolds(store.governance),
    screen: (bankId, text) => screenText(text, screenFor(bankId)),
    screenMetadata: (bankId, metadata) => screenMetadata(metadata, screenFor(bankId)),
    validate: createValidation(validationSettings(config)),
    expiry: (bankId, row) => expiryOf(row, rulesFor(bankId)),
    auditEntry: (context, operation, bankId, outcome, facts = {}) =>
      auditEntry({ at: clock.now(), context, operation, bankId, outcome, facts }),
    auditReads: config.lifecycle.audit.reads,
  };
}

/** The configuration does not change while the process runs, so what follows from it may be kept. */
function remember<T>(resolve: (bankId: string) => T): (bankId: string) => T {
  const known = new Map<string, T>();
  return (bankId) => {
    const kept = known.get(bankId);
    if (kept !== undefined) return kept;
    const value = resolve(bankId);
    if (known.size >= REMEMBERED) known.delete(known.keys().next().value!);
    known.set(bankId, value);
    return value;
  };
}
