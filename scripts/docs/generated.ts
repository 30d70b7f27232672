import { renderConfiguration } from "./configuration.ts";
import { renderErrors } from "./errors.ts";
import { renderVendors } from "./vendors.ts";

/** Pages of `docs/` with tables that the code knows best. */
export const GENERATED: Record<string, (page: string) => string> = {
  "configuration.md": renderConfiguration,
  "errors.md": renderErrors,
  "vendors/README.md": renderVendors,
};
