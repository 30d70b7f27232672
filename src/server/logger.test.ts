import assert from "node:assert/strict";
import { test } from "node:test";
import { createLogger } from "./logger.ts";

test("a line is one JSON object with its time, and a key in it is not written", () => {
  const lines: string[] = [];
  const logger = createLogger("info", { write: (line) => void lines.push(line) });
  logger.debug({ route: "/live" }, "request");
  logger.info({ route: "/live", headers: { authorization: "Bearer hidden" }, secret: "hidden" }, "request");
  const [line, ...more] = lines.map((text) => JSON.parse(text));
  assert.deepEqual(more, []);
  assert.deepEqual([line.level, line.msg, line.route], ["info", "request", "/live"]);
  assert.match(line.time, /^\d{4}-\d\d-\d\dT/);
  assert.doesNotMatch(lines.join(""), /hidden/);
});
