import assert from "node:assert/strict";
import { test } from "node:test";
import { systemClock } from "../../core/clock.ts";
import { silentLogger } from "../../core/telemetry.ts";
import { BRIEFING } from "../../testing/adapter/samples.ts";
import type { VendorResource } from "../adapter.ts";
import { createLiveAvatarAdapter } from "./adapter.ts";
import { AVATAR, bindingFor, liveavatarHarness, PERSONA } from "./harness.fixture.ts";

const CONTEXT = ["context_name", "context"];
const MODEL = ["secret_name", "secret", "llm_configuration_name", "llm_configuration"];
const NOTHING = { sessions: 0, contexts: 1, secrets: 0, llmConfigurations: 0 };

/**
 * Kills the process while it records `at`, before or after that is durable, and starts another one. What the first
 * had recorded is all that the second knows. Context and model are made side by side: the other one gets as far as
 * it can.
 */
async function killed(at: string, durable: boolean) {
  const harness = await liveavatarHarness();
  // So that a session is found that was made, but not yet started.
  harness.simulator.switches.listsUnstarted = true;
  const recorded: VendorResource[] = [];
  const dead = Promise.withResolvers<void>();
  const otherEnded = Promise.withResolvers<void>();
  const other = CONTEXT.includes(at) ? MODEL.at(-1) : MODEL.includes(at) ? CONTEXT.at(-1) : undefined;
  if (other === undefined) otherEnded.resolve();
  const onResource = async (resource: VendorResource) => {
    if (resource.kind !== at || durable) recorded.push(resource);
    if (resource.kind === other) otherEnded.resolve();
    if (resource.kind !== at) return;
    dead.resolve();
    await new Promise(() => {});
  };
  void harness.adapter.open(BRIEFING, PERSONA, bindingFor({ onResource }));
  await Promise.all([dead.promise, otherEnded.promise]);
  const { url: base_url, apiKey: api_key } = harness.simulator;
  const deps = { clock: systemClock, logger: silentLogger, sink: async () => {} };
  const again = createLiveAvatarAdapter({ api_key, base_url, avatar_id: AVATAR }, deps);
  return { harness, recorded, again };
}

/** Sessions that somebody could still start. */
function waiting({ simulator }: Awaited<ReturnType<typeof killed>>["harness"]): number {
  const made = simulator.requests.filter(
    ({ path, status }) => path === "/v1/sessions/token" && status === 200,
  );
  const stopped = simulator.requests.filter(
    ({ path, status }) => path === "/v1/sessions/stop" && status === 200,
  );
  return made.length - stopped.length;
}

for (const at of [...CONTEXT, ...MODEL, "session"]) {
  for (const durable of [true, false]) {
    test(`killed while recording ${at}, ${durable ? "after" : "before"} it was durable: the record leads to all of it`, async () => {
      const { harness, recorded, again } = await killed(at, durable);
      await again.release(recorded);
      assert.deepEqual(harness.simulator.left(), NOTHING);
      assert.equal(waiting(harness), 0);
      await harness.destroy();
    });
  }

  test(`killed while recording ${at}, and the record is lost: the marker leads to all of it`, async () => {
    const { harness, again } = await killed(at, false);
    for (const { vendorSessionId, marker } of await again.listOpen!())
      await again.end({ sessionId: marker, vendorSessionId, resources: [] }, "orphan");
    for (const { resources } of await again.listLeft!()) await again.release(resources);
    assert.deepEqual(harness.simulator.left(), NOTHING);
    assert.equal(waiting(harness), 0);
    await harness.destroy();
  });
}
