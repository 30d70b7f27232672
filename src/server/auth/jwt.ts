import { createRemoteJWKSet, errors, type JWTPayload, type JWTVerifyGetKey, jwtVerify } from "jose";
import type { Clock } from "../../core/clock.ts";
import { AstrocyteError } from "../../core/errors.ts";
import { createHttpClient } from "../../core/http.ts";
import { isActingPrincipal, isTeam } from "../../memory/policy/principals.ts";
import type { AstrocyteContext, Party } from "../../memory/types.ts";
import type { ServerConfig } from "../config.ts";
import { unauthenticated } from "./caller.ts";

type JwtConfig = NonNullable<ServerConfig["jwt"]>;

/** Asymmetric ones alone: a public key must never do as a shared secret. */
const ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"];
const TOLERANCE_S = 30;

/**
 * Verifies tokens of an OpenID Connect provider; its keys are fetched once and again when a new one appears.
 * Errors: `unauthenticated`; `source_failed` when the provider's keys cannot be read.
 */
export function jwtVerifier(config: JwtConfig, clock: Clock): (token: string) => Promise<AstrocyteContext> {
  const keys = lazily(() => keySet(config, clock));
  return async (token) => {
    try {
      const { payload } = await jwtVerify(token, await keys(), {
        issuer: config.issuer,
        audience: config.audience,
        algorithms: ALGORITHMS,
        currentDate: new Date(clock.now()),
        clockTolerance: TOLERANCE_S,
        requiredClaims: ["exp"],
      });
      return contextOf(payload, config);
    } catch (error) {
      throw explained(error);
    }
  };
}

async function keySet({ issuer, jwks_url }: JwtConfig, clock: Clock): Promise<JWTVerifyGetKey> {
  return createRemoteJWKSet(new URL(jwks_url ?? (await discover(issuer, clock))));
}

async function discover(issuer: string, clock: Clock): Promise<string> {
  const http = createHttpClient({ area: "auth", clock, timeoutMs: 5_000, maxBytes: 262_144 });
  try {
    const url = `${issuer.replace(/\/$/, "")}/.well-known/openid-configuration`;
    const document = (await http.request({ url, idempotent: true })).json() as
      | Record<string, unknown>
      | undefined;
    if (document?.["issuer"] === issuer && typeof document["jwks_uri"] === "string")
      return document["jwks_uri"];
    throw unreadable();
  } finally {
    await http.close();
  }
}

/** A failure is not kept: the provider may be back at the next request. */
function lazily<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => {
    made ??= make().catch((error) => {
      made = undefined;
      throw error;
    });
    return made;
  };
}

function contextOf(payload: JWTPayload, config: JwtConfig): AstrocyteContext {
  const principal = `${config.principal_prefix}${String(payload[config.principal_claim] ?? "")}`;
  if (!isActingPrincipal(principal)) throw unauthenticated("the token names nobody. Check principal_claim.");
  const tenant = config.tenant_claim === undefined ? undefined : payload[config.tenant_claim];
  if (config.tenant_claim !== undefined && typeof tenant !== "string")
    throw unauthenticated("the token names no tenant. Check tenant_claim.");
  const teams = config.teams_claim === undefined ? [] : teamsOf(payload[config.teams_claim]);
  const actor = actorOf(payload["act"]);
  return {
    principal,
    ...(typeof tenant === "string" && { tenantId: tenant }),
    ...(teams.length > 0 && { teams }),
    ...(actor && { actor }),
  };
}

function teamsOf(claim: unknown): string[] {
  const names = Array.isArray(claim) ? claim.filter((name) => typeof name === "string") : [];
  return names.map((name) => `team:${name}`).filter(isTeam);
}

/** Delegation by RFC 8693: whoever acts for the subject has no more rights than both. */
function actorOf(claim: unknown): Party | undefined {
  if (claim === undefined) return undefined;
  const id = (claim as { sub?: unknown } | null)?.sub;
  if (typeof id !== "string" || !isActingPrincipal(`agent:${id}`))
    throw unauthenticated("the token's actor cannot be read.");
  return { type: "agent", id };
}

function explained(error: unknown): AstrocyteError {
  if (AstrocyteError.is(error)) return error;
  if (error instanceof errors.JWTExpired) return unauthenticated("the token has expired. Get a new one.");
  const about = [
    errors.JWTClaimValidationFailed,
    errors.JWTInvalid,
    errors.JWSInvalid,
    errors.JWSSignatureVerificationFailed,
    errors.JOSEAlgNotAllowed,
    errors.JOSENotSupported,
    errors.JWKSNoMatchingKey,
    errors.JWKSMultipleMatchingKeys,
  ];
  if (about.some((kind) => error instanceof kind)) return unauthenticated("the token is not valid.");
  return unreadable(error);
}

function unreadable(cause?: unknown): AstrocyteError {
  return new AstrocyteError(
    "source_failed",
    "[auth] the identity provider's keys could not be read. Check server.jwt, or try again.",
    { ...(cause !== undefined && { cause }) },
  );
}
