/** Makes `dist/`: the package as it is published, in plain JavaScript with types. Nothing else needs a build. */
import { execFileSync } from "node:child_process";
import { cpSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

const root = join(import.meta.dirname, "..");
const dist = join(root, "dist");

rmSync(dist, { recursive: true, force: true });
execFileSync(join(root, "node_modules/.bin/tsc"), ["-p", "tsconfig.build.json"], {
  cwd: root,
  stdio: "inherit",
});
copyAssets();
for (const file of ["README.md", "LICENSE", "CHANGELOG.md"]) cpSync(join(root, file), join(dist, file));
writeFileSync(join(dist, "package.json"), `${JSON.stringify(publishedManifest(), null, 2)}\n`);

/** Pages, WebAssembly and data that lie beside the source. */
function copyAssets(): void {
  const assets = globSync("src/**/*.{html,css,svg,wasm,json,yaml}", { cwd: root });
  for (const file of assets.filter((asset) => !/\.fixture\.|\/fixtures\//.test(asset))) {
    const target = join(dist, file.slice("src/".length));
    mkdirSync(dirname(target), { recursive: true });
    cpSync(join(root, file), target);
  }
}

function publishedManifest(): Record<string, unknown> {
  const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  const {
    scripts: _scripts,
    devDependencies: _dev,
    allowScripts: _allow,
    private: _private,
    ...published
  } = manifest;
  const exports = Object.fromEntries(
    Object.entries(manifest.exports as Record<string, string>).map(([key, source]) => {
      const base = source.replace("./src/", "./").replace(/\.ts$/, "");
      return [key, { types: `${base}.d.ts`, default: `${base}.js` }];
    }),
  );
  return { ...published, exports, bin: { astrocyte: "./cli/main.js" } };
}
