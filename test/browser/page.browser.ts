import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after, before, test } from "node:test";
import { type Browser, chromium, type Locator, type Page } from "playwright-core";

/*
 * The plain page in a real browser, served by `astrocyte start` in a fresh folder. Run by `npm run
 * test:browser`; CHROMIUM names the browser, and PICTURES a folder to keep the pictures in.
 */

const MAIN = join(import.meta.dirname, "../../src/cli/main.ts");
const CHROMIUM = process.env["CHROMIUM"] ?? "/usr/bin/chromium";
const PICTURES = process.env["PICTURES"];
const TOLD = "My new bicycle is called Esmeralda and it is green.";
const ASKED = "What is my bicycle Esmeralda like?";
/** Nobody waits longer for a page. */
const timeout = 60_000;

let folder: string;
let url: string;
let browser: Browser;
let stop: () => Promise<unknown>;

before(async () => {
  assert.ok(
    existsSync(CHROMIUM),
    `there is no browser at ${CHROMIUM}: apt-get install chromium, or set CHROMIUM`,
  );
  folder = await mkdtemp(join(tmpdir(), "astrocyte-browser-"));
  const args = [MAIN, "start", "--port", "0", "--json"];
  const child = spawn(process.execPath, args, { cwd: folder, stdio: ["ignore", "pipe", "inherit"] });
  const exited = once(child, "exit");
  stop = () => {
    child.kill("SIGTERM");
    return exited;
  };
  const [line] = (await once(createInterface(child.stdout), "line")) as [string];
  url = (JSON.parse(line) as { url: string }).url;
  browser = await chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox"] });
});

after(async () => {
  await browser?.close();
  await stop?.();
  await rm(folder, { recursive: true, force: true, maxRetries: 5 });
});

async function picture(page: Page, name: string): Promise<void> {
  if (PICTURES) await page.screenshot({ path: join(PICTURES, `${name}.png`), fullPage: true });
}

/** What the page complains about, to the person or in its console. */
function complaints(page: Page): string[] {
  const found: string[] = [];
  page.on("pageerror", (error) => found.push(error.message));
  page.on("console", (message) => message.type() === "error" && found.push(message.text()));
  return found;
}

async function open(page: Page, person: string): Promise<void> {
  await page.getByLabel("Person", { exact: true }).fill(person);
  await page.getByRole("button", { name: /^Open/ }).click();
  await page.getByText("You are in the room.").waitFor();
}

async function textOf(locator: Locator): Promise<string> {
  return (await locator.textContent()) ?? "";
}

/** Says it, and waits until the agent has answered. */
async function say(page: Page, text: string): Promise<string> {
  const spoken = page.locator("#transcript li.agent:not(.growing)");
  const before = await spoken.count();
  await page.getByLabel("What you say").fill(text);
  await page.keyboard.press("Enter");
  await spoken.nth(before).waitFor();
  return textOf(spoken.nth(before));
}

async function end(page: Page): Promise<void> {
  await page.getByRole("button", { name: "End" }).click();
  await page.getByText("Open the session again").waitFor();
}

test("a person opens, talks, sees where each line comes from, ends, and is known the next time", {
  timeout,
}, async () => {
  const page = await browser.newPage({ colorScheme: "light", viewport: { width: 1280, height: 900 } });
  const wrong = complaints(page);
  await page.goto(url);
  await page.getByRole("button", { name: "Open session" }).waitFor();
  await page.locator("select[name=persona] option").first().waitFor({ state: "attached" });
  await picture(page, "1-start-light");
  await open(page, "anna");

  const briefing = page.locator("#briefing");
  assert.match(await textOf(briefing), /Plan: pro/);
  assert.match(await textOf(briefing), /crm\.plan_tier, as of \d+ s ago/);
  assert.match(await textOf(briefing), /in call sample-anna/);
  assert.doesNotMatch(await textOf(briefing), /Esmeralda/);
  const growth = await watchGrowth(page);
  await say(page, TOLD);
  assert.match(await say(page, "When do I train?"), /From an earlier conversation|According to the records/);
  assert.ok((await growth()) > 2, "the answer came in one piece");
  await picture(page, "2-call-light");
  await end(page);
  assert.match(await textOf(page.locator("#status")), /^\d+ turns kept, [1-9]\d* pieces remembered/);
  await picture(page, "3-ended-light");

  await open(page, "anna");
  const line = briefing.locator("li", { hasText: "Esmeralda" }).first();
  assert.match(await textOf(line), /in call ses_/);
  assert.match(await say(page, ASKED), /Esmeralda and it is green/);
  await picture(page, "4-known-light");
  await end(page);
  assert.deepEqual(wrong, []);
  await page.close();
});

