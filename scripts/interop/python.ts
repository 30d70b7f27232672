import { execFile } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { sha256 } from "../../src/core/secrets.ts";

const run = promisify(execFile);

/** A virtual environment with these packages in the temp folder, made when it is not there. Returns its `bin`. */
export async function environment(name: string, requirements: string[]): Promise<string> {
  const version = sha256(requirements.join()).slice(0, 8);
  const folder = join(tmpdir(), "astrocyte-interop", `${name}-${version}`);
  const bin = join(folder, "bin");
  const ready = join(folder, "ready");
  if (existsSync(ready)) return bin;
  mkdirSync(folder, { recursive: true });
  console.log(`${name}: installing ${requirements.join(", ")} into ${folder}`);
  await run("python3", ["-m", "venv", "--clear", folder]);
  const pip = ["install", "--quiet", "--disable-pip-version-check", ...requirements];
  await run(join(bin, "pip"), pip, { timeout: 600_000, maxBuffer: 2 ** 26 });
  writeFileSync(ready, "");
  return bin;
}
