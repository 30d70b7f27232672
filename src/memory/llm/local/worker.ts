import { workerData } from "node:worker_threads";
import { serveTasks } from "../../../core/worker-tasks.ts";
import { type Encoder, loadEncoder } from "./encoder.ts";

/** Worker thread of the local embedder: a list of texts in, their vectors in one array out. */
let encoder: Promise<Encoder> | undefined;

serveTasks(async (texts) => {
  encoder ??= loadEncoder(workerData.cacheDir);
  try {
    return await (await encoder)(texts as string[]);
  } catch (error) {
    // A failed load is tried again by the next call.
    await encoder.catch(() => (encoder = undefined));
    throw error;
  }
});
