import type { OpenOptions } from "../open.ts";
import { dropBank, listBanks, removeGrant, removeHold, setGrant, setHold } from "./administration.ts";
import { ensureBank } from "./banks.ts";
import { BankChanges, tellingChanges } from "./changes.ts";
import type { Engine } from "./engine.ts";
import { forget, type PurgeOptions, purge, type RestoreOptions, restore } from "./forget.ts";
import { countMemories, measured } from "./instruments.ts";
import { type MaintenanceResult, maintain } from "./lifecycle.ts";
import { type AuditVerdict, verifyAudit } from "./policy/audit.ts";
import type { Operation } from "./policy/policy.ts";
import {
  type ExportOptions,
  exportBank,
  type ImportOptions,
  type ImportResult,
  importBank,
} from "./portability.ts";
import { recall, recallBanks, warmUp } from "./recall.ts";
import { reflect } from "./reflect.ts";
import { type ReindexOptions, type ReindexResult, reindex } from "./reindex.ts";
import { createRetainer, type Retainer, type RetainItem } from "./retain.ts";
import { admit, type ManyItem, type ManyOptions, retainMany } from "./retain-many.ts";
import type { AuditRow } from "./store.ts";
import type {
  AstrocyteContext,
  AstrocyteOptions,
  BankCall,
  BankInfo,
  ForgetOptions,
  ForgetResult,
  Grant,
  Hold,
  Permission,
  Principal,
  RecallOptions,
  RecallResult,
  ReflectOptions,
  ReflectResult,
  RetainContent,
  RetainOptions,
  RetainResult,
  TimeInput,
} from "./types.ts";

const KEEP_DELETED_MS = 30 * 86_400_000;

/**
 * Memory in banks, governed. Every call is authorised before the store or a model is touched (`access_denied`),
 * then counted against the bank's limits (`rate_limited`, `quota_exceeded`), done, and audited.
 * Store errors: `store_busy` (retryable), `store_failed`, `store_full`. Times in results are milliseconds.
 */
export class Astrocyte {
  readonly #engine: Engine;
  readonly #options: AstrocyteOptions;
  readonly #retainer: Retainer;
  readonly #changes = new BankChanges();

  /** For those who wire an engine themselves; else use `open` or `fromConfig`. */
  constructor(engine: Engine, options: AstrocyteOptions = {}) {
    this.#engine = { ...engine, store: tellingChanges(engine.store, this.#changes) };
    this.#options = options;
    this.#retainer = createRetainer(this.#engine);
  }

  /** Memory in one SQLite file, with the local embedder and no LLM unless options say otherwise. */
  static async open(options: string | OpenOptions): Promise<Astrocyte> {
    const { openMemory } = await import("../open.ts");
    return openMemory(typeof options === "string" ? { path: options } : options);
  }

  /** As `astrocyte.yaml`, or the same as an object, says. Errors: `config_invalid`, naming the key. */
  static async fromConfig(config: string | object, options: OpenOptions = {}): Promise<Astrocyte> {
    const { openFromConfig } = await import("../open.ts");
    return openFromConfig(config, options);
  }

  /** Stores what was said or is known. Durable and found by the next recall when it returns. */
  async retain(content: RetainContent, options: RetainOptions): Promise<RetainResult> {
    const { bankId } = options;
    const conversation: Record<string, string> = {};
    if (typeof options.sessionId === "string") conversation["gen_ai.conversation.id"] = options.sessionId;
    return measured("retain", [bankId], conversation, async () => {
      const [item] = await this.#admit([{ ...options, content }]);
      const { commit } = await this.#retainer([item!]);
      const [result] = await commit();
      countMemories("retain", result!.action, Math.max(1, result!.chunks.length));
      return result!;
    });
  }

