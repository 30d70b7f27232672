export type Bar = { label: string; value: number; note?: string };

const WIDTH = 640;
const ROW = 26;
const LABEL = 210;

/** Horizontal bars as SVG, one a value; linear from 0, or by powers of ten where values differ that much. */
export function barChart(title: string, unit: string, bars: Bar[]): string {
  if (bars.length === 0) return "";
  const largest = Math.max(...bars.map(({ value }) => value), Number.MIN_VALUE);
  const least = Math.min(...bars.map(({ value }) => value));
  const wide = least > 0 && largest / least > 50;
  const share = (value: number) =>
    wide ? Math.log10(value / least + 1) / Math.log10(largest / least + 1) : value / largest;
  const rows = bars.map(({ label, value, note }, i) => {
    const y = i * ROW;
    const length = Math.max(2, share(value) * (WIDTH - LABEL - 130));
    return `<text x="${LABEL - 8}" y="${y + 17}" text-anchor="end">${escapeHtml(label)}</text>
<rect x="${LABEL}" y="${y + 4}" width="${length.toFixed(1)}" height="${ROW - 8}" rx="3"/>
<text x="${LABEL + length + 8}" y="${y + 17}" class="value">${value} ${escapeHtml(unit)}${note ? ` (${escapeHtml(note)})` : ""}</text>`;
  });
  return `<figure><figcaption>${escapeHtml(title)}${wide ? " (logarithmic)" : ""}</figcaption>
<svg viewBox="0 0 ${WIDTH} ${bars.length * ROW}" role="img" aria-label="${escapeHtml(title)}">${rows.join("\n")}</svg></figure>`;
}

export function escapeHtml(text: string): string {
  return text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
}
