import { toAstrocyteError } from "../core/errors.ts";
import type { Logger } from "../core/telemetry.ts";
import type { Binding, OpenedSession, VendorResource } from "./adapter.ts";
import { gone } from "./vendor-http.ts";

/** What `binding.marker` starts with, and so the name of everything that sessions make at a vendor. */
export const MARKER_PREFIX = "astrocyte:";

/** Something at a vendor, with the name that we gave it. */
export type Named = { id: string; name: string };

/** A kind of thing that sessions make at a vendor, and how it is found and deleted there. */
export type ResourceKind = {
  kind: string;
  remove(id: string): Promise<unknown>;
  /** Those whose name begins so; more may be among them. Absent where the vendor has no list. */
  named?(prefix: string): AsyncIterable<Named> | Promise<Named[]>;
};

/** What one session has made so far. */
export type Ledger = {
  /** In the order in which it was made. */
  resources: VendorResource[];
  /** Durable before it returns. */
  record(kind: string, id: string): Promise<void>;
  /** Notes the name, makes the thing, notes its id: a crash in between leaves nothing that cannot be found. */
  make<T extends string | { id: string }>(kind: string, name: string, create: () => Promise<T>): Promise<T>;
};

/**
 * Opens a session step by step. What fails is taken back by `release`, and what cannot be taken back now is in the
 * record for the sweep.
 */
export async function openWithLedger(
  { vendor, binding, logger }: { vendor: string; binding: Binding; logger: Logger },
  release: (resources: VendorResource[]) => Promise<void>,
  open: (ledger: Ledger) => Promise<Omit<OpenedSession, "resources">>,
): Promise<OpenedSession> {
  const ledger = newLedger(binding);
  try {
    return { ...(await open(ledger)), resources: ledger.resources };
  } catch (error) {
    await release(ledger.resources).catch((cause) =>
      logger.warn(
        { sessionId: binding.sessionId, vendor, code: toAstrocyteError(cause).code },
        "what a failed open left at the vendor is left to the sweep",
      ),
    );
    throw error;
  }
}

function newLedger({ onResource }: Binding): Ledger {
  const resources: VendorResource[] = [];
  const record = async (kind: string, id: string) => {
    resources.push({ kind, id });
    await onResource({ kind, id });
  };
  return {
    resources,
    record,
    async make(kind, name, create) {
      await record(`${kind}_name`, name);
      const made = await create();
      await record(kind, typeof made === "string" ? made : made.id);
      return made;
    },
  };
}

/** All of them, in their order; each is waited for before the first failure is thrown. */
export async function allMade<T extends readonly unknown[] | []>(
  work: T,
): Promise<{ -readonly [K in keyof T]: Awaited<T[K]> }> {
  await Promise.allSettled(work);
  return Promise.all(work);
}

/** Ids of one kind, in the order in which they were recorded. */
export function idsOf(resources: VendorResource[], kind: string): string[] {
  return resources.filter((each) => each.kind === kind).map(({ id }) => id);
}

/**
 * Deletes what a session made, kind by kind in the order of `kinds`: what uses another thing comes before it.
 * Everything is tried; the first failure is thrown at the end, and calling again finishes the rest.
 */
export async function releaseAll(kinds: ResourceKind[], resources: VendorResource[]): Promise<void> {
  const failures: unknown[] = [];
  const attempt = (work: Promise<void>) => work.catch((error) => void failures.push(error));
  for (const { kind, remove, named } of kinds) {
    const [ids, names] = [idsOf(resources, kind), idsOf(resources, `${kind}_name`)];
    await Promise.all(ids.map((id) => attempt(gone(remove(id)))));
    // A name without its id: the answer of a create was lost.
    if (names.length > ids.length && named) await attempt(removeNamed(remove, named, new Set(names)));
  }
  if (failures.length > 0) throw failures[0];
}

async function removeNamed(
  remove: ResourceKind["remove"],
  named: NonNullable<ResourceKind["named"]>,
  names: Set<string>,
): Promise<void> {
  for (const wanted of names) {
    for await (const { id, name } of await named(wanted)) if (name === wanted) await gone(remove(id));
  }
}

/** All at the vendor that carries our marker, by session: what a crash left is among it. One list a kind. */
export async function listLeft(
  kinds: ResourceKind[],
): Promise<Array<{ marker: string; resources: VendorResource[] }>> {
  const left = new Map<string, VendorResource[]>();
  for (const { kind, named } of kinds) {
    if (!named) continue;
    for await (const { id, name } of await named(MARKER_PREFIX)) {
      const marker = /^astrocyte:\w+/.exec(name)?.[0];
      if (marker) left.set(marker, [...(left.get(marker) ?? []), { kind, id }]);
    }
  }
  return [...left].map(([marker, resources]) => ({ marker, resources }));
}
