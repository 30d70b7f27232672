/** Brings the tables of `docs/configuration.md` up to date with the schemas. `test/docs.test.ts` checks that they are. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { renderConfiguration, UNTOLD } from "./docs/configuration.ts";

const path = join(import.meta.dirname, "../docs/configuration.md");
const page = renderConfiguration(readFileSync(path, "utf8"));
writeFileSync(path, page);
const untold = page.split("\n").filter((line) => line.includes(UNTOLD));
if (untold.length > 0) {
  process.exitCode = 1;
  console.error(
    `Say in docs/configuration.md, in place of ${UNTOLD}, what these mean:\n${untold.join("\n")}`,
  );
}
