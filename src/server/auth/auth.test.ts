import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from "jose";
import type { Composer } from "../../composer/composer.ts";
import { sha256 } from "../../core/secrets.ts";
import { FakeClock } from "../../testing/fake-clock.ts";
import { parseServerConfig } from "../config.ts";
import { createAuthenticator } from "./index.ts";

const KEY = "a-key-of-at-least-24-characters";
const noSessions = { bySessionToken: () => Promise.reject(new Error("not asked")) } as unknown as Composer;

/** An identity provider on loopback: its discovery document, its keys, and tokens that it signs. */
async function makeProvider(clock: FakeClock) {
  const { publicKey, privateKey } = await generateKeyPair("ES256");
  const stranger = await generateKeyPair("ES256");
  const jwk = { ...(await exportJWK(publicKey)), kid: "k1", alg: "ES256" };
  let down = false;
  const server = createServer((req, res) => {
    if (down) return void res.writeHead(500).end();
    const body = req.url === "/keys" ? { keys: [jwk] } : { issuer, jwks_uri: `${issuer}/keys` };
    res.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const sign = (claims: JWTPayload, key = privateKey, minutes = 5) =>
    new SignJWT({ iss: issuer, aud: "astrocyte", sub: "anna", tenant: "acme", ...claims })
      .setProtectedHeader({ alg: "ES256", kid: "k1" })
      .setExpirationTime(Math.floor(clock.now() / 1000) + minutes * 60)
      .sign(key);
  return {
    issuer,
    sign,
    jwk,
    stranger,
    close: () => server.close(),
    setDown: (value: boolean) => void (down = value),
  };
}

const bearer = (token: string) => ({ headers: { authorization: `Bearer ${token}` }, address: "203.0.113.1" });

test("a token of the provider names principal, teams, tenant and actor", async () => {
  const clock = new FakeClock();
  const provider = await makeProvider(clock);
  try {
    const jwt = {
      issuer: provider.issuer,
      audience: "astrocyte",
      teams_claim: "groups",
      tenant_claim: "tenant",
    };
    const config = parseServerConfig({ jwt, operators: ["user:anna"] });
    const authenticate = createAuthenticator(config, noSessions, clock);
    const caller = await authenticate(bearer(await provider.sign({ groups: ["sales", "no team", 7] })));
    assert.deepEqual(caller, {
      kind: "principal",
      id: "jwt acme user:anna",
      context: { principal: "user:anna", tenantId: "acme", teams: ["team:sales"] },
      operator: true,
    });
    const delegated = await authenticate(bearer(await provider.sign({ act: { sub: "bot-1" } })));
    assert.deepEqual(delegated.kind === "principal" && [delegated.context.actor, delegated.operator], [
      { type: "agent", id: "bot-1" },
      false,
    ]);
    const refused = {
      "signed by another": await provider.sign({}, provider.stranger.privateKey),
      expired: await provider.sign({}, undefined, -2),
      "for another audience": await provider.sign({ aud: "elsewhere" }),
      "of another issuer": await provider.sign({ iss: "https://evil.test" }),
      "without a tenant": await provider.sign({ tenant: undefined }),
      "for nobody": await provider.sign({ sub: "" }),
      "with an actor that is none": await provider.sign({ act: { sub: "a b" } }),
      "not signed": `${Buffer.from('{"alg":"none"}').toString("base64url")}.${Buffer.from(
        JSON.stringify({ iss: provider.issuer, aud: "astrocyte", sub: "anna", exp: 4e9 }),
      ).toString("base64url")}.x`,
      "signed with the public key as a secret": await new SignJWT({ sub: "anna", tenant: "acme" })
        .setProtectedHeader({ alg: "HS256", kid: "k1" })
        .setIssuer(provider.issuer)
        .setAudience("astrocyte")
        .setExpirationTime(4e9)
        .sign(Buffer.from(JSON.stringify(provider.jwk))),
    };
    for (const [name, token] of Object.entries(refused))
      await assert.rejects(authenticate(bearer(token)), { code: "unauthenticated" }, name);
    await assert.rejects(authenticate({ headers: {}, address: "127.0.0.1" }), { code: "unauthenticated" });
  } finally {
    provider.close();
  }
});

test("a provider that is down is our problem, not the caller's, and asked again", async () => {
  const clock = new FakeClock();
  const provider = await makeProvider(clock);
  try {
    const config = parseServerConfig({ jwt: { issuer: provider.issuer, audience: "astrocyte" } });
    const authenticate = createAuthenticator(config, noSessions, clock);
    const token = await provider.sign({});
    provider.setDown(true);
    await assert.rejects(authenticate(bearer(token)), { code: "source_failed" });
    provider.setDown(false);
    assert.equal((await authenticate(bearer(token))).kind, "principal");
  } finally {
    provider.close();
  }
});

test("a key stands in the configuration as its hash, with principal, teams and tenant", async () => {
  const key = {
    name: "app",
    hash: sha256(KEY),
    principal: "service:app",
    teams: ["team:x"],
    tenant_id: "acme",
  };
  const authenticate = createAuthenticator(parseServerConfig({ keys: [key] }), noSessions, new FakeClock());
  const caller = await authenticate(bearer(KEY));
  assert.deepEqual(caller.kind === "principal" && caller.context, {
    principal: "service:app",
    teams: ["team:x"],
    tenantId: "acme",
  });
  for (const wrong of [`${KEY}x`, sha256(KEY), "x.y.z"])
    await assert.rejects(authenticate(bearer(wrong)), { code: "unauthenticated" });
  const malformed = { headers: { authorization: `Basic ${KEY}` }, address: "127.0.0.1" };
  await assert.rejects(authenticate(malformed), { code: "unauthenticated" });
});

test("a configuration that would be unsafe is refused, by name", () => {
  const wrong: Array<[object, RegExp]> = [
    [{ keys: [{ name: "a", key: "short", principal: "service:a" }] }, /24 characters/],
    [{ keys: [{ name: "a", principal: "service:a" }] }, /either hash or key/],
    [{ keys: [{ name: "a", key: KEY, principal: "*" }] }, /principal/],
    [{ secret: "short" }, /32 characters/],
    [{ jwt: { issuer: "https://id.example" } }, /audience/],
    [{ kyes: [] }, /kyes/],
  ];
  for (const [config, message] of wrong)
    assert.throws(
      () => parseServerConfig(config),
      (error: Error) => {
        assert.match(error.message, message);
        return "code" in error && error.code === "config_invalid";
      },
    );
});
