import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { openGateway } from "../../src/open-gateway.ts";

const MAIN = join(import.meta.dirname, "../../src/cli/main.ts");

/** A gateway that serves. `kill` gives it no time for anything. */
export type Running = { url: string; stop(): Promise<void> };
export type Killable = Running & { kill(): Promise<void> };

export async function inThisProcess(config: object): Promise<Running> {
  const opened = await openGateway(config);
  return { url: await opened.listen({ port: 0 }), stop: () => opened.close() };
}

/** `astrocyte serve` as anybody would start it. */
export async function inAChild(config: object, folder: string, port = 0): Promise<Killable> {
  const file = join(folder, "astrocyte.yaml");
  await writeFile(file, JSON.stringify(config));
  const args = [MAIN, "serve", "--config", file, "--port", String(port), "--json", "--quiet"];
  const child = spawn(process.execPath, args, { cwd: folder, stdio: ["ignore", "pipe", "pipe"] });
  const exited = once(child, "exit");
  let log = "";
  child.stderr.on("data", (text) => {
    log = (log + text).slice(-20_000);
  });
  const end = async (signal: NodeJS.Signals) => {
    child.kill(signal);
    await exited;
  };
  for await (const line of createInterface(child.stdout)) {
    const { url } = JSON.parse(line) as { url?: string };
    if (url === undefined) break;
    return { url, stop: () => end("SIGTERM"), kill: () => end("SIGKILL") };
  }
  throw new Error(`the gateway did not start: ${log}`);
}
