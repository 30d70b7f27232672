import { createInterface } from "node:readline";
import { open } from "../index.ts";
import { batchOf, rowOf } from "./rows.ts";

/** A second process on one file: obeys `write <id> <text>` and `find <word>`, one answer a line. */
const store = await open(process.argv[2]!, { readers: 1 });
console.log("ready");

for await (const line of createInterface({ input: process.stdin })) {
  const [command, first, ...rest] = line.split(" ");
  if (command === "write") {
    await store.memories.write(batchOf([rowOf(first!, rest.join(" "))]));
    console.log("written");
  } else {
    const { ids } = await store.search.lexical("bank", first!, { now: 0 }, 100);
    console.log(ids.sort().join(" "));
  }
}
await store.close();
