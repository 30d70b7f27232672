import { AstrocyteError } from "../../core/errors.ts";
import type { GovernanceStore } from "../store.ts";

/** Raises `legal_hold` while any hold is set on the bank. Reads the store each time: a new hold counts at once. */
export function createHolds(store: Pick<GovernanceStore, "holds">): (bankId: string) => Promise<void> {
  return async (bankId) => {
    const holds = await store.holds(bankId);
    if (holds.length === 0) return;
    throw new AstrocyteError("legal_hold", "[hold] The bank is under a legal hold. Remove the hold first.", {
      details: { holds: holds.length },
    });
  };
}
