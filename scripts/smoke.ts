/**
 * Packs the built package, installs it into an empty project as a user would, and uses it: types resolve,
 * ESM imports work, a memory survives, the command runs, the page comes, and no test code is inside.
 */
import { execFileSync, spawn } from "node:child_process";
import { existsSync, globSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const root = join(import.meta.dirname, "..");
const project = mkdtempSync(join(tmpdir(), "astrocyte-smoke-"));
const bin = (name: string) => join(root, "node_modules/.bin", name);
const astrocyte = join(project, "node_modules/.bin/astrocyte");
const run = (command: string, args: string[], cwd = project) =>
  execFileSync(command, args, {
    cwd,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "inherit"],
    // The runtime's install script fetches GPU files only; the CPU binaries are in its package.
    env: { ...process.env, ONNXRUNTIME_NODE_INSTALL: "skip", HOME: project },
  });

try {
  run("node", [join(root, "scripts/build.ts")], root);
  const tarball = run("npm", ["pack", join(root, "dist"), "--silent"]).trim();
  writeProject();
  run("npm", ["install", "--no-audit", "--no-fund", "--silent", join(project, tarball)]);
  assertNoTestCode();
  run(bin("tsc"), ["-p", project]);
  const answer = run(bin("node"), ["use.mjs"]);
  if (!answer.includes("Anna drinks oat milk")) throw new Error(`the installed package forgot: ${answer}`);
  run(bin("node"), [astrocyte, "--help"]);
  await servesPage();
  console.log(`packed package works: ${tarball}`);
} finally {
  rmSync(project, { recursive: true, force: true });
}

function writeProject(): void {
  const entries = ["", "/memory", "/composer", "/brain", "/presentation", "/server", "/client", "/testing"];
  const imports = entries.map((entry, i) => `import * as m${i} from "astrocyte${entry}";`).join("\n");
  const used = entries.map((_, i) => `m${i}`).join(", ");
  writeFileSync(
    join(project, "package.json"),
    JSON.stringify({ name: "smoke", private: true, type: "module" }),
  );
  mkdirSync(join(project, "src"));
  writeFileSync(
    join(project, "src/types.ts"),
    `${imports}\nimport { Astrocyte, type RecallResult } from "astrocyte";
export const all = [${used}];
export async function ask(memory: Astrocyte): Promise<RecallResult> {
  return memory.recall("what does Anna drink?", { bankId: "anna" });
}\n`,
  );
  writeFileSync(
    join(project, "use.mjs"),
    `${imports}
import { Astrocyte } from "astrocyte";
if ([${used}].some((module) => Object.keys(module).length === 0)) throw new Error("an entry exports nothing");
const memory = await Astrocyte.open("./memory.db");
await memory.retain("Anna drinks oat milk in her coffee", { bankId: "anna" });
const { hits } = await memory.recall("what does Anna drink?", { bankId: "anna" });
console.log(hits[0]?.text);
await memory.close();\n`,
  );
  writeFileSync(
    join(project, "tsconfig.json"),
    JSON.stringify({
      compilerOptions: {
        module: "nodenext",
        target: "es2024",
        lib: ["es2024", "esnext.disposable", "dom"],
        strict: true,
        noEmit: true,
        skipLibCheck: true,
        types: [],
      },
      include: ["src"],
    }),
  );
}

/** The sample starts, its page and modules are served as JavaScript, and it stops when told. */
async function servesPage(): Promise<void> {
  const child = spawn(bin("node"), [astrocyte, "start", "--port", "0"], {
    cwd: project,
    stdio: ["ignore", "pipe", "inherit"],
  });
  const exit = new Promise<number | null>((resolve) => child.once("exit", resolve));
  let said = "";
  for await (const piece of child.stdout) {
    said += piece;
    const url = /http:\/\/127\.0\.0\.1:\d+/.exec(said)?.[0];
    if (url === undefined) continue;
    const page = await (await fetch(url)).text();
    for (const path of [/src="([^"]+\.js)"/.exec(page)?.[1], "/assets/client/index.js"]) {
      const { status } = await fetch(new URL(path ?? "/no-script", url));
      if (status !== 200) throw new Error(`${path} of the page: ${status}`);
    }
    break;
  }
  child.kill("SIGTERM");
  const code = await exit;
  if (code !== 0) throw new Error(`astrocyte start ended with ${code}: ${said}`);
}

function assertNoTestCode(): void {
  const installed = join(project, "node_modules/astrocyte");
  const stray = globSync("**/{*.{test,fixture}.*,fixtures/**,faults/**}", {
    cwd: installed,
    exclude: ["node_modules/**"],
  });
  if (stray.length > 0) throw new Error(`test code in the package: ${stray.join(", ")}`);
  if (!existsSync(join(installed, "LICENSE"))) throw new Error("the package has no LICENSE");
}