  /** Stores many, in batches; see `ManyOptions`. */
  async retainMany(
    items: Iterable<ManyItem> | AsyncIterable<ManyItem>,
    options: ManyOptions = {},
  ): Promise<RetainResult[]> {
    return measured("retain", [], {}, () =>
      retainMany(this.#retainer, items, options, (batch) => this.#admit(batch)),
    );
  }

  /** Finds what answers a question, in one bank or several. No model is called but the embedder. */
  async recall(query: string, options: RecallOptions): Promise<RecallResult> {
    return this.#read("recall", options, (context) => recall(this.#engine, query, { ...options, context }));
  }

  /** Recall as it would have been at `asOf`: later memories and replacements are not known. */
  async history(query: string, options: RecallOptions & { asOf: TimeInput }): Promise<RecallResult> {
    return this.#read("history", options, (context) => recall(this.#engine, query, { ...options, context }));
  }

  /** Loads what the first recall would, for a first turn in time: up to half a second of a core, and 100 MB. */
  warm(): Promise<void> {
    return warmUp(this.#engine);
  }

  /** Answers from memory, citing it; written by the LLM when one is configured, else quoted. */
  async reflect(query: string, options: ReflectOptions): Promise<ReflectResult> {
    return this.#read("reflect", options, (context) => reflect(this.#engine, query, { ...options, context }));
  }

  /** Deletes by selectors; `scope: "all"` needs `admin`. Errors: `legal_hold`. */
  async forget(options: ForgetOptions): Promise<ForgetResult> {
    const permission = options.scope === undefined ? "forget" : "admin";
    const result = await this.#call("forget", permission, options, (context) =>
      forget(this.#engine, options, context),
    );
    countMemories("forget", result.mode, result.dryRun ? 0 : result.deletedCount);
    return result;
  }

  /** Brings softly deleted memories back. */
  async restore(options: RestoreOptions): Promise<{ restoredCount: number }> {
    return this.#call("restore", "forget", options, (context) => restore(this.#engine, options, context));
  }

  /** Removes softly deleted memories for good: no byte of them stays. Errors: `legal_hold`. */
  async purge(options: PurgeOptions): Promise<{ purgedCount: number }> {
    return this.#call("purge", "forget", options, (context) => purge(this.#engine, options, context));
  }

  /** The bank as JSON lines, lossless. Needs `admin`; nothing is read before the first line is asked for. */
  async *export(options: ExportOptions): AsyncGenerator<string> {
    const context = this.#contextOf(options);
    await this.#engine.policy.authorize(context, "export", "admin", [options.bankId]);
    yield* exportBank(this.#engine, options, context);
  }

  /** Reads an export into a bank. Needs `admin`. */
  async import(
    source: AsyncIterable<string | Uint8Array> | Iterable<string>,
    options: ImportOptions,
  ): Promise<ImportResult> {
    return this.#call("import", "admin", options, (context) =>
      importBank(this.#engine, source, options, context),
    );
  }

  /** Makes a bank's vectors anew after a change of the embedding model. Needs `admin`; can be run again to go on. */
  async reindex(options: ReindexOptions): Promise<ReindexResult> {
    return this.#call("reindex", "admin", options, (context) => reindex(this.#engine, options, context));
  }

  /** The banks on which the context has any permission. */
  async banks(options: { context?: AstrocyteContext } = {}): Promise<BankInfo[]> {
    return measured("banks", [], {}, () => listBanks(this.#engine, this.#contextOf(options)));
  }

  /** Creates the bank unless it exists; the context must be able to read it, and with `write` to write. */
  async openBank(
    bankId: string,
    options: { context?: AstrocyteContext; write?: boolean } = {},
  ): Promise<void> {
    const { policy } = this.#engine;
    const context = this.#contextOf(options);
    const permissions = await policy.permissions(context, bankId);
    if (permissions.has("write")) await ensureBank(this.#engine, bankId, context);
    await policy.authorize(context, "recall", "read", [bankId]);
    if (options.write) await policy.authorize(context, "retain", "write", [bankId]);
  }

  /** Removes a bank with everything in it. Needs `admin`. Errors: `legal_hold`. */
  async dropBank(bankId: string, options: { context?: AstrocyteContext } = {}): Promise<void> {
    return this.#call("banks", "admin", { ...options, bankId }, (context) =>
      measured("drop", [bankId], {}, () => dropBank(this.#engine, bankId, context)),
    );
  }

  async grants(call: BankCall): Promise<Grant[]> {
    return this.#call("grants", "admin", call, () => this.#engine.store.governance.grants(call.bankId));
  }

  /** Replaces what a principal may do on the bank. */
  async grant(call: BankCall & { principal: Principal; permissions: Permission[] }): Promise<void> {
    const { bankId, principal, permissions } = call;
    return this.#call("grants", "admin", call, (context) =>
      setGrant(this.#engine, bankId, principal, permissions, context),
    );
  }

  async revoke(call: BankCall & { principal: Principal }): Promise<void> {
    return this.#call("grants", "admin", call, (context) =>
      removeGrant(this.#engine, call.bankId, call.principal, context),
    );
  }

  /** A legal hold: nothing in the bank can be forgotten until it is released. */
  async hold(call: BankCall & { reason: string; holdId?: string }): Promise<Hold> {
    return this.#call("holds", "admin", call, (context) => setHold(this.#engine, call, context));
  }

  async holds(call: BankCall): Promise<Hold[]> {
    return this.#call("holds", "admin", call, () => this.#engine.store.governance.holds(call.bankId));
  }

  /** False when there is no such hold. */
  async release(call: BankCall & { holdId: string }): Promise<boolean> {
    return this.#call("holds", "admin", call, (context) =>
      removeHold(this.#engine, call.bankId, call.holdId, context),
    );
  }

  /** Who did what in a bank, oldest first, after an entry's `seq`; 100 entries when no limit is given. */
  async audit(call: BankCall & { after?: number; limit?: number }): Promise<AuditRow[]> {
    const { bankId, after = 0, limit = 100 } = call;
    return this.#call("audit", "admin", call, () => this.#engine.store.audit.read(after, limit, bankId));
  }

  /** Recomputes the chain of all audit entries. The operator's call: it has no context and shows no entry. */
  async verifyAudit(): Promise<AuditVerdict> {
    return verifyAudit(this.#engine.store.audit);
  }

  /** Removes what has expired or was deleted long enough ago, in all banks. The operator's call, without a context. */
  async maintain(): Promise<MaintenanceResult> {
    const keep = this.#options.keepDeletedMs ?? KEEP_DELETED_MS;
    return measured("purge", [], {}, () => maintain(this.#engine, keep));
  }

  /** Called when what a bank holds, or who may read it, has changed through this instance. Returns the unsubscribe. */
  onChange(listener: (bankId: string) => void): () => void {
    return this.#changes.listen(listener);
  }

  async close(): Promise<void> {
    await this.#options.close?.();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #contextOf({ context }: { context?: AstrocyteContext }): AstrocyteContext {
    return context ?? { principal: this.#options.principal ?? "user:local" };
  }

  async #call<T>(
    operation: Operation,
    permission: Permission,
    call: BankCall,
    work: (context: AstrocyteContext) => Promise<T>,
  ): Promise<T> {
    const { policy } = this.#engine;
    const context = this.#contextOf(call);
    return measured(operation, [call.bankId], {}, async () => {
      await policy.authorize(context, operation, permission, [call.bankId]);
      await policy.spend(context, operation, call.bankId, 1);
      return work(context);
    });
  }

  async #read<T extends RecallResult | ReflectResult>(
    operation: "recall" | "history" | "reflect",
    options: ReflectOptions,
    work: (context: AstrocyteContext) => Promise<T>,
  ): Promise<T> {
    const { policy, store } = this.#engine;
    const context = this.#contextOf(options);
    const banks = recallBanks(options);
    return measured(operation, banks, {}, async (span) => {
      await policy.authorize(context, operation, "read", banks);
      await Promise.all(banks.map((bankId) => policy.spend(context, operation, bankId, 1)));
      const result = await work(context);
      const count = "hits" in result ? result.hits.length : result.sources.length;
      span.setAttribute("astrocyte.result_count", count);
      countMemories(operation, "returned", count);
      if (policy.auditReads) {
        await store.audit.append(
          banks.map((bankId) => policy.auditEntry(context, operation, bankId, "read", { count })),
        );
      }
      return result;
    });
  }

  #admit(batch: ManyItem[]): Promise<RetainItem[]> {
    return admit(
      this.#engine.policy,
      batch.map(({ content, ...options }) => ({ content, options, context: this.#contextOf(options) })),
    );
  }
}
