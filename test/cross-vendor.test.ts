import assert from "node:assert/strict";
import { test } from "node:test";
import { createScriptedLLM } from "../src/testing/scripted-llm.ts";
import type { BoxName } from "./end-to-end/boxes.ts";
import { type Call, sampleWithEveryVendor } from "./end-to-end/sample.ts";

/** What is told in one call, what is asked in the next one, and what only somebody who knows can answer. */
const STORIES: Array<{ told: string; asked: string; known: RegExp; from: BoxName | "ring"; to: BoxName }> = [
  {
    told: "I prefer evening sessions after seven.",
    asked: "When do I like to train?",
    known: /I prefer (evening sessions after seven)/,
    from: "ring",
    to: "liveavatar",
  },
  {
    told: "My sister Miriam lives in Coimbra.",
    asked: "Where does my sister live?",
    known: /My sister Miriam lives in (Coimbra)/,
    from: "tavus",
    to: "elevenlabs",
  },
  {
    told: "My dog Rufus is afraid of thunder.",
    asked: "What is my dog afraid of?",
    known: /My dog Rufus is afraid of (thunder)/,
    from: "elevenlabs",
    to: "d-id",
  },
  {
    told: "I am allergic to latex bands.",
    asked: "What am I allergic to?",
    known: /I am allergic to (latex bands)/,
    from: "d-id",
    to: "twilio",
  },
];

/** Knows nothing but what it is told. */
const llm = createScriptedLLM({
  reply(messages) {
    const said = String(messages.at(-1)!.content);
    const story = STORIES.find(({ asked }) => said.endsWith(asked));
    if (!story) return "That is good to hear.";
    const told = messages.map(({ content }) => String(content)).join("\n");
    return `You told me: ${story.known.exec(told)?.[1] ?? "nothing"}.`;
  },
});

test("what one vendor's call learns, the next vendor's knows: by telephone, by video, by voice", {
  timeout: 120_000,
}, async () => {
  await using all = await sampleWithEveryVendor(llm);
  for (const { told, asked, known, from, to } of STORIES) {
    const story = `${from} to ${to}`;
    const first = await begin(all, from);
    assert.match(await first.person.greeting(), /^Hello Anna, this is Mara/, story);
    assert.equal(await first.person.say(told), "That is good to hear.", story);
    await all.ends(first);

    const second = await all.calls(to, "support");
    assert.match(await second.person.greeting(), /^Hello Anna, this is Mara/, story);
    const { lines } = (await all.call(`/v1/sessions/${second.id}/briefing`)).json as {
      lines: Array<{ text: string; memory?: { session_id: string | null } }>;
    };
    const line = lines.find(({ text }) => text.includes(told));
    assert.equal(line?.memory?.session_id, first.id, `${story}: ${JSON.stringify(lines)}`);
    const answer = `You told me: ${known.exec(told)![1]}.`;
    assert.equal(await second.person.say(asked), answer, story);
    await all.ends(second);
  }
  assert.ok(
    Object.values(all.left()).every((count) => count === 0),
    JSON.stringify(all.left()),
  );
});

/** A call that Anna makes is found by the number on record; any other is opened for her. */
async function begin(
  all: Awaited<ReturnType<typeof sampleWithEveryVendor>>,
  from: BoxName | "ring",
): Promise<Call> {
  if (from !== "ring") return all.calls(from, "support");
  const person = await all.rings();
  const { sessions } = (await all.call("/v1/sessions?limit=1")).json as {
    sessions: Array<{ session_id: string; subject: string; vendor: string }>;
  };
  const { session_id: id, subject, vendor } = sessions[0]!;
  assert.deepEqual([subject, vendor], ["user:anna", "twilio"]);
  return { id, vendor, person };
}
