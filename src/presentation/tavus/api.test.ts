import assert from "node:assert/strict";
import { test } from "node:test";
import { systemClock } from "../../core/clock.ts";
import { AstrocyteError, type ErrorCode } from "../../core/errors.ts";
import { createTavusApi } from "./api.ts";
import type { Vocabulary } from "./names.ts";
import { createTavusSimulator } from "./simulator.ts";

async function account(vocabulary: Vocabulary = "pal") {
  const simulator = await createTavusSimulator();
  const { apiKey, url } = simulator;
  const api = createTavusApi({
    baseUrl: `${url}/`,
    apiKey,
    vocabulary,
    timeoutMs: 5_000,
    clock: systemClock,
  });
  const pal = () =>
    api.pals.create({
      [api.names.palName]: "Coach",
      system_prompt: "You are a coach.",
      [api.names.defaultFaceId]: "r1",
      layers: { llm: { model: "m" } },
    });
  return {
    simulator,
    api,
    pal,
    async [Symbol.asyncDispose]() {
      await api.close();
      await simulator.close();
    },
  };
}

for (const vocabulary of ["pal", "persona"] as const) {
  test(`PALs, faces and conversations are the same things under the names of "${vocabulary}"`, async () => {
    await using made = await account(vocabulary);
    const { api, simulator } = made;
    const { id } = await made.pal();
    assert.deepEqual(await api.pals.get(id), { id, name: "Coach", layers: { llm: { model: "m" } } });
    assert.equal((await api.faces({ type: "system", limit: 5 })).items[0]?.name, "Anna");
    assert.equal((await api.face("r7")).id, "r7");
    for (const names of ["legacy", "new"] as const) {
      simulator.faults.names = names;
      const { id: conversation } = await api.conversations.create({ [api.names.palId]: id });
      const read = await api.conversations.get(conversation);
      assert.deepEqual([read.palId, read.faceId, read.status, read.events], [id, "r1", "active", []]);
    }
    const { items, total } = await api.conversations.list({ status: "active", limit: 1, page: 2 });
    assert.deepEqual([items.length, total], [1, 2]);
    const paths = simulator.requests.map(({ path }) => path);
    assert.ok(paths.every((path) => !path.includes(vocabulary === "pal" ? "persona" : "pal")));
  });
}

test("a patch that changes nothing is a success, one that a draft blocks a conflict", async () => {
  await using made = await account();
  const { id } = await made.pal();
  const patch = [{ op: "replace", path: "/layers/llm/model", value: "m" }] as const;
  await made.api.pals.patch(id, [...patch]);
  assert.equal(made.simulator.requests.at(-1)?.status, 304);
  made.simulator.faults.makerChanges = true;
  await assert.rejects(made.api.pals.patch(id, [...patch]), is("vendor_conflict"));
  await made.api.pals.remove(id);
  await assert.rejects(made.api.pals.get(id), is("vendor_not_found"));
});

test("a conversation can be erased for good", async () => {
  await using made = await account();
  const { id } = await made.api.conversations.create({ face_id: "r1" });
  await made.api.conversations.removeHard(id);
  assert.deepEqual(made.simulator.requests.at(-1)?.query, { hard: "true" });
  await assert.rejects(made.api.conversations.get(id), is("vendor_not_found"));
});

test("what Tavus remembers can be looked at, added to and erased", async () => {
  await using made = await account();
  const { memory } = made.api;
  const id = await memory.create("p1", "anna");
  assert.deepEqual([await memory.find("p1", "anna"), await memory.find("p1", "ben")], [[id], []]);
  await assert.rejects(memory.create("p1", "anna"), is("vendor_conflict"));
  await memory.pin(id, "Prefers concise answers");
  const [pinned] = (await memory.get(id)).pinned;
  assert.equal(pinned?.memory, "Prefers concise answers");
  await memory.unpin(id, pinned!.id);
  assert.deepEqual((await memory.get(id)).pinned, []);
  await assert.rejects(memory.unpin(id, pinned!.id), is("vendor_not_found"));
  await memory.removeTagged("anna", "m1");
  await assert.rejects(memory.get("ms_of_others"), is("vendor_auth"));
});

test("an id never reaches another path", async () => {
  await using made = await account();
  const { api, simulator } = made;
  await assert.rejects(api.conversations.get("../pals"), is("vendor_not_found"));
  assert.equal(simulator.requests.at(-1)?.path, "/v2/conversations/..%2Fpals");
  for (const id of ["", ".", ".."]) await assert.rejects(api.pals.remove(id), is("vendor_not_found"));
  assert.equal(simulator.requests.length, 1);
});

test("a create whose answer got lost is not sent again", async () => {
  await using made = await account();
  const { api, simulator } = made;
  simulator.faults.loseResponseOf = "/v2/tools";
  const tool = {
    name: "look_up",
    description: "",
    parameters: {},
    on_call: "silent",
    on_resolve: "add_to_context",
    delivery: { app_message: true },
    tags: [],
  } as const;
  await assert.rejects(api.tools.create({ ...tool, tags: [] }), is("vendor_failed"));
  assert.equal(simulator.requests.length, 1);
  assert.equal((await api.tools.find("look_up"))?.name, "look_up");
});

function is(code: ErrorCode) {
  return (error: unknown) => AstrocyteError.is(error, code);
}
