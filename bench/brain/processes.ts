import { type ChildProcess, fork } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";

/** The processes of a run; each of them ends with this one. */
const children = new Set<ChildProcess>();

/** Starts one of this folder's modules; resolves with its first message. */
export async function start<T>(
  name: string,
  args: string[] = [],
): Promise<{ child: ChildProcess; hello: T }> {
  const child = launch(name, args);
  return { child, hello: await answer<T>(child) };
}

export function launch(name: string, args: string[] = []): ChildProcess {
  const child = fork(join(import.meta.dirname, name), args, {
    execArgv: ["--expose-gc"],
    stdio: ["ignore", "inherit", "inherit", "ipc"],
  });
  return own(child);
}

export function own(child: ChildProcess): ChildProcess {
  children.add(child);
  return child;
}

export function askFor<T>(child: ChildProcess, message: object | string): Promise<T> {
  const answered = answer<T>(child);
  child.send(message);
  return answered;
}

export function stopAll(): void {
  for (const child of children) child.kill();
  children.clear();
}

/** Milliseconds of processor time of a process that is not ours to ask. */
export function cpuMsOf(pid: number): number {
  const fields = read(pid, "stat").split(") ")[1]?.split(" ") ?? [];
  return (Number(fields[11] ?? 0) + Number(fields[12] ?? 0)) * 10;
}

export function rssMbOf(pid: number): number {
  const [, kb = "0"] = /VmRSS:\s+(\d+)/.exec(read(pid, "status")) ?? [];
  return Number(kb) / 1024;
}

function read(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, "utf8");
  } catch {
    return "";
  }
}

function answer<T>(child: ChildProcess): Promise<T> {
  return new Promise((resolve, reject) => {
    const exited = (code: number | null) => reject(new Error(`a process of the run ended with code ${code}`));
    child.once("exit", exited);
    child.once("message", (message) => {
      child.off("exit", exited);
      resolve(message as T);
    });
  });
}
