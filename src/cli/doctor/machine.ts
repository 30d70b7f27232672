import { statfs } from "node:fs/promises";
import { dirname } from "node:path";
import type { Check } from "../commands/doctor.ts";

const MIN_NODE = 24;
const LOW_BYTES = 500 * 2 ** 20;
const GIB = 2 ** 30;

export function nodeVersion(): Check {
  const found = `Node ${process.versions.node} on ${process.platform} ${process.arch}.`;
  const enough = Number(process.versions.node.split(".")[0]) >= MIN_NODE;
  return enough
    ? { name: "node", state: "ok", found }
    : { name: "node", state: "failed", found, fix: `Install Node ${MIN_NODE} or newer.` };
}

/** Space where the database lies: a full disk refuses writes. */
export async function diskSpace(file: string): Promise<Check> {
  const name = "disk";
  try {
    const { bavail, bsize } = await statfs(dirname(file));
    const free = bavail * bsize;
    const found = `${(free / GIB).toFixed(1)} GiB free beside ${file}.`;
    if (free >= LOW_BYTES) return { name, state: "ok", found };
    return { name, state: "warning", found, fix: "Make room: memory refuses writes on a full disk." };
  } catch {
    return { name, state: "warning", found: `The folder of ${file} does not exist yet.` };
  }
}
