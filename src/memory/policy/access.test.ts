import assert from "node:assert/strict";
import { test } from "node:test";
import { AccessDenied, AstrocyteError } from "../../core/errors.ts";
import { accessMatrix } from "../../testing/access-matrix.ts";
import { FakeClock } from "../../testing/fake-clock.ts";
import type { AstrocyteContext } from "../types.ts";
import { createAccess, effectivePermissions } from "./access.ts";
import { parsePolicyConfig } from "./config.ts";
import { fakeStore } from "./fake-store.ts";
import { isActingPrincipal, NOBODY } from "./principals.ts";
import { accessSettings } from "./settings.ts";

const anna: AstrocyteContext = { principal: "user:anna" };
const bot: AstrocyteContext = { principal: "agent:bot" };

function setUp(config: object = {}) {
  const store = fakeStore();
  return { store, access: createAccess(accessSettings(parsePolicyConfig(config)), store, new FakeClock()) };
}

test("the decision equals the oracle's in every case of the matrix", (t) => {
  const wrong: string[] = [];
  let cases = 0;
  for (const { name, context, defaultPolicy, owner, configGrants, storeGrants, ...call } of accessMatrix()) {
    const bank = { ...(owner ? { owner } : {}), grants: [...configGrants, ...storeGrants] };
    const allowed = effectivePermissions(context, bank, defaultPolicy, call.operation).has(call.permission);
    if (allowed !== (call.expected === "allowed")) wrong.push(name);
    cases++;
  }
  t.diagnostic(`${cases} cases, ${wrong.length} wrong`);
  assert.deepEqual(wrong.slice(0, 5), []);
  assert.ok(cases > 50_000);
});

test("a stranger cannot tell an absent bank from a forbidden one", async () => {
  const { store, access } = setUp();
  store.owners.set("annas", "user:anna");
  const denials: AstrocyteError[] = [];
  for (const bankId of ["annas", "nobodys"]) {
    await access.authorize(bot, "recall", "read", [bankId]).catch((error) => denials.push(error));
  }
  assert.equal(denials.length, 2);
  assert.ok(denials.every((error) => error instanceof AccessDenied));
  assert.equal(denials[0]!.message, denials[1]!.message);
  assert.deepEqual(Object.keys(denials[0]!.details), Object.keys(denials[1]!.details));
  assert.deepEqual(store.calls, { get: 2, grants: 2, holds: 0, consume: 0 });
});

test("one forbidden bank denies a call on many, and the denial is audited", async () => {
  const { store, access } = setUp();
  store.owners.set("mine", "user:anna").set("theirs", "user:bob");
  await assert.rejects(access.authorize(anna, "recall", "read", ["mine", "theirs"]), AccessDenied);
  await access.authorize(anna, "recall", "read", ["mine"]);
  assert.deepEqual(
    store.rows.map(({ principal, operation, bankId, outcome, facts }) => [
      principal,
      operation,
      bankId,
      outcome,
      facts,
    ]),
    [["user:anna", "recall", "theirs", "denied", { permission: "read" }]],
  );
});

test("a revoked grant is gone at the next call", async () => {
  const { store, access } = setUp();
  store.owners.set("annas", "user:anna");
  store.grantsOf.set("annas", [{ principal: "agent:bot", permissions: ["read"] }]);
  await access.authorize(bot, "recall", "read", ["annas"]);
  store.grantsOf.delete("annas");
  await assert.rejects(access.authorize(bot, "recall", "read", ["annas"]), AccessDenied);
});

test("grants of the configuration hold for a prefix, and add to those of the store", async () => {
  const { store, access } = setUp({
    banks: { "person:*": { access: [{ principal: "agent:bot", permissions: ["read"] }] } },
  });
  store.owners.set("person:anna", "user:anna").set("team-notes", "user:anna");
  store.grantsOf.set("person:anna", [{ principal: "agent:bot", permissions: ["write"] }]);
  assert.deepEqual(await access.permissions(bot, "person:anna"), new Set(["read", "write"]));
  assert.deepEqual(await access.permissions(bot, "team-notes"), new Set());
});

test("acting for somebody is the intersection, and the person owns what is created for her", async () => {
  const { store, access } = setUp({
    banks: { "person:*": { access: [{ principal: "agent:bot", permissions: ["read", "write"] }] } },
  });
  const forAnna: AstrocyteContext = { ...bot, onBehalfOf: { type: "user", id: "anna" } };
  await access.authorize(forAnna, "retain", "write", ["person:anna"]);
  store.owners.set("person:anna", access.ownerFor(forAnna));
  assert.equal(store.owners.get("person:anna"), "user:anna");
  assert.deepEqual(await access.permissions(forAnna, "person:anna"), new Set(["read", "write"]));
  const forBob: AstrocyteContext = { ...bot, onBehalfOf: { type: "user", id: "bob" } };
  assert.deepEqual(await access.permissions(forBob, "person:anna"), new Set());
});

test("an actor who is somebody else than the principal is intersected too", async () => {
  const { store, access } = setUp();
  store.owners.set("annas", "user:anna");
  const context: AstrocyteContext = { ...anna, actor: { type: "agent", id: "bot" } };
  assert.deepEqual(await access.permissions(context, "annas"), new Set());
  const same: AstrocyteContext = { ...anna, actor: { type: "user", id: "anna" } };
  assert.equal((await access.permissions(same, "annas")).size, 4);
});

test("teams are the principal's, not those of whom it acts for", async () => {
  const { store, access } = setUp();
  store.owners.set("sales", "team:sales");
  const member: AstrocyteContext = { ...anna, teams: ["team:sales"] };
  await access.authorize(member, "recall", "read", ["sales"]);
  const forBob: AstrocyteContext = { ...member, onBehalfOf: { type: "user", id: "bob" } };
  await assert.rejects(access.authorize(forBob, "recall", "read", ["sales"]), AccessDenied);
});

test("under deny whoever creates a bank by a grant gains nothing more", async () => {
  const { store, access } = setUp({
    access_control: { default_policy: "deny" },
    banks: { "person:*": { access: [{ principal: "agent:bot", permissions: ["write"] }] } },
  });
  await access.authorize(bot, "retain", "write", ["person:new"]);
  store.owners.set("person:new", access.ownerFor(bot));
  assert.deepEqual(await access.permissions(bot, "person:new"), new Set(["write"]));
  assert.equal(isActingPrincipal(NOBODY), false);
  await assert.rejects(
    access.authorize({ principal: NOBODY }, "recall", "read", ["person:new"]),
    AccessDenied,
  );
});

test("no bank at all, and what is no bank id, is an invalid input", async () => {
  const { access } = setUp({ access_control: { default_policy: "open" } });
  for (const bankIds of [[], ["person:*"], ["../x"], [""], ["a\nb"]]) {
    await assert.rejects(access.authorize(anna, "recall", "read", bankIds), (error) =>
      AstrocyteError.is(error, "invalid_input"),
    );
  }
});

test("a principal that is none is denied, and not copied into the audit", async () => {
  const { store, access } = setUp();
  for (const principal of ["*", "user:", "root", "user:*", "user:a b", "user:a\nb", "team:-"]) {
    await assert.rejects(access.authorize({ principal }, "retain", "write", ["new"]), AccessDenied);
  }
  assert.ok(store.rows.every(({ principal }) => principal === "invalid"));
  assert.equal(store.rows.length, 7);
});

test("access control that is switched off asks nothing", async () => {
  const { store, access } = setUp({ access_control: { enabled: false } });
  await access.authorize(bot, "export", "admin", ["any"]);
  assert.equal(store.calls.get + store.calls.grants, 0);
});
