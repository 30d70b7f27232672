import { AstrocyteError } from "../core/errors.ts";
import type { Engine } from "./engine.ts";
import { measured } from "./instruments.ts";
import type { BankRow } from "./store.ts";
import type { AstrocyteContext } from "./types.ts";

/**
 * The bank, made when it does not exist: it belongs to whom the context acts for, and to the embedder's model.
 * Errors: `embedding_model_changed`.
 */
export async function ensureBank(
  engine: Engine,
  bankId: string,
  context: AstrocyteContext,
): Promise<BankRow> {
  const { store, policy, embedder, clock } = engine;
  const bank = (await store.banks.get(bankId)) ?? (await create());
  assertModel(bank, embedder.embeddingModel);
  return bank;

  async function create(): Promise<BankRow> {
    return measured("create", [bankId], {}, async () => {
      const made = await store.banks.ensure({
        id: bankId,
        owner: policy.ownerFor(context),
        createdAt: clock.now(),
        embeddingModel: embedder.embeddingModel,
      });
      await store.audit.append([policy.auditEntry(context, "banks", bankId, "created")]);
      return made;
    });
  }
}

export function assertModel(bank: BankRow, model: string): void {
  if (bank.embeddingModel === model) return;
  throw new AstrocyteError(
    "embedding_model_changed",
    `[memory] bank "${bank.id}" holds vectors of ${bank.embeddingModel}, the embedder now is ${model}. ` +
      `Run "astrocyte reindex ${bank.id}", or configure the former model.`,
    { details: { bankId: bank.id, was: bank.embeddingModel, is: model } },
  );
}
