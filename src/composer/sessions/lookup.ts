import { AstrocyteError } from "../../core/errors.ts";
import { openKey } from "../../core/secrets.ts";
import type { AstrocyteContext } from "../../memory/types.ts";
import type { PresentationAdapter, SessionHandle } from "../../presentation/adapter.ts";
import type { ComposerParts } from "../parts.ts";
import type { SessionRow, SessionState } from "../store.ts";
import type { Persona, Subject } from "../types.ts";

export const ACTIVE: SessionState[] = ["preparing", "open", "live", "ending"];

export async function requireSession(parts: ComposerParts, id: string): Promise<SessionRow> {
  const row = await parts.store.sessions.get(id);
  if (row) return row;
  throw new AstrocyteError("not_found", `[sessions] no session ${id}. Check the id, or list your sessions.`);
}

/** A session that people may still talk in; `gone` otherwise. */
export async function requireRunning(parts: ComposerParts, id: string): Promise<SessionRow> {
  const row = await requireSession(parts, id);
  if (row.state === "open" || row.state === "live") return row;
  throw new AstrocyteError("gone", `[sessions] session ${id} is ${row.state}. Open a new one.`);
}

/** The session that an address which we gave to its vendor belongs to; the last part is a secret of that session. */
export async function requireCallback(
  parts: ComposerParts,
  vendor: string,
  secret: string,
  purpose: "webhook" | "socket" = "webhook",
): Promise<SessionRow> {
  const id = openKey(parts.secret, purpose, secret);
  const row = id === undefined ? undefined : await parts.store.sessions.get(id);
  if (row?.vendor === vendor) return row;
  throw new AstrocyteError(
    "unauthenticated",
    "[webhooks] unknown callback address. Use the one that was given at create.",
  );
}

export function requirePersona(parts: ComposerParts, id: string): Persona {
  const persona = parts.personas.get(id);
  if (persona) return persona;
  const known = [...parts.personas.keys()].join(", ") || "none";
  throw new AstrocyteError("not_found", `[personas] no persona "${id}". Known: ${known}.`);
}

export function requireAdapter(parts: ComposerParts, vendor: string): PresentationAdapter {
  const adapter = parts.adapters.get(vendor);
  if (adapter) return adapter;
  const known = [...parts.adapters.keys()].join(", ") || "none";
  throw new AstrocyteError(
    "invalid_input",
    `[sessions] vendor "${vendor}" is not configured. Configured: ${known}. Add presentation.${vendor} to the configuration.`,
  );
}

export function parseSubject(principal: string): Subject {
  const match = /^user:([A-Za-z0-9._@+-]{1,128})$/.exec(principal);
  if (match?.[1]) return { principal, id: match[1] };
  throw new AstrocyteError("invalid_input", '[sessions] subject is not a person. Send it as "user:<id>".');
}

/** Whose rights count for what the session does: those of its creator, as they were proved then. */
export function contextOf(row: SessionRow): AstrocyteContext {
  return {
    principal: row.principal,
    ...(row.tenantId !== null && { tenantId: row.tenantId }),
    ...(row.teams.length > 0 && { teams: row.teams }),
  };
}

/** The person's bank first, then those that the persona shares. */
export function banksOf(persona: Persona, subject: Subject): string[] {
  const fill = (template: string) => template.replaceAll("{subject}", subject.id);
  return [persona.bank, ...persona.sharedBanks].map(fill);
}

export function handleOf(row: SessionRow): SessionHandle {
  return { sessionId: row.id, vendorSessionId: row.vendorSessionId ?? "", resources: row.resources };
}
