import assert from "node:assert/strict";
import { test } from "node:test";
import type { VendorTool } from "../adapter.ts";
import { callTool, say } from "../completion.fixture.ts";
import { makeRooms, Page } from "./room.fixture.ts";

const TOOL: VendorTool = {
  name: "lookup",
  description: "Looks up.",
  parameters: { type: "object" },
  result: "speak",
  delivery: "client",
};

test("a tool call goes to the page and its result back to the brain", async () => {
  const world = await makeRooms([TOOL]);
  try {
    world.brain.answers.push(callTool("lookup", { id: 7 }, "One moment."), say("It is on its way."));
    const page = await Page.join((await world.open()).join);
    await page.send({ type: "utterance", id: "u1", text: "Where is it?" });
    const call = await page.until("tool_call");
    assert.deepEqual([call.name, call.arguments], ["lookup", '{"id":7}']);
    await page.send({ type: "tool_result", tool_call_id: "call_1", status: "success", output: "sent" });
    await page.until("utterance", ({ text }) => text === "It is on its way.");
    assert.deepEqual(world.brain.asked[1]!.messages.at(-1), {
      role: "tool",
      tool_call_id: "call_1",
      content: "sent",
    });
  } finally {
    await world.destroy();
  }
});

test("a page that does not answer a tool call does not block the conversation", async () => {
  const world = await makeRooms([TOOL]);
  try {
    world.brain.answers.push(callTool("lookup", {}), say("I could not look."));
    const page = await Page.join((await world.open()).join);
    await page.send({ type: "utterance", id: "u1", text: "Where is it?" });
    await page.until("tool_call");
    await world.clock.advance(20_000);
    await page.until("utterance", ({ text }) => text === "I could not look.");
    assert.match(world.brain.asked[1]!.messages.at(-1)!.content, /did not answer in time/);
  } finally {
    await world.destroy();
  }
});

test("a silent tool is not answered twice, and one without words is followed by some", async () => {
  const silent: VendorTool = { ...TOOL, name: "note", result: "silent" };
  const world = await makeRooms([silent]);
  try {
    world.brain.answers.push(
      callTool("note", {}, "I will keep that in mind."),
      callTool("note", {}),
      say("Noted."),
    );
    const page = await Page.join((await world.open()).join);
    const result = { type: "tool_result", tool_call_id: "call_1", status: "success", output: "ok" } as const;
    await page.send({ type: "utterance", id: "u1", text: "I like tea." });
    await page.until("tool_call");
    await page.send(result);
    await page.send({ type: "utterance", id: "u2", text: "And cake." });
    await page.until(
      "tool_call",
      ({ seq }) => seq > page.events.findIndex(({ type }) => type === "tool_call") + 2,
    );
    await page.send(result);
    await page.until("utterance", ({ text }) => text === "Noted.");
    assert.equal(world.brain.asked.length, 3);
  } finally {
    await world.destroy();
  }
});

test("a tool of the server is called at our endpoint, signed; a forged call is refused", async () => {
  const world = await makeRooms([{ ...TOOL, delivery: "server" }]);
  try {
    world.brain.answers.push(callTool("lookup", { id: 7 }), say("Done."));
    const { join } = await world.open();
    const page = await Page.join(join);
    await page.send({ type: "utterance", id: "u1", text: "Do it" });
    await page.until("utterance", ({ text }) => text === "Done.");
    const [sent] = world.brain.tools;
    const session = { sessionId: "ses_1", vendorSessionId: "", resources: [] };
    const request = {
      body: Buffer.from(sent!.body),
      headers: sent!.headers as Record<string, string>,
      url: "https://app.test/callback",
      query: {},
      session,
    };
    const parsed = world.adapter.parseToolRequest!(request, "tool-secret");
    assert.deepEqual([parsed.name, parsed.arguments], ["lookup", '{"id":7}']);
    const forged = { ...request, body: Buffer.from(sent!.body.replace("7", "8")) };
    for (const [wrong, secret] of [
      [forged, "tool-secret"],
      [request, "another"],
    ] as const)
      assert.throws(() => world.adapter.parseToolRequest!(wrong, secret), { code: "unauthenticated" });
  } finally {
    await world.destroy();
  }
});
