import type { Capabilities } from "../../presentation/adapter.ts";
import type { Answer } from "../run.ts";

export type VendorRow = { vendor: string; configured: boolean; capabilities: Capabilities };

/** What each vendor can do, as its adapter declares it. */
export function vendorTable(rows: VendorRow[]): Answer {
  return {
    data: { vendors: rows },
    text: (ui) =>
      ui.table(
        [
          { title: "vendor" },
          { title: "configured" },
          { title: "family" },
          { title: "briefing" },
          { title: "custom LLM" },
          { title: "tools" },
          { title: "say" },
          { title: "interrupt" },
          { title: "context" },
          { title: "transcript" },
          { title: "webhooks" },
          { title: "stop" },
        ],
        rows.map(({ vendor, configured, capabilities }) => [
          vendor,
          configured ? "yes" : "no",
          capabilities.family,
          briefing(capabilities),
          capabilities.customLlm,
          capabilities.tools,
          capabilities.say,
          capabilities.interrupt,
          capabilities.appendContext,
          capabilities.transcript.join(" "),
          capabilities.webhooks,
          capabilities.stop,
        ]),
      ),
  };
}

function briefing({ briefing: { kind, limit } }: Capabilities): string {
  return limit ? `${kind} ${limit.max} ${limit.unit}` : kind;
}
