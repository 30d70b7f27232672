import assert from "node:assert/strict";
import {
  assertNoSecret,
  type Cases,
  counts,
  end,
  failToOpen,
  handle,
  open,
  sorted,
  tellAll,
  withToolsItLacks,
} from "./harness.ts";

/** What it declares, opening, ending, and that nothing is left. */
export const openingCases: Cases = {
  async "has what it declares, and no more"({ adapter }) {
    const { capabilities } = adapter;
    const { say, respond, interrupt, appendContext, tools, transcript, webhooks } = capabilities;
    const sides = [say, respond, interrupt, appendContext];
    const expected = {
      command: sides.includes("server"),
      clientInstruction: sides.includes("client"),
      parseToolRequest: tools === "server" || tools === "both",
      parseWebhook: webhooks !== "none",
      fetchTranscript: transcript.includes("pull") || transcript.includes("export"),
      parseClientEvent: transcript.includes("client-events"),
      inbound: capabilities.inbound === true,
      keepAlive: capabilities.keepAliveMs !== undefined,
      dialect: capabilities.customLlm === "vendor-dialect",
    };
    for (const [name, declared] of Object.entries(expected)) {
      assert.equal(name in adapter && adapter[name as keyof typeof adapter] !== undefined, declared, name);
    }
  },

  async "accepts a persona that fits and names what others lack, without asking the vendor to open"(harness) {
    const { adapter, persona, unfit, vendor } = harness;
    assert.deepEqual(adapter.validate(persona), []);
    for (const bad of [...unfit, ...withToolsItLacks(harness)]) {
      assert.notDeepEqual(adapter.validate(bad), [], JSON.stringify(bad.vendor));
    }
    assert.deepEqual([vendor.billed(), vendor.left()], [0, 0]);
  },

  async "gives the page a way in, and nothing that is not the page's"(harness) {
    const { opened, binding } = await open(harness);
    const { join } = opened;
    assert.ok(join.kind !== "" && URL.canParse(join.url) && opened.vendorSessionId !== "");
    const held = harness.forPage?.(binding) ?? [];
    const told = held.reduce((text, allowed) => text.replaceAll(allowed, ""), JSON.stringify(join));
    assertNoSecret(harness, binding, told);
    assert.ok(!told.includes(harness.briefing.text));
    assert.equal(harness.vendor.running(), 1);
  },

  async "opens nothing billed while a resource is not yet recorded"(harness) {
    const { vendor } = harness;
    const billedMeanwhile: number[] = [];
    const { opened, recorded } = await open(harness, async () => {
      const before = vendor.billed();
      for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
      billedMeanwhile.push(vendor.billed() - before);
    });
    assert.ok(billedMeanwhile.every((count) => count === 0));
    assert.deepEqual(sorted(recorded), sorted(opened.resources));
  },

  async "leaves nothing when a resource cannot be recorded"(harness) {
    const { recorded } = await open(harness);
    for (let failing = 1; failing <= recorded.length; failing++) {
      const before = counts(harness);
      let count = 0;
      const record = async () => {
        if (++count === failing) throw new Error("the disk is full");
      };
      await assert.rejects(open(harness, record));
      assert.deepEqual(counts(harness), before, `resource ${failing}`);
    }
  },

  async "leaves nothing when the vendor refuses, and tells no secret"(harness) {
    if (!harness.vendor.refuseNext) return;
    harness.vendor.refuseNext();
    const { error, binding } = await failToOpen(harness);
    assert.match(error.code, /^vendor_/);
    assertNoSecret(harness, binding, tellAll(error));
    assert.deepEqual(counts(harness), { running: 0, left: 0 });
  },

  async "leaves nothing when the answer gets lost, and does not try again"(harness) {
    if (!harness.vendor.loseNext) return;
    harness.vendor.loseNext();
    const { error, binding } = await failToOpen(harness);
    assertNoSecret(harness, binding, tellAll(error));
    assert.equal(harness.vendor.billed(), 1);
    await harness.vendor.expire?.();
    assert.deepEqual(counts(harness), { running: 0, left: 0 });
  },

  async "ends once or many times, also what is over or was never there"(harness) {
    const { adapter, vendor } = harness;
    const first = handle((await open(harness)).opened);
    await end(harness, first);
    await adapter.end(first, "test");
    assert.equal(vendor.running(), 0);
    const second = handle((await open(harness)).opened);
    await vendor.endSession(second.vendorSessionId);
    await adapter.end(second, "test");
    await adapter.end({ ...first, vendorSessionId: "c0ffee00unknown" }, "test");
    await Promise.all([adapter.end(first, "test"), adapter.end(second, "test")]);
    assert.equal(vendor.running(), 0);
  },

  async "releases once or many times, and by the record alone"(harness) {
    const { adapter } = harness;
    const { opened, recorded } = await open(harness);
    await end(harness, handle(opened));
    await adapter.release(recorded);
    await adapter.release(opened.resources);
    await adapter.release([]);
    assert.deepEqual(counts(harness), { running: 0, left: 0 });
  },

  async "is found by its marker when a crash forgot it"(harness) {
    const { adapter } = harness;
    if (!adapter.listOpen) return;
    const { opened, binding, recorded } = await open(harness);
    const other = await open(harness);
    const found = (await adapter.listOpen()).filter(({ marker }) => marker.includes(binding.marker));
    assert.deepEqual(
      found.map((each) => each.vendorSessionId),
      [opened.vendorSessionId],
    );
    assert.ok(Number.isInteger(found[0]!.createdAt));
    await adapter.end({ ...handle(opened), resources: recorded }, "orphan");
    const rest = (await adapter.listOpen()).map((each) => each.vendorSessionId);
    assert.deepEqual(rest, [other.opened.vendorSessionId]);
  },

  async "lists what stands at the vendor by its marker, so that it can be released without a record"(
    harness,
  ) {
    const { adapter, vendor } = harness;
    if (!adapter.listLeft) return;
    const first = await open(harness);
    const left = vendor.left();
    const second = await open(harness);
    await end(harness, handle(first.opened));
    const listed = await adapter.listLeft();
    const of = ({ binding }: typeof first) => listed.filter(({ marker }) => marker.includes(binding.marker));
    assert.ok(left > 0 ? of(first).length > 0 : listed.length === 0);
    for (const { resources } of of(first)) await adapter.release(resources);
    assert.equal(vendor.left(), left, "the other session keeps what is its own");
    assert.equal(vendor.running(), 1);
    for (const { resources } of of(second)) await adapter.release(resources);
    assert.equal(vendor.left(), 0);
    assert.deepEqual(await adapter.listLeft(), []);
  },

  async "knows whether a session runs"(harness) {
    const { adapter, vendor } = harness;
    if (!adapter.isOpen) return;
    const session = handle((await open(harness)).opened);
    const before = await adapter.isOpen(session);
    await vendor.endSession(session.vendorSessionId);
    // A vendor that cannot tell before somebody came may know that it is over.
    if (before === undefined) assert.notEqual(await adapter.isOpen(session), true);
    else assert.deepEqual([before, await adapter.isOpen(session)], [true, false]);
  },
};
