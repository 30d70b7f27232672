import { test } from "node:test";
import { adapterContract } from "../../testing/adapter-contract.ts";
import { tavusHarness } from "./harness.fixture.ts";

for (const strategy of ["pal_per_session", "shared_pal"] as const) {
  for (const { name, run } of adapterContract(() => tavusHarness({ strategy }))) {
    test(`tavus, ${strategy}: ${name}`, run);
  }
}

for (const { name, run } of adapterContract(() =>
  tavusHarness({ vocabulary: "persona", private_room: false }),
)) {
  test(`tavus, names before the rename: ${name}`, run);
}
