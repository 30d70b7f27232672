import assert from "node:assert/strict";
import { test } from "node:test";
import { chunks, scriptedUpstream, sendStream, until } from "../src/brain/brain.fixture.ts";
import { createTavusSimulator } from "../src/presentation/tavus/simulator.ts";
import { FakeClock } from "../src/testing/fake-clock.ts";
import { makeGateway, openSession } from "./gateway.fixture.ts";

/** A Tavus PAL that many sessions share: its one key, and a signed line in each conversation's context. */

const TAVUS_KEY = "tavus-account-key";
const PAL_LLM_KEY = "key-that-the-pal-sends";

test("sessions that share a PAL are told apart by their signed line, guesses and all", async (t) => {
  const clock = new FakeClock();
  const upstream = await scriptedUpstream(t);
  upstream.answer = (res) => sendStream(res, chunks("Good", " to hear."));
  const simulator = await createTavusSimulator({ apiKey: TAVUS_KEY, clock });
  t.after(() => simulator.close());
  simulator.faults.speculativeRequests = 3;
  const pal = await fetch(`${simulator.url}/v2/pals`, {
    method: "POST",
    headers: { "x-api-key": TAVUS_KEY, "content-type": "application/json" },
    body: JSON.stringify({
      pal_name: "Shared",
      system_prompt: "You are Mara.",
      pipeline_mode: "full",
      default_face_id: "r90bbd427f71",
    }),
  });
  const { pal_id } = (await pal.json()) as { pal_id: string };
  const world = await makeGateway(
    {
      presentation: {
        tavus: {
          api_key: TAVUS_KEY,
          base_url: simulator.url,
          face_id: "r90bbd427f71",
          strategy: "shared_pal",
          pal_id,
        },
      },
      brain: {
        keys: [{ name: "pal", key: PAL_LLM_KEY, principal: "service:tavus", context_tokens: true }],
        upstreams: [{ kind: "openai", base_url: upstream.url }],
        recall: { deadline_ms: 20_000 },
      },
    },
    { clock },
  );
  t.after(() => world.destroy());
  await fetch(`${simulator.url}/v2/pals/${pal_id}`, {
    method: "PATCH",
    headers: { "x-api-key": TAVUS_KEY, "content-type": "application/json" },
    body: JSON.stringify([
      {
        op: "add",
        path: "/layers",
        value: { llm: { model: "astrocyte", base_url: `${world.url}/brain/v1`, api_key: PAL_LLM_KEY } },
      },
    ]),
  });
  const context = { principal: "service:app" };
  for (const [who, fact] of [
    ["anna", "Anna's dog is called Bruno."],
    ["ben", "Ben's dog is called Rex."],
  ] as const)
    await world.memory.retain(fact, { bankId: `person:${who}`, context });

  for (const [who, dog, stranger] of [
    ["anna", "Bruno", "Rex"],
    ["ben", "Rex", "Bruno"],
  ] as const) {
    const opened = await openSession(world, { vendor: "tavus", subject: `user:${who}` });
    const id = new URL(opened.join.url).pathname.slice(1);
    const before = upstream.requests.length;
    const person = await simulator.room(id).join({ token: opened.join.token });
    person.say("Do you remember what the name of my dog is?");
    await until(() => upstream.requests.length > before);
    await simulator.idle();
    const sent = upstream.requests.slice(before);
    // Guesses overlap the whole question and may be asked of the model after it.
    const asked = ({ body }: (typeof sent)[number]) => String(body.messages.at(-1)!.content);
    const last = sent.findLast((request) => asked(request).includes("the name of my dog"))!;
    assert.match(asked(last), new RegExp(`<memory>[\\s\\S]*${dog}[\\s\\S]*</memory>`));
    assert.match(last.raw, /You are Mara/);
    for (const { raw } of sent) assert.doesNotMatch(raw, new RegExp(`${stranger}|astrocyte-context`));
    const briefing = /The prompt of Mara/g;
    assert.equal(last.raw.match(briefing)?.length, 1, "the briefing is there once");
    assert.ok(
      simulator.llmRequests.every(({ outcome }) => outcome === "answered" || outcome === "abandoned"),
    );
  }
  const tokens = simulator.llmRequests.map(({ body }) => /ses_\w+\.[\w-]+/.exec(JSON.stringify(body))![0]);
  assert.equal(new Set(tokens).size, 2);
});
