import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { page, type Result } from "./report/page.ts";

/** `bench report`: one page of what each bench measured last, with its machine, date and versions. */
export async function run(): Promise<undefined> {
  const folder = join(import.meta.dirname, "results");
  const files = await readdir(folder).catch(() => []);
  const results = await Promise.all(
    files
      .filter((file) => file.endsWith(".json"))
      .sort()
      .map(async (file) => JSON.parse(await readFile(join(folder, file), "utf8")) as Result),
  );
  if (results.length === 0) {
    console.log("No results yet. Run npm run bench recall, retain, quality, brief or brain first.");
    return;
  }
  const path = join(folder, "report.html");
  await writeFile(path, page(results));
  console.log(path);
}
