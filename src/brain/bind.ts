import { timingSafeEqual } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { AstrocyteError } from "../core/errors.ts";
import { sha256 } from "../core/secrets.ts";
import type { AstrocyteContext } from "../memory/types.ts";
import { contextTokens } from "./context-token.ts";
import {
  type BoundSession,
  type BrainKey,
  type BrainSessions,
  type BrainSettings,
  DEFAULT_RECALL,
  type RecallSettings,
} from "./parts.ts";
import type { ChatRequest } from "./request.ts";

/** Whose turn it is, and what it may touch. Made of credentials alone. */
export type Binding = {
  /** Differs for any two parties that may not share what was found. */
  id: string;
  session?: BoundSession;
  key?: BrainKey;
  context: AstrocyteContext;
  /** Where memory is sought; the first one is written to. */
  bankIds: string[];
  recall: RecallSettings;
  memoryTools: boolean;
  retain: boolean;
};

/** What the request's head proves. */
export type Credential = { session: BoundSession } | { key: BrainKey };

export type Binder = {
  keys: BrainKey[];
  sessions: BrainSessions | undefined;
  settings: BrainSettings;
};

/**
 * Who calls, by the key in the path or the bearer token. Errors: `unauthenticated` for an unknown one, `gone`
 * for that of an ended session.
 */
export async function authenticate(
  { keys, sessions }: Binder,
  req: IncomingMessage,
  sessionKey: string | undefined,
): Promise<Credential> {
  const given = sessionKey ?? bearerOf(req);
  if (!given) throw unauthenticated("no key was given. Send one as `Authorization: Bearer <key>`.");
  const key = sessionKey === undefined ? findKey(keys, given) : undefined;
  if (key) return { key };
  return { session: live(await sessions?.bySessionKey(given)) };
}

const MAX_TOKENS = 8;

/** The binding of one request. Its body can name a session only by a token that we signed. */
export async function bind(binder: Binder, credential: Credential, chat: ChatRequest): Promise<Binding> {
  const session = await sessionOf(binder, credential, chat);
  if (session) return sessionBinding(session, binder.settings);
  return keyBinding((credential as { key: BrainKey }).key, chat, binder.settings);
}

async function sessionOf(
  { sessions }: Binder,
  credential: Credential,
  chat: ChatRequest,
): Promise<BoundSession | undefined> {
  const bound = "session" in credential ? credential.session : undefined;
  const tokens = contextTokens(chat);
  if (tokens.length === 0 || (!bound && !(credential as { key: BrainKey }).key.contextTokens)) return bound;
  const found = await Promise.all(
    tokens.slice(0, MAX_TOKENS).map((token) => sessions?.byContextToken(token)),
  );
  // One that we did not sign is only words, which a recalled memory may hold too.
  const named = [bound, ...found].filter((each) => typeof each === "object");
  const all = new Map(named.map((each) => [each.sessionId, each]));
  if (all.size > 1) throw unauthenticated("the request names more than one session. Send one context token.");
  return all.values().next().value ?? live(found.includes("ended") ? "ended" : "unknown");
}

function sessionBinding(session: BoundSession, settings: BrainSettings): Binding {
  return {
    id: `session ${session.sessionId}`,
    session,
    context: session.context,
    bankIds: session.bankIds,
    recall: { ...DEFAULT_RECALL, ...settings.recall, ...session.recall },
    memoryTools: session.memoryTools ?? false,
    // What was said in a session is retained from its transcript.
    retain: false,
  };
}

function keyBinding(key: BrainKey, chat: ChatRequest, settings: BrainSettings): Binding {
  const bankIds = bankOf(key, chat.fields["user"]);
  return {
    id: `key ${key.hash} ${bankIds.join(" ")}`,
    key,
    context: { principal: key.principal },
    bankIds,
    recall: { ...DEFAULT_RECALL, ...settings.recall, ...key.recall },
    memoryTools: key.memoryTools ?? false,
    retain: key.retain === "completed",
  };
}

/** No colon: the user cannot reach into another scope such as `app:vip:{user}`. */
const USER = /^[\p{L}\p{N}][\p{L}\p{N}._@+|=-]{0,95}$/u;

/** The `user` of a request fills the gap in the key's own bank, and does nothing else. */
function bankOf({ bank, allowUserScope }: BrainKey, user: unknown): string[] {
  if (bank === undefined) return [];
  if (!bank.includes("{user}")) return [bank];
  if (allowUserScope && typeof user === "string" && USER.test(user)) return [bank.replace("{user}", user)];
  throw new AstrocyteError(
    "invalid_input",
    "[brain] this key keeps one memory for each user. Send `user`: up to 96 letters, digits and . _ @ + | = -",
    { details: { param: "user" } },
  );
}

function findKey(keys: BrainKey[], given: string): BrainKey | undefined {
  const digest = Buffer.from(sha256(given));
  let found: BrainKey | undefined;
  // All of them, whatever is found: the time tells nothing.
  for (const key of keys) if (timingSafeEqual(digest, Buffer.from(key.hash))) found = key;
  return found;
}

function bearerOf(req: IncomingMessage): string | undefined {
  const { authorization } = req.headers;
  const [, bearer] = /^bearer +(\S+) *$/i.exec(authorization ?? "") ?? [];
  const other = req.headers["x-api-key"];
  return bearer ?? (typeof other === "string" ? other : undefined);
}

function live(session: BoundSession | "unknown" | "ended" | undefined): BoundSession {
  if (session === "ended")
    throw new AstrocyteError("gone", "[brain] the session of this key has ended. Open a new one.");
  if (!session || session === "unknown") throw unauthenticated("the key is not valid. Check it.");
  return session;
}

function unauthenticated(what: string): AstrocyteError {
  return new AstrocyteError("unauthenticated", `[brain] ${what}`);
}
