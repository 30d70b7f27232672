import { Pool } from "undici";
import { SseParser } from "../../src/core/sse.ts";

/**
 * The callers, in a process of its own: keeps so many streams going, reads every event as a client does, times
 * the first word, and checks that all words came in their order.
 */

export type LoadOrder = {
  url: string;
  headers: Record<string, string>;
  model: "paced" | "unpaced";
  streams: number;
  /** Each stream's requests, one after the other. */
  requests: number;
  /** Streams begin within so many milliseconds: callers do not speak in step. */
  spreadMs: number;
  questions: string[];
};

/** Milliseconds from the request to its first word. */
export type LoadResult = {
  firstWords: number[];
  elapsedMs: number;
  failed: number;
  failure?: string;
  /** Answers that went without all of memory. */
  degraded: number;
};

const SYSTEM = "You are Nova, a kind assistant on the phone. ".repeat(40);
const ANSWER = Array.from({ length: 12 }, (_, index) => `word${index} `).join("");
let asked = 0;

process.on("message", async (order: LoadOrder) => process.send!(await run(order)));
process.on("disconnect", () => process.exit(0));

async function run(order: LoadOrder): Promise<LoadResult> {
  const { origin, pathname } = new URL(order.url);
  const pool = new Pool(origin, { keepAliveTimeout: 10_000, headersTimeout: 30_000, bodyTimeout: 30_000 });
  const result: LoadResult = { firstWords: [], elapsedMs: 0, failed: 0, degraded: 0 };
  const start = performance.now();
  const stream = async () => {
    await new Promise((resolve) => setTimeout(resolve, Math.random() * order.spreadMs));
    for (let count = 0; count < order.requests; count++) {
      try {
        result.firstWords.push(await once(pool, `${pathname}/chat/completions`, order, result));
      } catch (error) {
        result.failed++;
        result.failure = String(error);
      }
    }
  };
  await Promise.all(Array.from({ length: order.streams }, stream));
  result.elapsedMs = performance.now() - start;
  await pool.close();
  return result;
}

function once(
  pool: Pool,
  path: string,
  { headers, model, questions }: LoadOrder,
  result: LoadResult,
): Promise<number> {
  const content = questions[asked++ % questions.length]!;
  const messages = [
    { role: "system", content: SYSTEM },
    { role: "user", content: "Hello" },
    { role: "assistant", content: "Hi, how can I help you today?" },
    { role: "user", content },
  ];
  const body = JSON.stringify({ model, stream: true, messages });
  return new Promise((resolve, reject) => {
    const start = performance.now();
    const parser = new SseParser();
    let first = 0;
    let said = "";
    let done = false;
    const hear = (data: string) => {
      if (data === "[DONE]") {
        done = true;
        return;
      }
      said += JSON.parse(data).choices[0]?.delta.content ?? "";
      if (first === 0 && said !== "") first = performance.now() - start;
    };
    pool.dispatch(
      { method: "POST", path, body, headers: { "content-type": "application/json", ...headers } },
      {
        onRequestStart() {},
        onResponseStart(_, status, head) {
          if (head["x-astrocyte-memory"] === "degraded") result.degraded++;
          if (status !== 200) reject(new Error(`status ${status}`));
        },
        onResponseData(_, chunk) {
          for (const { data } of parser.push(chunk)) hear(data);
        },
        onResponseEnd() {
          if (said === ANSWER && done) resolve(first);
          else reject(new Error(done ? "other words" : "no [DONE]"));
        },
        onResponseError(_, error) {
          reject(error);
        },
      },
    );
  });
}
