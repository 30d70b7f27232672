import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import {
  APP_KEY,
  chunk,
  chunks,
  EVENTS,
  found,
  hit,
  KEY,
  ScriptedMemory,
  scriptedUpstream,
  sendStream,
  startBrain,
  until,
} from "../../src/brain/brain.fixture.ts";
import type { Checks } from "./checks.ts";
import { environment } from "./python.ts";

const PIPECAT = "pipecat-ai[openai]>=1.14,<2";

/** Pipecat's own OpenAI service with nothing changed but its `base_url`. */
export async function pipecat({ check, after }: Checks): Promise<void> {
  const bin = await environment("pipecat", [PIPECAT]);
  const upstream = await scriptedUpstream({ after });
  const memory = new ScriptedMemory();
  memory.answer = async () => found([hit("Anna drives a red Volvo.")]);
  const { url } = await startBrain({ after }, upstream, { memory, keys: [APP_KEY] });
  const talk = async (scene: string): Promise<{ text: string; calls: unknown[] }> => {
    const script = join(import.meta.dirname, "pipecat_client.py");
    const { stdout } = await promisify(execFile)(join(bin, "python"), [script, url, KEY, scene], {
      timeout: 120_000,
    });
    return JSON.parse(stdout.trim().split("\n").at(-1)!);
  };

  await check("Pipecat: words arrive as its own text frames, with memory", async () => {
    upstream.answer = (res) => sendStream(res, chunks("A red", " Volvo."));
    assert.equal((await talk("talk")).text, "A red Volvo.");
    assert.match(upstream.requests.at(-1)!.raw, /<memory>[\s\S]*red Volvo/);
  });

  await check("Pipecat: its registered function is called with its arguments", async () => {
    const call = {
      index: 0,
      id: "c0",
      type: "function",
      function: { name: "weather", arguments: '{"city":"Lisbon"}' },
    };
    upstream.answer = (res) =>
      sendStream(
        res,
        `${chunk({ role: "assistant", tool_calls: [call] })}${chunk({}, "tool_calls")}data: [DONE]\n\n`,
      );
    assert.deepEqual((await talk("tool")).calls, [{ city: "Lisbon" }]);
  });

  await check("Pipecat: an interruption ends the upstream's work", async () => {
    upstream.answer = (res) => {
      const timer = setInterval(() => res.write(chunk({ content: "more " })), 20);
      res.writeHead(200, EVENTS).on("close", () => clearInterval(timer));
    };
    const { cancelled } = upstream;
    const { text } = await talk("interrupt");
    assert.match(text, /^(more )+$/);
    await until(() => upstream.cancelled > cancelled);
  });
}
