import { z } from "zod";
import { duration, parseConfig } from "../composer/parse.ts";
import { isActingPrincipal, isTeam } from "../memory/policy/principals.ts";

const principal = z.string().refine(isActingPrincipal, 'must be "user:…", "agent:…" or "service:…"');
const team = z.string().refine(isTeam, 'must be "team:…"');
const count = z.int().positive();

const apiKey = z
  .strictObject({
    /** For logs. */
    name: z.string().min(1).max(64),
    /** SHA-256 of the key, lower-case hex. */
    hash: z
      .string()
      .regex(/^[0-9a-f]{64}$/, "is not a SHA-256 in lower-case hex")
      .optional(),
    /** The key itself, from the environment: `${APP_KEY}`. */
    key: z
      .string()
      .min(24, "is shorter than 24 characters: make one with `openssl rand -base64 32`")
      .optional(),
    principal,
    teams: z.array(team).default([]),
    tenant_id: z.string().min(1).max(128).optional(),
  })
  .refine(({ hash, key }) => (hash === undefined) !== (key === undefined), "give either hash or key");

const jwt = z.strictObject({
  issuer: z.url(),
  audience: z.union([z.string(), z.array(z.string()).min(1)]),
  /** Found by the issuer's discovery document when absent. */
  jwks_url: z.url().optional(),
  principal_claim: z.string().default("sub"),
  /** Put before the claim's value: an identity provider never chooses the kind of a principal. */
  principal_prefix: z.enum(["user:", "agent:", "service:"]).default("user:"),
  /** A list of team names; `team:` is put before each. */
  teams_claim: z.string().optional(),
  tenant_claim: z.string().optional(),
});

/** `server:` of astrocyte.yaml. */
export const serverConfig = z.strictObject({
  host: z.string().default("127.0.0.1"),
  port: z.int().min(0).max(65_535).default(8787),
  /** Every per-session credential is derived from it; one is made beside the store when absent. */
  secret: z
    .string()
    .min(32, "is shorter than 32 characters: make one with `openssl rand -base64 32`")
    .optional(),
  keys: z.array(apiKey).default([]),
  jwt: jwt.optional(),
  /** Principals that may see metrics, run the lifecycle, and forget a person over all banks. */
  operators: z.array(principal).default([]),
  /** Who acts without a credential, when neither keys nor jwt are set and the gateway listens on loopback. */
  development_principal: principal.default("user:local"),
  cors: z.strictObject({ origins: z.array(z.url()).default([]) }).prefault({}),
  /** True behind a reverse proxy that sets `X-Forwarded-For`. */
  trust_proxy: z.boolean().default(false),
  limits: z
    .strictObject({
      requests_per_minute: count.default(1_200),
      sessions_per_minute: count.default(60),
      /** Of one address, without a valid credential. */
      failures_per_minute: count.default(60),
      streams: count.default(64),
      max_body_bytes: count.default(2_097_152),
    })
    .prefault({}),
  /** How long open streams may go on when the gateway stops. */
  drain: duration.default(10_000),
  /** Folder that export and import may name files in. */
  exchange_dir: z.string().optional(),
  /** Whom the built-in page offers to talk to; it exists in development only. */
  people: z
    .array(z.strictObject({ subject: z.string(), name: z.string(), note: z.string().optional() }))
    .default([]),
});

/** `server:` of astrocyte.yaml, complete with its defaults; durations in milliseconds. */
export type ServerConfig = z.output<typeof serverConfig>;

/** Errors: `config_invalid`. */
export function parseServerConfig(raw: unknown): ServerConfig {
  return parseConfig(serverConfig, raw ?? {}, "server");
}

const LOOPBACK = new Set(["127.0.0.1", "::1", "localhost", "[::1]"]);

export function isLoopback(host: string): boolean {
  return LOOPBACK.has(host);
}

/** No credential is configured: whoever is on this machine may do everything. */
export function isDevelopment({ keys, jwt }: Pick<ServerConfig, "keys" | "jwt">): boolean {
  return keys.length === 0 && jwt === undefined;
}
