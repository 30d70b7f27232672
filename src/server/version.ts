import { readFileSync } from "node:fs";
import { join } from "node:path";

/** Of the package: its manifest lies beside `dist/server` when published, above `src` in the repository. */
export const version = readVersion();

function readVersion(): string {
  for (const up of ["..", "../.."]) {
    try {
      const { name, version } = JSON.parse(
        readFileSync(join(import.meta.dirname, up, "package.json"), "utf8"),
      ) as { name: string; version: string };
      if (name === "astrocyte") return version;
    } catch {
      // The other place has it.
    }
  }
  return "0.0.0";
}
