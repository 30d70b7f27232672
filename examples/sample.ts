import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse } from "yaml";
import { createWorkspace } from "../src/cli/sample/create.ts";
import type { Join } from "../src/client/index.ts";
import { systemClock } from "../src/core/clock.ts";
import { type OpenedGateway, openGateway } from "../src/open-gateway.ts";

/** As `POST /v1/sessions` answers. */
export type Opened = { session_id: string; session_token: string; join: Join };

/** The sample workspace, served: what the vendors' examples have in common. */
export type Sample = Pick<OpenedGateway, "composer" | "memory"> & {
  url: string;
  /** A session with Anna, her coach's when no other persona is named. */
  open(vendor: string, persona?: string): Promise<Opened>;
  /** Resolves when what was said has come into memory. */
  untilSettled(sessionId: string): Promise<void>;
  tellMemory(sessionId: string): Promise<void>;
  close(): Promise<void>;
};

type Configuration = Record<string, unknown>;

/**
 * Serves the sample workspace in a temporary folder with what `add` adds to its configuration. It has no keys, so it
 * listens to this machine alone: a public address is a tunnel to port 8787.
 */
export async function serveSample(
  publicUrl: string | undefined,
  add: (sample: Configuration, folder: string) => Configuration | Promise<Configuration>,
): Promise<Sample> {
  const folder = await mkdtemp(join(tmpdir(), "astrocyte-example-"));
  await createWorkspace(folder, systemClock);
  const yaml = await readFile(join(folder, "astrocyte.yaml"), "utf8");
  const sample = parse(yaml.replaceAll(".astrocyte/", `${folder}/`)) as Configuration;
  const gateway = await openGateway({
    ...sample,
    ...(await add(sample, folder)),
    ...(publicUrl !== undefined && { public_url: publicUrl }),
  });
  const { composer, memory } = gateway;
  const url = await gateway.listen({ host: "127.0.0.1", port: publicUrl === undefined ? 0 : 8787 });
  return {
    ...{ url, composer, memory },
    open: (vendor, persona = "coach") => open(url, vendor, persona),
    async untilSettled(sessionId) {
      while (!(await composer.get(sessionId)).settled)
        await new Promise((resolve) => setTimeout(resolve, 100));
    },
    async tellMemory(sessionId) {
      const { bankId } = await composer.get(sessionId);
      const query = "family, plans, sister, marathon";
      const { hits } = await memory.recall(query, { bankId, sessionId });
      console.log(`\nRemembered of this call:\n${hits.map(({ text }) => `- ${text}`).join("\n")}\n`);
    },
    async close() {
      await gateway.close();
      await rm(folder, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

async function open(url: string, vendor: string, persona: string): Promise<Opened> {
  const answer = await fetch(`${url}/v1/sessions`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ vendor, persona, subject: "user:anna", consent: "memory" }),
  });
  if (!answer.ok) throw new Error(await answer.text());
  return (await answer.json()) as Opened;
}
