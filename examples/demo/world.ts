import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse } from "yaml";
import { createWorkspace } from "../../src/cli/sample/create.ts";
import { systemClock } from "../../src/core/clock.ts";
import { type OpenedGateway, openGateway } from "../../src/open-gateway.ts";
import { createTavusSimulator, type TavusSimulator } from "../../src/presentation/tavus/simulator.ts";
import { createDemoModel } from "./model.ts";

export type World = { url: string; gateway: OpenedGateway; tavus: TavusSimulator; close(): Promise<void> };

/** The sample workspace in a folder of its own, its gateway on loopback, and Tavus on its worst day. */
export async function openWorld(): Promise<World> {
  const folder = await mkdtemp(join(tmpdir(), "astrocyte-demo-"));
  await createWorkspace(folder, systemClock);
  const tavus = await createTavusSimulator();
  tavus.faults.webhooks.duplicate = true;
  tavus.faults.webhooks.outOfOrder = true;
  tavus.faults.speculativeRequests = 2;
  const yaml = await readFile(join(folder, "astrocyte.yaml"), "utf8");
  const config = {
    ...parse(yaml.replaceAll(".astrocyte/", `${folder}/`)),
    // `base_url` is all that tells the simulator from Tavus.
    presentation: { tavus: { api_key: tavus.apiKey, base_url: tavus.url, face_id: "r90bbd427f71" } },
  };
  const gateway = await openGateway(config, { llm: createDemoModel() });
  const url = await gateway.listen({ host: "127.0.0.1", port: 0 });
  return {
    url,
    gateway,
    tavus,
    async close() {
      await gateway.close();
      await tavus.close();
      await rm(folder, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}
