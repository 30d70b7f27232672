import { toAstrocyteError } from "../../core/errors.ts";
import type { Astrocyte } from "../../memory/brain.ts";
import type { Check } from "../commands/doctor.ts";
import { locate } from "../locate.ts";
import type { Cli } from "../run.ts";
import { diskSpace, embedder, nodeVersion } from "./machine.ts";
import { auditChain, bankHealth } from "./memory.ts";
import { languageModel, vendors } from "./services.ts";

/** Runs every check that can be run, whatever the others found. */
export async function* examine(cli: Cli): AsyncGenerator<Check> {
  yield nodeVersion();
  yield await attempt("embedder", () => embedder(cli.signal));
  const place = await locate(cli.flags);
  if ("config" in place) yield* examineConfigured(cli, place.config);
  else yield* examineStore(place.db, cli, () => cli.memory());
}

/** Opening checks all of it: syntax, names, sources, personas, vendors, the store. */
async function* examineConfigured(cli: Cli, config: string): AsyncGenerator<Check> {
  const name = "configuration";
  try {
    const { composer, memory } = await cli.gateway();
    const { personas, adapters } = composer.parts;
    yield {
      name,
      state: "ok",
      found: `${config}: personas ${[...personas.keys()].join(", ") || "none"}.`,
    };
    const { loadConfig } = await import("../../config.ts");
    yield* examineStore(loadConfig(config).store.path, cli, async () => memory);
    yield await attempt("language model", () => languageModel(composer.parts.llm, cli.signal));
    for (const adapter of adapters.values()) {
      yield await attempt(adapter.vendor, async () => vendors(composer.parts, adapter));
    }
  } catch (error) {
    yield failure(name, error);
  }
}

async function* examineStore(file: string, cli: Cli, open: () => Promise<Astrocyte>): AsyncGenerator<Check> {
  try {
    const memory = await open();
    yield await attempt("disk", () => diskSpace(file));
    yield await attempt("store", () => bankHealth(memory, cli.context));
    yield await attempt("audit", () => auditChain(memory));
  } catch (error) {
    yield failure("store", error);
  }
}

/** What a check throws is what it found. */
async function attempt(name: string, work: () => Promise<Omit<Check, "name">>): Promise<Check> {
  try {
    return { name, ...(await work()) };
  } catch (error) {
    return failure(name, error);
  }
}

function failure(name: string, error: unknown): Check {
  const { message, code } = toAstrocyteError(error);
  return { name, state: "failed", found: `${message} (${code})` };
}
