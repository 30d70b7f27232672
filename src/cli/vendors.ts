import { systemClock } from "../core/clock.ts";
import { silentLogger } from "../core/telemetry.ts";
import { VENDORS } from "../open-gateway.ts";
import { createLocalAdapter } from "../presentation/local/index.ts";
import type { VendorRow } from "./views/vendors.ts";

const DEPS = { clock: systemClock, logger: silentLogger, sink: async () => {} };
/** Enough to ask an adapter what it can do; no call is made with it. */
const UNUSED = { api_key: "none" };
/** For those whose account has other names. */
const UNUSED_BY_VENDOR: Record<string, object> = {
  twilio: { account_sid: `AC${"0".repeat(32)}`, auth_token: "none" },
};

/** All vendors: those of `presentation` with what their settings make of them, the others as they come. */
export function declaredVendors(presentation: Record<string, unknown>): VendorRow[] {
  const local = createLocalAdapter(DEPS);
  const rows = Object.entries(VENDORS).map(([vendor, make]) => {
    const config = presentation[vendor];
    const { capabilities } = make(config ?? UNUSED_BY_VENDOR[vendor] ?? UNUSED, DEPS);
    return { vendor, configured: config !== undefined, capabilities };
  });
  return [{ vendor: "local", configured: true, capabilities: local.capabilities }, ...rows];
}
