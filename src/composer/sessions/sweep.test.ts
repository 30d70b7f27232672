import assert from "node:assert/strict";
import { AstrocyteError } from "../../core/errors.ts";
import type { VendorResource } from "../../presentation/adapter.ts";
import { REQUEST, scenario, type World } from "../composer.fixture.ts";
import { markerOf } from "./binding.ts";

/** A vendor at which prompts outlive their sessions: by marker, as it lists them. */
function keepsThings({ vendor }: World, things: Record<string, string[]>) {
  const released: string[] = [];
  const resourcesOf = (ids: string[]): VendorResource[] => ids.map((id) => ({ kind: "prompt", id }));
  Object.assign(vendor, {
    listLeft: async () =>
      Object.entries(things).map(([marker, ids]) => ({ marker, resources: resourcesOf(ids) })),
    release: async (resources: VendorResource[]) => void released.push(...resources.map(({ id }) => id)),
  });
  return released;
}

scenario("what a lost or ended session left at the vendor is released, and nobody else's", async (world) => {
  const running = (await world.composer.open(REQUEST)).session.id;
  const over = (await world.composer.open(REQUEST)).session.id;
  await world.composer.end(over, "client");
  const released = keepsThings(world, {
    [markerOf(world.parts, running)]: ["of-a-call-that-runs"],
    [markerOf(world.parts, over)]: ["of-a-call-that-is-over"],
    [markerOf(world.parts, "ses_unknown")]: ["of-a-lost-database", "and-its-key"],
    [markerOf({ secret: "another" }, "ses_staging")]: ["of-another-deployment"],
    "My own prompt": ["the-customer's"],
  });
  const report = await world.composer.sweep();
  assert.deepEqual(released, ["of-a-call-that-is-over", "of-a-lost-database", "and-its-key"]);
  assert.deepEqual([report.leftovers, report.orphans, report.leaked], [2, 0, 0]);
});

scenario("what cannot be released is told, and does not keep the rest from it", async (world) => {
  keepsThings(world, { [markerOf(world.parts, "ses_a")]: ["a"], [markerOf(world.parts, "ses_b")]: ["b"] });
  const tried: string[] = [];
  Object.assign(world.vendor, {
    release: async ([thing]: VendorResource[]) => {
      tried.push(thing!.id);
      if (thing!.id === "a") throw new AstrocyteError("vendor_failed", "[scripted] down. Try again.");
    },
  });
  const report = await world.composer.sweep();
  assert.deepEqual(tried, ["a", "b"]);
  assert.deepEqual([report.leftovers, report.leaked], [1, 1]);
});

scenario("a vendor that lists no sessions is asked about each of ours", async (world) => {
  const gone = (await world.composer.open(REQUEST)).session;
  const there = (await world.composer.open(REQUEST)).session;
  Object.assign(world.vendor, { listOpen: undefined });
  world.vendor.running.delete(gone.vendorSessionId!);
  const report = await world.composer.sweep();
  assert.equal(report.recovered, 1);
  assert.equal((await world.composer.get(gone.id)).endReason, "ended_at_vendor");
  assert.equal((await world.composer.get(there.id)).state, "open");
});
