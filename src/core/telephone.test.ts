import assert from "node:assert/strict";
import { test } from "node:test";
import { isTelephoneCountry, toE164 } from "./telephone.ts";

test("a number is the same however it was written", () => {
  for (const written of [
    "+49 30 901820",
    "+49 (0)30/90 18 20",
    "+4930901820",
    "030 901820",
    "0049 30 901820",
  ])
    assert.equal(toE164(written, "DE"), "+4930901820", written);
  assert.equal(toE164("(212) 555-0123", "US"), "+12125550123");
});

test("what is no number, or not of a known country, is none", () => {
  for (const written of ["", "anonymous", "sip:anna@example.com", "+", "+0301", "12", "+1234567890123456"])
    assert.equal(toE164(written, "DE"), undefined, written);
  assert.equal(toE164("030 901820"), undefined);
  assert.deepEqual([isTelephoneCountry("DE"), isTelephoneCountry("XX")], [true, false]);
});
