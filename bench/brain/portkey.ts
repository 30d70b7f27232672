import { execFile, fork } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { promisify } from "node:util";
import { own } from "./processes.ts";

/**
 * Portkey's gateway from npm, installed outside the repository. `@hono/node-server` is pinned: with the version
 * that npm chooses by itself, every streamed answer is a 500 (Portkey-AI/gateway issue 1389).
 */

export const PORTKEY_VERSION = "1.15.2";
const NODE_SERVER = "1.13.5";

export type Portkey = { url: string; pid: number };

/** Installs it where it is not there yet, starts it on loopback, and waits until it answers. */
export async function startPortkey(cache: string): Promise<Portkey> {
  const folder = join(cache, `portkey-${PORTKEY_VERSION}`);
  const main = join(folder, "node_modules/@portkey-ai/gateway/build/start-server.js");
  if (!existsSync(main)) await install(folder);
  const port = await freePort();
  // It has no option for an address and would listen on every interface.
  const guard = join(folder, "loopback.cjs");
  writeFileSync(guard, LOOPBACK);
  const child = own(
    fork(main, [`--port=${port}`, "--headless"], {
      execArgv: ["--require", guard],
      stdio: "ignore",
      cwd: folder,
    }),
  );
  const url = `http://127.0.0.1:${port}/v1`;
  await answers(`http://127.0.0.1:${port}/`, child);
  return { url, pid: child.pid! };
}

export function portkeyHeaders(upstream: string): Record<string, string> {
  return {
    authorization: "Bearer unused",
    "x-portkey-provider": "openai",
    "x-portkey-custom-host": upstream,
  };
}

async function install(folder: string): Promise<void> {
  mkdirSync(folder, { recursive: true });
  const dependencies = { "@portkey-ai/gateway": PORTKEY_VERSION };
  const overrides = { "@hono/node-server": NODE_SERVER };
  writeFileSync(join(folder, "package.json"), JSON.stringify({ private: true, dependencies, overrides }));
  const args = ["install", "--no-audit", "--no-fund", "--ignore-scripts", "--omit=dev"];
  await promisify(execFile)("npm", args, { cwd: folder, timeout: 120_000 });
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function answers(url: string, child: ReturnType<typeof fork>): Promise<void> {
  for (let tries = 0; tries < 100; tries++) {
    if (child.exitCode !== null) throw new Error(`it ended with code ${child.exitCode}`);
    const up = await fetch(url).then(
      () => true,
      () => false,
    );
    if (up) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  child.kill();
  throw new Error("it did not answer within 10 s");
}

const LOOPBACK = `const { Server } = require("node:net");
const listen = Server.prototype.listen;
Server.prototype.listen = function (first, ...rest) {
  if (typeof first === "number") return listen.call(this, { port: first, host: "127.0.0.1" }, ...rest.filter((each) => typeof each === "function"));
  if (first && typeof first === "object" && first.port !== undefined) return listen.call(this, { ...first, host: "127.0.0.1" }, ...rest);
  return listen.call(this, first, ...rest);
};
`;
