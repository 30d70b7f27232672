import assert from "node:assert/strict";
import { test } from "node:test";
import { makeComposer, REQUEST, type World } from "../composer.fixture.ts";
import { Composer } from "../composer.ts";

const MINUTE = 60_000;

function scenario(name: string, run: (world: World) => Promise<void>): void {
  test(name, async () => {
    const world = await makeComposer();
    Object.assign(world.vendor.capabilities, { keepAliveMs: MINUTE });
    try {
      await run(world);
    } finally {
      await world.destroy();
    }
  });
}

/** Moves our clock and does what became due. */
async function pass({ clock, composer }: Pick<World, "clock" | "composer">, ms: number): Promise<void> {
  await clock.advance(ms);
  await composer.runDue();
}

async function joined({ composer }: World, id: string): Promise<void> {
  await composer.clientEvents(id, [{ events: [{ type: "joined", who: "person" }] }]);
  // What is accepted is worked off at once, and that is over before our clock goes on.
  await new Promise((resolve) => setImmediate(resolve));
  await composer.runDue();
}

scenario(
  "a sign of life is given as often as the vendor wants it, until the session is over",
  async (world) => {
    const { session } = await world.composer.open(REQUEST);
    await joined(world, session.id);
    await pass(world, MINUTE - 1);
    assert.deepEqual(world.vendor.signsOfLife, []);
    await pass(world, 1);
    assert.deepEqual(world.vendor.signsOfLife, ["v1"]);
    await pass(world, MINUTE);
    assert.deepEqual(world.vendor.signsOfLife, ["v1", "v1"]);
    await world.composer.end(session.id, "client");
    await pass(world, 5 * MINUTE);
    assert.equal(world.vendor.signsOfLife.length, 2);
  },
);

scenario("one that the vendor refuses is followed by the next", async (world) => {
  const { session } = await world.composer.open(REQUEST);
  await joined(world, session.id);
  world.vendor.faults.failKeepAlives = 1;
  await pass(world, MINUTE);
  await pass(world, MINUTE);
  assert.equal(world.vendor.signsOfLife.length, 2);
  assert.equal((await world.composer.get(session.id)).state, "live");
});

scenario("a session that nobody is in is not kept alive: the guard ends it", async (world) => {
  await world.composer.open(REQUEST);
  for (let minute = 0; minute < 5; minute++) await pass(world, MINUTE);
  assert.equal(world.vendor.running.size, 0);
  assert.deepEqual(world.vendor.signsOfLife, []);
});

scenario("another process goes on with it after a crash", async (world) => {
  const { session } = await world.composer.open(REQUEST);
  await joined(world, session.id);
  const composer = new Composer(world.parts);
  for (let minute = 0; minute < 3; minute++) await pass({ clock: world.clock, composer }, MINUTE);
  assert.deepEqual(world.vendor.signsOfLife, ["v1", "v1", "v1"]);
});

scenario("a vendor that wants none gets none", async (world) => {
  Object.assign(world.vendor.capabilities, { keepAliveMs: undefined });
  const { session } = await world.composer.open(REQUEST);
  await joined(world, session.id);
  await pass(world, 5 * MINUTE);
  assert.deepEqual(world.vendor.signsOfLife, []);
});
