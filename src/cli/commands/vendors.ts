import type { Command } from "commander";
import { locate } from "../locate.ts";
import { action, type Flags } from "../run.ts";
import { vendorTable } from "../views/vendors.ts";

export function registerVendors(program: Command): void {
  program
    .command("vendors")
    .description("what each vendor can do, as its adapter declares it")
    .action(
      action(async (cli) => {
        const { declaredVendors } = await import("../vendors.ts");
        return vendorTable(declaredVendors(await presentationOf(cli.flags)));
      }),
    );
}

async function presentationOf(flags: Flags): Promise<Record<string, unknown>> {
  const place = await locate(flags);
  if (!("config" in place)) return {};
  const { loadConfig } = await import("../../config.ts");
  return (loadConfig(place.config).presentation ?? {}) as Record<string, unknown>;
}
