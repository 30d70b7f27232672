import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/**
 * A model's server as it feels from outside, in a process of its own. `model: "paced"`: 100 ms to the first
 * token, 12 chunks 15 ms apart; `model: "unpaced"`: all at once; `model: "idle"`: a word every five seconds.
 */

const FIRST_TOKEN_MS = 100;
const CHUNK_MS = 15;
const CHUNKS = 12;
const IDLE_MS = 5_000;

function event(content: string, finish: string | null = null): string {
  const delta = finish ? {} : { content };
  const choices = [{ index: 0, delta, logprobs: null, finish_reason: finish }];
  const head = { id: "chatcmpl-bench", object: "chat.completion.chunk", created: 1, model: "bench" };
  return `data: ${JSON.stringify({ ...head, system_fingerprint: "fp", choices })}\n\n`;
}

const WORDS = Array.from({ length: CHUNKS }, (_, index) => `word${index} `);

function end(): string {
  return `${event(WORDS.at(-1)!)}${event("", "stop")}data: [DONE]\n\n`;
}

const server = createServer((req, res) => {
  const parts: Buffer[] = [];
  req.on("data", (part: Buffer) => parts.push(part));
  req.on("end", () => answer(Buffer.concat(parts), res));
});

function answer(body: Buffer, res: ServerResponse): void {
  res.writeHead(200, { "content-type": "text/event-stream" });
  if (body.includes('"unpaced"')) hurry(res);
  else if (body.includes('"idle"')) trickle(res);
  else setTimeout(() => pace(res, 0), FIRST_TOKEN_MS);
}

/** Each event in a write of its own, as servers send them, but without a pause. */
function hurry(res: ServerResponse): void {
  for (const word of WORDS.slice(0, -1)) res.write(event(word));
  res.end(end());
}

function pace(res: ServerResponse, index: number): void {
  if (res.destroyed) return;
  if (index === CHUNKS - 1) {
    res.end(end());
    return;
  }
  res.write(event(WORDS[index]!));
  setTimeout(() => pace(res, index + 1), CHUNK_MS);
}

function trickle(res: ServerResponse): void {
  res.write(event("still "));
  const timer = setInterval(() => res.write(event("here ")), IDLE_MS);
  res.on("close", () => clearInterval(timer));
}

server.keepAliveTimeout = 60_000;
server.listen(0, "127.0.0.1", () => process.send!({ port: (server.address() as AddressInfo).port }));
process.on("disconnect", () => process.exit(0));