test("only what the page can join is offered, and a session that it cannot enter is ended", {
  timeout,
}, async () => {
  const page = await browser.newPage();
  await page.route("**/v1/personas", async (route) => {
    const answer = await route.fetch();
    await route.fulfill({
      response: answer,
      json: { ...(await answer.json()), vendors: ["local", "tavus"] },
    });
  });
  await page.goto(url);
  await page.getByText("Also configured: tavus.").waitFor();
  assert.deepEqual(await page.locator("select[name=vendor] option").allTextContents(), ["local"]);
  let id = "";
  await page.route("**/v1/sessions", async (route) => {
    const answer = await route.fetch();
    const opened = await answer.json();
    id = opened.session_id;
    await route.fulfill({ response: answer, json: { ...opened, join: { kind: "holodeck", url: "" } } });
  });
  await page.getByLabel("Person", { exact: true }).fill("anna");
  await page.getByRole("button", { name: /^Open/ }).click();
  await page.getByText('Rooms of kind "holodeck" are not built in.').waitFor();
  const answer = await fetch(`${url}/v1/sessions/${id}`);
  const { state, end_reason } = (await answer.json()) as { state: string; end_reason: string };
  assert.deepEqual([state, end_reason], ["ended", "not_joined"]);
  await page.close();
});

/** Counts how often the text of the conversation changes from now on. */
async function watchGrowth(page: Page): Promise<() => Promise<number>> {
  await page.evaluate(() => {
    const list = document.getElementById("transcript")!;
    list.dataset["changes"] = "0";
    new MutationObserver(() => {
      if (list.querySelector(".agent.growing"))
        list.dataset["changes"] = `${Number(list.dataset["changes"]) + 1}`;
    }).observe(list, { childList: true, subtree: true, characterData: true });
  });
  return async () => Number(await page.locator("#transcript").getAttribute("data-changes"));
}

for (const colorScheme of ["light", "dark"] as const) {
  for (const width of [360, 768, 1440]) {
    test(`nothing is cut off or too faint: ${colorScheme}, ${width} pixels wide`, { timeout }, async () => {
      const page = await browser.newPage({ colorScheme, viewport: { width, height: 900 } });
      await page.goto(url);
      await page.locator("select[name=persona] option").first().waitFor({ state: "attached" });
      await picture(page, `start-${colorScheme}-${width}`);
      await open(page, "ben");
      await say(page, "Which plan am I on, and what did I say about the sauna?");
      await picture(page, `call-${colorScheme}-${width}`);
      const overflow = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
      assert.ok(overflow <= 0, `${overflow} pixels stick out`);
      assert.deepEqual(await faintTexts(page), []);
      await end(page);
      await page.close();
    });
  }
}

/** Texts whose contrast with what is behind them is below WCAG's 4.5 to 1. */
function faintTexts(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const rgb = (css: string) => (css.match(/[\d.]+/g) ?? []).map(Number);
    const luminance = ([r = 0, g = 0, b = 0]: number[]) => {
      const linear = (value: number) =>
        value <= 10 ? value / 3294.6 : ((value / 255 + 0.055) / 1.055) ** 2.4;
      return 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);
    };
    const behind = (element: Element): number[] => {
      const colour = rgb(getComputedStyle(element).backgroundColor);
      if ((colour[3] ?? 1) > 0) return colour;
      return element.parentElement ? behind(element.parentElement) : [255, 255, 255];
    };
    return [...document.querySelectorAll("body *")]
      .filter((element) => element.checkVisibility() && !element.matches(":disabled, option"))
      .filter((element) =>
        [...element.childNodes].some((node) => node.nodeType === 3 && node.nodeValue?.trim()),
      )
      .filter((element) => {
        const [a, b] = [luminance(rgb(getComputedStyle(element).color)), luminance(behind(element))];
        return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05) < 4.5;
      })
      .map((element) => `${element.tagName} ${element.textContent?.slice(0, 40)}`);
  });
}
