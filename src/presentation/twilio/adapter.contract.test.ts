import { test } from "node:test";
import { adapterContract } from "../../testing/adapter-contract.ts";
import { twilioHarness } from "./harness.fixture.ts";

for (const { name, run } of adapterContract(twilioHarness)) test(`twilio: ${name}`, run);
