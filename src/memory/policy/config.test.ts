import assert from "node:assert/strict";
import { test } from "node:test";
import { AstrocyteError } from "../../core/errors.ts";
import { parsePolicyConfig } from "./config.ts";

function messageFor(input: unknown): string {
  try {
    parsePolicyConfig(input);
  } catch (error) {
    assert.ok(AstrocyteError.is(error, "config_invalid"));
    return error.message;
  }
  return "accepted";
}

test("an empty configuration is a safe one", () => {
  const config = parsePolicyConfig({});
  assert.deepEqual(config.access_control, { enabled: true, default_policy: "owner_only" });
  assert.equal(config.barriers.pii.mode, "regex");
  assert.equal(config.barriers.pii.action, "redact");
  assert.equal(config.barriers.injection.enabled, true);
  assert.equal(config.lifecycle.ttl.delete_after_days, undefined);
});

test("an unknown key is named with its path", () => {
  assert.match(messageFor({ acess_control: {} }), /acess_control: is not a known setting/);
  assert.match(
    messageFor({ barriers: { pii: { mod: "regex" } } }),
    /barriers\.pii\.mod: is not a known setting/,
  );
  assert.match(messageFor({ banks: { a: { acces: [] } } }), /banks\.a\.acces/);
});

test("modes that this engine has not are refused in words", () => {
  assert.match(
    messageFor({ barriers: { pii: { mode: "ner" } } }),
    /barriers\.pii\.mode: mode "ner" is not supported/,
  );
});

test("grants name principals, banks are ids or prefixes", () => {
  const grant = (principal: string) => ({ banks: { a: { access: [{ principal, permissions: ["read"] }] } } });
  for (const principal of ["user:anna", "team:sales", "*", "service:crm"]) {
    assert.equal(messageFor(grant(principal)), "accepted");
  }
  assert.match(messageFor(grant("anna")), /banks\.a\.access\.0\.principal/);
  assert.match(messageFor(grant("user:*")), /banks\.a\.access\.0\.principal/);
  assert.equal(messageFor({ banks: { "person:*": {}, "*": {} } }), "accepted");
  assert.match(messageFor({ banks: { "per*son": {} } }), /per\*son/);
});

test("custom patterns are compiled when the configuration is read", () => {
  const pattern = (regex: string) => ({ barriers: { pii: { patterns: [{ name: "employee_no", regex }] } } });
  assert.equal(messageFor(pattern("EMP-\\d{5}")), "accepted");
  assert.match(messageFor(pattern("(")), /patterns\.0\.regex: the pattern is not in RE2 syntax/);
  assert.match(messageFor(pattern("(?=a)b")), /not in RE2 syntax/);
  assert.match(messageFor(pattern("a*")), /matches the empty text/);
});
