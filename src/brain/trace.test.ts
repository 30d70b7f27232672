import assert from "node:assert/strict";
import { test } from "node:test";
import { type Attributes, type Span, type Tracer, trace } from "@opentelemetry/api";
import {
  ask,
  found,
  hit,
  post,
  ScriptedMemory,
  ScriptedSessions,
  scriptedUpstream,
  session,
  startBrain,
  until,
} from "./brain.fixture.ts";

type Recorded = { name: string; attributes: Attributes; status?: string | undefined };
const spans: Recorded[] = [];

const tracer = {
  startActiveSpan(name: string, { attributes }: { attributes: Attributes }, work: (span: Span) => unknown) {
    const recorded: Recorded = { name, attributes: { ...attributes } };
    spans.push(recorded);
    return work({
      setAttributes: (more: Attributes) => Object.assign(recorded.attributes, more),
      setStatus: ({ message }: { message: string }) => Object.assign(recorded, { status: message }),
      end: () => {},
    } as unknown as Span);
  },
};
trace.setGlobalTracerProvider({ getTracer: () => tracer as unknown as Tracer });

test("a turn is one span by the GenAI conventions; neither it nor the log holds content or keys", async (t) => {
  const upstream = await scriptedUpstream(t);
  const memory = new ScriptedMemory();
  memory.answer = async () => found([hit("A private memory.")]);
  const sessions = new ScriptedSessions();
  sessions.byKey.set("secret-key-anna", session("anna"));
  const lines: unknown[] = [];
  const log = (fields: object, message: string) => void lines.push(fields, message);
  const logger = { debug: log, info: log, warn: log, error: log };
  const brain = await startBrain(t, upstream, { memory, sessions, logger });
  await post(brain.url, ask("A private question, which is long enough?"), { key: "secret-key-anna" });
  upstream.answer = (res) => res.writeHead(500, { "content-type": "text/plain" }).end("private");
  await post(brain.url, ask("Another private question, also long enough?"), { key: "secret-key-anna" });
  memory.answer = () => Promise.reject(new Error("private failure"));
  await post(brain.url, ask("A third private question, also long enough?"), { key: "secret-key-anna" });
  await until(() => brain.turns.length === 3);
  assert.deepEqual(spans[0], {
    name: "chat m-1",
    attributes: {
      "gen_ai.operation.name": "chat",
      "gen_ai.request.model": "m-1",
      "gen_ai.conversation.id": "anna",
      "astrocyte.memory": "ok",
      "astrocyte.hits": 1,
      "astrocyte.upstream": "openai",
      "gen_ai.response.model": "m-1",
      "gen_ai.response.finish_reasons": ["stop"],
    },
  });
  assert.doesNotMatch(JSON.stringify([spans, lines, brain.turns]), /private|secret|sk-upstream/);
  assert.ok(lines.length > 0);
});

test("an error that is not ours is logged by its kind: it may quote what was said", async (t) => {
  const upstream = await scriptedUpstream(t);
  const sessions = new ScriptedSessions();
  sessions.bySessionKey = async () => {
    throw Object.assign(new TypeError("cannot read Anna's words"), { body: "private words" });
  };
  const lines: object[] = [];
  const log = (fields: object) => void lines.push(fields);
  const logger = { debug: log, info: log, warn: log, error: (fields: object) => log(fields) };
  const brain = await startBrain(t, upstream, { sessions, logger });
  await post(brain.url, ask("Hello"), { key: "some-session-key" });
  await until(() => lines.some((fields) => "kind" in fields));
  const failed = lines.find((fields) => "kind" in fields);
  assert.deepEqual({ ...failed, turnId: "" }, { turnId: "", code: "internal", kind: "TypeError" });
});
