import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";

const ANSWER_MS = 2_000;

type Claimed = { claim(url: string): Promise<() => Promise<void>> };

/**
 * One gateway a workspace: its rooms live in one process, and a second one would take them for lost. The file
 * names the one that runs; what a crash left in it does not answer, and is replaced.
 */
export async function claimWorkspace(folder: string): Promise<{ url: string } | Claimed> {
  const file = join(folder, "gateway.url");
  const known = await readFile(file, "utf8").then(
    (text) => text.trim(),
    () => "",
  );
  if (known !== "" && (await answers(known))) return { url: known };
  return {
    async claim(url) {
      await writeFile(file, `${url}\n`);
      return () => rm(file, { force: true });
    },
  };
}

async function answers(url: string): Promise<boolean> {
  try {
    return (await fetch(`${url}/live`, { signal: AbortSignal.timeout(ANSWER_MS) })).ok;
  } catch {
    return false;
  }
}
