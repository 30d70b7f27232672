import assert from "node:assert/strict";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { createInterface } from "node:readline";
import { type TestContext, test } from "node:test";
import { systemClock } from "../core/clock.ts";
import { makeCli } from "./cli.fixture.ts";
import { createWorkspace } from "./sample/create.ts";

type Cli = Awaited<ReturnType<typeof makeCli>>;

/** `start --json` and what it says about itself; stopped when the test ends. */
async function startWorkspace(t: TestContext, { start }: Cli): Promise<{ url: string; child: ChildProcess }> {
  const child = start(["start", "--json", "--port", "0"]);
  t.after(() => child.kill("SIGKILL"));
  child.stderr.resume();
  const [line] = (await once(createInterface(child.stdout), "line")) as [string];
  return { url: JSON.parse(line).url, child };
}

async function stopped(child: ChildProcess): Promise<number | null> {
  child.kill("SIGINT");
  const [code] = (await once(child, "exit")) as [number | null];
  return code;
}

async function post(url: string, body: object): Promise<{ status: number; json: Record<string, unknown> }> {
  const answer = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  return { status: answer.status, json: (await answer.json()) as Record<string, unknown> };
}

test("start makes a workspace, serves it, and stops when told, leaving nothing open", async (t) => {
  const cli = await makeCli(t);
  const { url, child } = await startWorkspace(t, cli);
  assert.equal((await fetch(`${url}/live`)).status, 200);

  const request = { persona: "coach", subject: "user:anna", vendor: "local", consent: "memory" };
  const { status, json } = await post(`${url}/v1/sessions`, request);
  assert.equal(status, 201);
  const again = await cli.run(["start", "--json"]);
  assert.equal(again.code, 0);
  assert.match(again.stdout, new RegExp(url), "one gateway a workspace");
  const { sessions } = (await cli.run(["sessions", "--json"])).json<{ sessions: Array<{ state: string }> }>();
  assert.deepEqual(
    sessions.map(({ state }) => state),
    ["open"],
  );

  assert.equal(await stopped(child), 0);
  const shown = await cli.run(["sessions", "show", String(json["session_id"]), "--json"]);
  assert.equal(shown.json()["state"], "ended");
  assert.equal(existsSync(cli.file(".astrocyte/gateway.url")), false);
});

test("a second start finds what the first one learned", async (t) => {
  const cli = await makeCli(t);
  const first = await startWorkspace(t, cli);
  const content = "Emil is afraid of the rowing machine";
  await post(`${first.url}/v1/retain`, { content, bank_id: "person:emil" });
  await stopped(first.child);
  const second = await startWorkspace(t, cli);
  const request = { persona: "coach", subject: "user:emil", vendor: "local" };
  const { json } = await post(`${second.url}/v1/briefings`, request);
  assert.match(String(json["text"]), /rowing machine/);
  await stopped(second.child);
});

test("brief shows records, memory and the call it came from, what a record overrode, what was left out", async (t) => {
  const cli = await makeCli(t);
  await createWorkspace(cli.file(".astrocyte"), systemClock);
  const of = (subject: string) => ["brief", "--persona", "support", "--subject", subject];
  const anna = await cli.run(of("user:anna"));
  assert.equal(anna.code, 0);
  assert.match(anna.stdout, /Plan: pro +crm\.plan_tier/);
  assert.match(anna.stdout, /Hello Anna, this is Mara/);
  assert.match(anna.stdout, /I prefer morning/);
  const overridden = anna.stdout.split("Overridden by a record")[1] ?? "";
  assert.match(overridden.split("Left out")[0] ?? "", /still on the free plan.+crm\.plan_tier/s);
  assert.match(anna.stdout.split("Left out")[1] ?? "", /superseded.+evening/s);

  const ben = await cli.run([...of("user:ben"), "--json"]);
  const { text, left_out } = ben.json<{ text: string; left_out: Array<{ reason: string; text: string }> }>();
  assert.doesNotMatch(text, /[Ii]gnore all previous/);
  assert.ok(left_out.some(({ reason, text }) => reason === "injection" && /Ignore all previous/.test(text)));

  assert.equal((await cli.run(["brief", "--persona", "nobody", "--subject", "user:anna"])).code, 3);
  assert.equal((await cli.run(["brief", "--persona", "coach"])).code, 2);
});

test("the same personas fit Tavus once its ids are there", async (t) => {
  const cli = await makeCli(t);
  await createWorkspace(cli.file(".astrocyte"), systemClock);
  const config = cli.file(".astrocyte/astrocyte.yaml");
  const tavus = "presentation:\n  tavus: { api_key: a-key-of-tavus, face_id: r90bbd427f71 }\n";
  await writeFile(config, `${await readFile(config, "utf8")}\n${tavus}`);
  const briefed = await cli.run([
    "brief",
    "--persona",
    "coach",
    "--subject",
    "user:anna",
    "--vendor",
    "tavus",
  ]);
  assert.equal(briefed.code, 0);
  const vendors = (await cli.run(["vendors", "--json"])).json<{
    vendors: Array<{ vendor: string; configured: boolean; capabilities: { say: string } }>;
  }>();
  const configured = vendors.vendors.filter((each) => each.configured);
  assert.deepEqual(
    configured.map(({ vendor, capabilities }) => [vendor, capabilities.say]),
    [
      ["local", "server"],
      ["tavus", "client"],
    ],
  );
  const { stdout } = await cli.run(["vendors"]);
  for (const shown of ["twilio", "custom LLM", "inbound", "vendor-dialect"])
    assert.match(stdout, new RegExp(shown));
});

test("doctor looks at everything that a configuration names", async (t) => {
  const cli = await makeCli(t);
  await createWorkspace(cli.file(".astrocyte"), systemClock);
  const config = cli.file(".astrocyte/astrocyte.yaml");
  const yaml = (await readFile(config, "utf8")).replace("face_id: your-face-id", "colour: red");
  await writeFile(
    config,
    `${yaml}\npresentation:\n  tavus: { api_key: a-key-of-tavus, face_id: r90bbd427f71 }\n`,
  );
  const { code, json } = await cli.run(["doctor", "--json"]);
  const { checks } = json<{ checks: Array<{ name: string; state: string; found: string }> }>();
  assert.equal(code, 0);
  assert.deepEqual(checks.map(({ name, state }) => `${name} ${state}`).slice(2), [
    "configuration ok",
    "disk ok",
    "store ok",
    "audit ok",
    "language model ok",
    "local ok",
    "tavus warning",
  ]);
  assert.match(checks.at(-1)?.found ?? "", /support: .*colour/);
});

test("serve answers at the port it was given and logs in JSON beside its result", async (t) => {
  const cli = await makeCli(t);
  await createWorkspace(cli.file(".astrocyte"), systemClock);
  const child = cli.start(["serve", "--port", "0"]);
  t.after(() => child.kill("SIGKILL"));
  const logs = createInterface(child.stderr);
  const [line] = (await once(createInterface(child.stdout), "line")) as [string];
  const url = /^Astrocyte serves at (http:\S+)$/.exec(line)?.[1] ?? "";
  const logged = once(logs, "line");
  assert.equal((await fetch(`${url}/v1/personas`)).status, 200);
  const [log] = (await logged) as [string];
  assert.equal(JSON.parse(log).route, "/v1/personas");
  assert.equal(await stopped(child), 0);
});

test("without a configuration, what needs one says how to get it", async (t) => {
  const { run } = await makeCli(t);
  const { code, stderr } = await run(["serve"]);
  assert.equal(code, 6);
  assert.match(stderr, /astrocyte start/);
});
