import type { IncomingHttpHeaders } from "node:http";
import type { Composer } from "../../composer/composer.ts";
import type { Clock } from "../../core/clock.ts";
import type { AstrocyteContext } from "../../memory/types.ts";
import { isDevelopment, type ServerConfig } from "../config.ts";
import { type Caller, unauthenticated } from "./caller.ts";
import { isFromThisMachine } from "./development.ts";
import { jwtVerifier } from "./jwt.ts";
import { keyring } from "./keys.ts";

export type { Caller } from "./caller.ts";

export type Credentials = { headers: IncomingHttpHeaders; address: string | undefined };

/** Who calls, by the bearer token alone. Errors: `unauthenticated`; `gone` for the token of an ended session. */
export type Authenticate = (credentials: Credentials) => Promise<Caller>;

const SESSION_TOKEN = /^ses_[a-z0-9]+\.[\w-]+$/;
const JWT = /^[\w-]+\.[\w-]+\.[\w-]+$/;

export function createAuthenticator(config: ServerConfig, composer: Composer, clock: Clock): Authenticate {
  const find = keyring(config.keys);
  const verify = config.jwt && jwtVerifier(config.jwt, clock);
  const operators = new Set(config.operators);
  const development = isDevelopment(config);

  const principal = (id: string, context: AstrocyteContext): Caller => {
    const operator = operators.has(context.principal) && !context.actor;
    return { kind: "principal", id, context, operator };
  };

  return async ({ headers, address }) => {
    const token = bearerOf(headers.authorization);
    if (token === undefined) {
      if (!development) throw unauthenticated("no credential was given. Send `Authorization: Bearer <key>`.");
      if (!isFromThisMachine(headers, address))
        throw unauthenticated(
          "without a key only this machine is served. Configure server.keys or server.jwt.",
        );
      const context = { principal: config.development_principal };
      return { kind: "principal", id: "development", context, operator: true };
    }
    if (SESSION_TOKEN.test(token)) {
      const session = await composer.bySessionToken(token);
      return { kind: "session", id: `session ${session.id}`, session };
    }
    const key = find(token);
    if (key) return principal(`key ${key.name}`, contextOfKey(key));
    if (verify && JWT.test(token)) {
      const context = await verify(token);
      return principal(`jwt ${context.tenantId ?? ""} ${context.principal}`, context);
    }
    throw unauthenticated("the credential is not valid. Check it.");
  };
}

function bearerOf(authorization: string | undefined): string | undefined {
  if (authorization === undefined) return undefined;
  const token = /^bearer +(\S{1,8192}) *$/i.exec(authorization)?.[1];
  if (token === undefined) throw unauthenticated("the header is not `Authorization: Bearer <key>`.");
  return token;
}

function contextOfKey({ principal, teams, tenant_id }: ServerConfig["keys"][number]): AstrocyteContext {
  return {
    principal,
    ...(teams.length > 0 && { teams }),
    ...(tenant_id !== undefined && { tenantId: tenant_id }),
  };
}
