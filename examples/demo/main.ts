/**
 * The story that everything here is for: a first call learns something, a second one knows it. Told twice, at
 * a simulated Tavus and in our own room, over real HTTP on loopback, with no key and no network.
 */
import { createUi } from "../../src/cli/output/ui.ts";
import { describe } from "../../src/cli/views/briefing.ts";
import { transcript } from "../../src/cli/views/sessions.ts";
import { type Call, makeCall } from "./story.ts";
import { openWorld, type World } from "./world.ts";

const ui = createUi(process.stdout);
const failures: string[] = [];
const TIME = "I ran ten kilometres in 56 minutes on Sunday.";

const world = await openWorld();
try {
  await tell(world, "tavus", "anna");
  await tell(world, "local", "deniz");
  await nothingLeft(world);
} finally {
  await world.close();
}
console.log(
  failures.length === 0 ? ui.good("\nAll of it happened.") : ui.bad(`\n${failures.length} did not happen.`),
);
process.exitCode = failures.length === 0 ? 0 : 1;

async function tell(world: World, vendor: string, person: string): Promise<void> {
  const lines = [
    TIME,
    "I'm on the free plan.",
    "Please remember that my locker is number twelve.",
    "Which locker is mine?",
  ];
  const first = await makeCall(world, { vendor, persona: "coach", person, lines });
  show(`${vendor}: first call, the coach and ${person}`, first);
  check("the agent stored what it was asked to remember", first.tools[0]?.status === "success");
  check("the agent knew it in the same call", first.answers[3]?.includes("twelve") ?? false);
  const kept = first.retained.filter(({ text }) => text === TIME).length;
  check("what was said is in memory, once", kept === 1);

  const second = await makeCall(world, {
    vendor,
    persona: "support",
    person,
    lines: ["How fast did I run ten kilometres?"],
  });
  show(`${vendor}: second call, another persona and ${person}`, second);
  const { lines: known, overridden, text } = second.briefing;
  const learnt = known.find((line) => line.text.includes("56 minutes"));
  check("the second briefing knows it, and from which call", learnt?.memory?.sessionId === first.session.id);
  const lost = overridden.find((each) => each.text.includes("free plan"));
  check(
    "the record won over what was said of the plan",
    lost?.by.field === "plan_tier" && !text.includes("on the free plan"),
  );
  check("the agent answers from it", second.answers[0]?.includes("56 minutes") ?? false);
}

async function nothingLeft({ gateway, tavus }: World): Promise<void> {
  await tavus.idle();
  const swept = await gateway.composer.sweep();
  const states = ["preparing", "open", "live", "ending"] as const;
  const open = await gateway.composer.list({ states: [...states], limit: 10 });
  const { conversations, pals } = tavus.left();
  console.log(`\n${ui.bold("Nothing is left open")}`);
  check("no session of ours", open.length === 0 && swept.leaked + swept.orphans + swept.recovered === 0);
  check("no conversation, PAL or key of a session at Tavus", conversations + pals + tavus.ownTools() === 0);
}

function show(title: string, { briefing, turns, tools, retained }: Call): void {
  console.log(`\n${ui.bold(`== ${title} ==`)}\n\nBriefing: ${describe(ui, briefing)}`);
  console.log(`\n${ui.bold("Said")}\n${transcript(ui, turns)}`);
  for (const tool of tools)
    console.log(`\n${ui.bold("Tool")} ${tool.name} ${tool.arguments}: ${tool.status}`);
  const rows = retained.map(({ speaker, text, factType }) => [speaker ?? factType, text]);
  console.log(
    `\n${ui.bold("Learnt")}\n${ui.table([{ title: "who" }, { title: "memory", grow: true }], rows)}\n`,
  );
}

function check(what: string, holds: boolean): void {
  console.log(`${holds ? ui.good("yes") : ui.bad("NO ")}  ${what}`);
  if (!holds) failures.push(what);
}
