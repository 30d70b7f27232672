import { type Bar, barChart, escapeHtml } from "./chart.ts";

export type Result = {
  bench: string;
  args: string[];
  at: string;
  machine: Record<string, string | number>;
  figures: Record<string, number>;
};

/** One page with what each bench said last. */
export function page(results: Result[]): string {
  return `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Astrocyte benches</title><style>${STYLE}</style>
<h1>Astrocyte benches</h1>
${results.map(section).join("\n")}
</html>\n`;
}

function section({ bench, args, at, machine, figures }: Result): string {
  const on = Object.entries(machine).map(([key, value]) => `${key} ${value}`);
  return `<section><h2>${escapeHtml(bench)} <small>${escapeHtml(args.join(" "))}</small></h2>
<p class="machine">${escapeHtml(at)} · ${escapeHtml(on.join(" · "))}</p>
${charts(bench, figures).join("\n")}
<details><summary>All figures</summary><table>${Object.entries(figures)
    .map(([key, value]) => `<tr><td>${escapeHtml(key)}</td><td>${value}</td></tr>`)
    .join("")}</table></details></section>`;
}

/** Figures of one bench, drawn together by what their keys end in. */
function charts(bench: string, figures: Record<string, number>): string[] {
  if (bench === "recall") return recallCharts(figures);
  const units: Array<[suffix: string, title: string, unit: string]> = [
    ["_p50_ms", "Median", "ms"],
    ["_p99_ms", "99th percentile", "ms"],
    ["_percent", "Share", "%"],
    ["_ratio", "Ratio", "×"],
    ["_per_second", "Rate", "/s"],
    ["_mb", "Memory", "MB"],
  ];
  return units.map(([suffix, title, unit]) => barChart(title, unit, barsOf(figures, suffix)));
}

function recallCharts(figures: Record<string, number>): string[] {
  const sizes: Array<[string, string]> = [
    ["recall_many_banks", "many banks of 100"],
    ["recall_10k", "10,000 in the bank"],
    ["recall_100k", "100,000 in the bank"],
  ];
  const latency = (percentile: string) =>
    sizes.flatMap(([key, label]): Bar[] => {
      const value = figures[`${key}_${percentile}_ms`];
      return value === undefined ? [] : [{ label, value }];
    });
  return [
    barChart("Recall, median, by bank size", "ms", latency("p50")),
    barChart("Recall, 99th percentile, by bank size", "ms", latency("p99")),
    barChart("Ratios: to mem0, to small banks, to reading the vectors once", "×", barsOf(figures, "_ratio")),
  ];
}

function barsOf(figures: Record<string, number>, suffix: string): Bar[] {
  return Object.entries(figures)
    .filter(([key, value]) => key.endsWith(suffix) && Number.isFinite(value) && value >= 0)
    .map(([key, value]) => ({ label: key.slice(0, -suffix.length).replaceAll("_", " "), value }));
}

const STYLE = `:root{color-scheme:light dark}body{font:15px/1.5 system-ui,sans-serif;max-width:760px;margin:2rem auto;padding:0 1rem}
h1{font-size:1.5rem}h2{font-size:1.15rem;margin:2rem 0 0}small,.machine{color:GrayText;font-weight:400}
figure{margin:1rem 0}figcaption{font-weight:600;margin-bottom:.3rem}svg{width:100%;font:12px system-ui,sans-serif}
svg text{fill:CanvasText}svg rect{fill:#4a7dbd}table{border-collapse:collapse}td{padding:.1rem .8rem .1rem 0}td+td{text-align:right}`;
