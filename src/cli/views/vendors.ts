import type { Capabilities } from "../../presentation/adapter.ts";
import type { Answer } from "../run.ts";

export type VendorRow = { vendor: string; configured: boolean; capabilities: Capabilities };

/** A row of the table: what can be asked of a vendor, and the answer in a word. */
const QUESTIONS: Record<string, (capabilities: Capabilities) => string> = {
  family: ({ family }) => family,
  briefing: ({ briefing: { kind, limit } }) => (limit ? `${kind}, ${limit.max} ${limit.unit}` : kind),
  "custom LLM": ({ customLlm }) => customLlm,
  // Whoever is asked for every answer can run what its vendor cannot call.
  tools: ({ tools, customLlm }) => (tools === "none" && customLlm !== "none" ? "brain" : tools),
  say: ({ say }) => say,
  respond: ({ respond }) => respond,
  interrupt: ({ interrupt }) => interrupt,
  context: ({ appendContext }) => appendContext,
  transcript: ({ transcript }) => transcript.join(", "),
  webhooks: ({ webhooks }) => webhooks,
  stop: ({ stop }) => stop,
  inbound: ({ inbound }) => (inbound ? "yes" : "no"),
  "keep-alive": ({ keepAliveMs }) => (keepAliveMs === undefined ? "no" : `${keepAliveMs / 1000} s`),
};

/** What each vendor can do, one column each. The documentation prints the same. */
export function capabilityTable(rows: VendorRow[]): Array<{ capability: string; cells: string[] }> {
  return Object.entries(QUESTIONS).map(([capability, answer]) => ({
    capability,
    cells: rows.map(({ capabilities }) => answer(capabilities)),
  }));
}

/** What each vendor can do, as its adapter declares it. */
export function vendorTable(rows: VendorRow[]): Answer {
  return {
    data: { vendors: rows },
    text: (ui) =>
      ui.table(
        [{ title: "" }, ...rows.map(({ vendor }) => ({ title: vendor }))],
        [
          ["configured", ...rows.map(({ configured }) => (configured ? "yes" : "no"))],
          ...capabilityTable(rows).map(({ capability, cells }) => [capability, ...cells]),
        ],
      ),
  };
}
