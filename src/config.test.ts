// biome-ignore-all lint/suspicious/noTemplateCurlyInString: they are what is tested
import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { test } from "node:test";
import { loadConfig } from "./config.ts";
import { AstrocyteError } from "./core/errors.ts";
import { Astrocyte } from "./memory/brain.ts";
import { testFolder } from "./memory/memory.fixture.ts";

function messageOf(config: object): string {
  try {
    loadConfig(config);
  } catch (error) {
    assert.ok(AstrocyteError.is(error, "config_invalid"));
    return error.message;
  }
  return "accepted";
}

test("an empty configuration is the embedded default", () => {
  const { store, lifecycle, llm_provider, access_control } = loadConfig({});
  assert.deepEqual(store, { path: "astrocyte.db" });
  assert.equal(lifecycle.purge_deleted_after_days, 30);
  assert.equal(llm_provider, undefined);
  assert.equal(access_control.default_policy, "owner_only");
});

test("sections of all parts are checked, unknown ones refused", () => {
  assert.equal(messageOf({ presentation: { tavus: { api_key: "k" } }, sources: {} }), "accepted");
  assert.match(messageOf({ personas: { a: { name: "A" } } }), /personas\.a\.prompt: is missing/);
  assert.match(messageOf({ server: { prt: 80 } }), /server\.prt: .*Did you mean "port"\?/);
  assert.match(messageOf({ presentation: { tavus: {} } }), /presentation\.tavus\.api_key: is missing/);
  assert.match(messageOf({ acess_control: {} }), /acess_control: .*Did you mean "access_control"\?/);
  assert.match(
    messageOf({ barriers: { pii: { mod: "regex" } } }),
    /barriers\.pii\.mod: .*Did you mean "mode"\?/,
  );
  assert.match(messageOf({ lifecycle: { ttl: { delete_after: 3 } } }), /lifecycle\.ttl\.delete_after/);
});

test("a number from the environment is one in every section", (t) => {
  process.env["ASTROCYTE_TEST_PORT"] = "4711";
  t.after(() => delete process.env["ASTROCYTE_TEST_PORT"]);
  const { server } = loadConfig({ server: { port: "${ASTROCYTE_TEST_PORT}" } });
  assert.deepEqual(server, { port: 4711 });
});

test("the model's section is checked with the rest", () => {
  const llm_provider_config = {
    base_url: "https://gateway.example/v1",
    api_key: "k",
    model: "vendor-text-model",
  };
  assert.equal(messageOf({ llm_provider: "openai", llm_provider_config }), "accepted");
  assert.equal(messageOf({ llm_provider: "litellm", llm_provider_config }), "accepted");
  assert.match(messageOf({ llm_provider: "opneai" }), /llm_provider/);
  assert.match(
    messageOf({ llm_provider: "openai", llm_provider_config: { modle: "x" } }),
    /llm_provider_config/,
  );
});

test("memory opens from a file, with its governance", async (t) => {
  const folder = await testFolder(t);
  process.env["ASTROCYTE_TEST_FOLDER"] = folder;
  t.after(() => delete process.env["ASTROCYTE_TEST_FOLDER"]);
  const file = `${folder}/astrocyte.yaml`;
  const yaml = [
    "store:",
    "  path: ${ASTROCYTE_TEST_FOLDER}/data/memory.db",
    "  readers: 1",
    "banks:",
    "  anna:",
    "    access: [{principal: 'user:bob', permissions: [read]}]",
    "barriers: {pii: {type_overrides: {card: {action: reject}}}}",
  ];
  await writeFile(file, yaml.join("\n"));
  await using brain = await Astrocyte.fromConfig(file);
  assert.equal((await brain.retain("card 4111 1111 1111 1111", { bankId: "anna" })).action, "refused");
  await brain.retain("The boiler was serviced in May", { bankId: "anna" });
  const { hits } = await brain.recall("when was the boiler serviced?", {
    bankId: "anna",
    context: { principal: "user:bob" },
  });
  assert.equal(hits[0]?.text, "The boiler was serviced in May");
  await assert.rejects(brain.retain("no", { bankId: "anna", context: { principal: "user:bob" } }), {
    name: "AccessDenied",
  });
});

test("a file that is not there is named", async () => {
  await assert.rejects(
    Astrocyte.fromConfig("/nowhere/astrocyte.yaml"),
    /\/nowhere\/astrocyte\.yaml cannot be read/,
  );
});
