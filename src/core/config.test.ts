// biome-ignore-all lint/suspicious/noTemplateCurlyInString: they are what is tested
import assert from "node:assert/strict";
import { test } from "node:test";
import { z } from "zod";
import { defineConfig, parseConfig, parseConfigText } from "./config.ts";
import { AstrocyteError } from "./errors.ts";

const schema = defineConfig({
  public_url: z.string().optional(),
  store: z
    .strictObject({ path: z.string(), readers: z.int().optional(), quick: z.boolean().optional() })
    .optional(),
  banks: z.record(z.string(), z.strictObject({ owner: z.string().optional() })).optional(),
});

function parse(text: string, env: Record<string, string> = {}) {
  return parseConfig(schema, parseConfigText(text, "astrocyte.yaml"), env);
}

function messageOf(text: string, env: Record<string, string> = {}): string {
  try {
    parse(text, env);
  } catch (error) {
    assert.ok(AstrocyteError.is(error, "config_invalid"));
    return error.message;
  }
  return "accepted";
}

test("fills in variables, with defaults, and reads numbers and booleans where they are wanted", () => {
  const config = parse(
    [
      "public_url: https://${HOST}/${PATH_:-x}",
      "store:",
      "  path: ${DIGITS}",
      "  readers: ${N}",
      "  quick: ${Q}",
    ].join("\n"),
    { HOST: "a.example", DIGITS: "123", N: "4", Q: "true" },
  );
  assert.deepEqual(config, {
    public_url: "https://a.example/x",
    store: { path: "123", readers: 4, quick: true },
  });
});

test("a variable's value is never read as YAML or as another variable", () => {
  assert.equal(parse("public_url: ${A}", { A: "x: {b: ${B}}" }).public_url, "x: {b: ${B}}");
  assert.equal(parse("public_url: $${A}").public_url, "${A}");
});

test("a missing variable is named with its key and line", () => {
  assert.equal(
    messageOf("banks: {}\nstore:\n  path: ${DATA_DIR}/x.db"),
    "[config] astrocyte.yaml:3: store.path: the environment variable DATA_DIR is not set. Set it, or write ${DATA_DIR:-default}.",
  );
});

test("an unknown key is refused, with the nearest known one", () => {
  assert.match(
    messageOf("public_ulr: x"),
    /:1: public_ulr: is not a known setting\. Did you mean "public_url"\?/,
  );
  assert.match(messageOf("store:\n  path: x\n  reader: 2"), /:3: store\.reader: .*Did you mean "readers"\?/);
  assert.match(messageOf("banks:\n  a:\n    ownr: x"), /:3: banks\.a\.ownr: .*Did you mean "owner"\?/);
  assert.match(messageOf("weather: fine"), /weather: is not a known setting\. Remove it\./);
});

test("a wrong or missing value is named with its path and line", () => {
  assert.match(messageOf("store:\n  path: 5"), /:2: store\.path: invalid input: expected string/);
  assert.match(messageOf("store:\n  readers: 2"), /store\.path: is missing\. Add it\./);
  assert.match(messageOf("store:\n  path: x\n  readers: ${N}", { N: "many" }), /store\.readers/);
});

test("broken YAML is named with its line", () => {
  assert.match(messageOf("a: 1\nb: [1"), /astrocyte\.yaml:\d: /);
});

test("an empty file is an empty configuration", () => {
  assert.deepEqual(parse(""), {});
});
