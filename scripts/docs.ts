/** Brings the generated tables of `docs/` up to date. `test/docs.test.ts` fails when they are not. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { GENERATED } from "./docs/generated.ts";
import { UNTOLD } from "./docs/table.ts";

for (const [name, render] of Object.entries(GENERATED)) {
  const path = join(import.meta.dirname, "../docs", name);
  const page = render(readFileSync(path, "utf8"));
  writeFileSync(path, page);
  const untold = page.split("\n").filter((line) => line.includes(UNTOLD));
  if (untold.length === 0) continue;
  process.exitCode = 1;
  console.error(`Say in docs/${name}, in place of ${UNTOLD}, what these mean:\n${untold.join("\n")}`);
}
