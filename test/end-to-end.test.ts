import { test } from "node:test";
import { inAChild, inThisProcess, type Running } from "./end-to-end/gateways.ts";
import { walkThrough } from "./end-to-end/scenario.ts";
import { makeSurroundings, type Surroundings } from "./end-to-end/surroundings.ts";
import { VIEWS } from "./end-to-end/vendors.ts";

const PLACES = {
  "in this process": ({ config }: Surroundings) => inThisProcess(config),
  "as a process of its own": ({ config, folder }: Surroundings) => inAChild(config, folder),
};

for (const name of ["local", "tavus"]) {
  const { box, view } = VIEWS[name]!;
  for (const [place, start] of Object.entries(PLACES)) {
    test(`${name}, the gateway ${place}: what one call learns the next one knows, and nothing is left`, async () => {
      const surroundings = await makeSurroundings(box);
      let gateway: Running | undefined;
      try {
        gateway = await start(surroundings);
        await walkThrough({ surroundings, gateway, vendor: view(surroundings) });
      } finally {
        await gateway?.stop();
        await surroundings.close();
      }
    });
  }
}
