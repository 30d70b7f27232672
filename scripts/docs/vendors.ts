import { declaredVendors } from "../../src/cli/vendors.ts";
import { capabilityTable } from "../../src/cli/views/vendors.ts";
import { renderTables } from "./table.ts";

/** `docs/vendors/README.md` with what every adapter declares, as `astrocyte vendors` prints it. */
export function renderVendors(page: string): string {
  const vendors = declaredVendors({});
  const columns = ["capability", ...vendors.map(({ vendor }) => `[${vendor}](${vendor}.md)`)];
  const rows = capabilityTable(vendors).map(({ capability, cells }) => ({ key: capability, cells }));
  return renderTables(page, { capabilities: { columns, rows } });
}
