import assert from "node:assert/strict";
import { test } from "node:test";
import { AstrocyteError } from "../../core/errors.ts";
import { REQUEST } from "../composer.fixture.ts";
import { parsePersonas } from "../personas.ts";
import { parseInbound } from "./config.ts";
import { ANNA, LINE, type Line, makeLine } from "./telephone.fixture.ts";

const code = (expected: string) => (error: unknown) => AstrocyteError.is(error) && error.code === expected;

async function withLine(run: (line: Line) => Promise<void>, capabilities: object = {}): Promise<void> {
  const line = await makeLine(LINE, capabilities);
  try {
    await run(line);
  } finally {
    await line.destroy();
  }
}

const dial = (line: Line, subject: string, persona = "concierge") =>
  line.composer.open({ ...REQUEST, subject, persona });

test("a vendor that dials gets the number that the record has, in E.164", () =>
  withLine(async (line) => {
    const { session } = await dial(line, "user:anna");
    assert.equal(line.vendor.bindings[0]!.phone, ANNA);
    assert.equal(session.call?.phone, ANNA);
    assert.equal((await line.composer.end(session.id, "test")).call, null);
  }));

test("without a number nothing is opened, and the error says what to set", () =>
  withLine(async (line) => {
    for (const [subject, persona] of [
      ["user:emil", "concierge"],
      ["user:nobody", "concierge"],
      ["user:anna", "sales"],
    ] as const)
      await assert.rejects(dial(line, subject, persona), code("invalid_input"), subject);
    await assert.rejects(dial(line, "user:anna", "sales"), /personas\.sales\.phone/);
    assert.deepEqual([line.vendor.bindings, await line.composer.list({ limit: 5 })], [[], []]);
  }));

test("a vendor of another kind learns no number", () =>
  withLine(
    async (line) => {
      await dial(line, "user:anna");
      assert.equal(line.vendor.bindings[0]!.phone, undefined);
    },
    { family: "conversational" },
  ));

test("mistakes in the configuration are named at the start", () =>
  withLine(async ({ parts }) => {
    const { adapters, sources } = parts;
    const inbound =
      (raw: object, vendor = "scripted") =>
      () =>
        parseInbound({ [vendor]: raw }, { adapters, sources, personas: parts.personas });
    for (const [broken, names] of [
      [inbound(LINE, "twilio"), /inbound\.twilio: no calls come in there/],
      [inbound({ ...LINE, persona: "nobody" }), /no persona nobody/],
      [inbound({ ...LINE, by_number: { [ANNA]: "nobody" } }), /no persona nobody/],
      [inbound({ ...LINE, by_number: { reception: "sales" } }), /no number such as/],
      [inbound({ ...LINE, caller: { source: "crm", field: "phone" } }), /no source crm/],
      [inbound({ ...LINE, caller: { source: "customers", field: "name" } }), /by name/],
      [inbound({ ...LINE, persona: undefined, by_number: {} }), /needs persona/],
      [inbound({ ...LINE, caller: undefined, unknown: "decline" }), /decline everybody/],
      [inbound({ ...LINE, as: "everybody" }), /must be/],
      [inbound({ ...LINE, colour: "red" }), /colour/],
    ] as const)
      assert.throws(broken, names);
    const phone = { source: "customers", field: "mobile" };
    const personas = parsePersonas({ a: { name: "A", prompt: "x", phone } });
    assert.throws(
      () => parseInbound({}, { adapters, sources, personas }),
      /personas\.a\.phone: there is no field mobile/,
    );
  }));
