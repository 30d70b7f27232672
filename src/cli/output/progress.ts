import type { WriteStream } from "node:tty";

const BAR = 24;
/** Without a terminal, one line each time that this much more is done. */
const STEP = 0.1;

export type Progress = { update(done: number, total: number): void; end(): void };

/** Progress of long work on `stream`: a bar that redraws itself on a terminal, some lines elsewhere. */
export function progress(label: string, stream: NodeJS.WriteStream | WriteStream, quiet: boolean): Progress {
  if (quiet) return { update() {}, end() {} };
  let drawn = "";
  let reported = -1;
  return {
    update(done, total) {
      const share = total === 0 ? 1 : done / total;
      const text = `${label} ${bar(share)} ${done.toLocaleString("en")} of ${total.toLocaleString("en")}`;
      if (stream.isTTY) {
        if (text !== drawn) stream.write(`\r\x1b[K${text}`);
        drawn = text;
        return;
      }
      const step = Math.floor(share / STEP);
      if (step > reported) stream.write(`${label}: ${Math.round(share * 100)} % (${done} of ${total})\n`);
      reported = Math.max(reported, step);
    },
    end() {
      if (drawn !== "") stream.write("\n");
    },
  };
}

function bar(share: number): string {
  const full = Math.round(Math.min(1, share) * BAR);
  return `[${"#".repeat(full)}${".".repeat(BAR - full)}] ${String(Math.floor(share * 100)).padStart(3)} %`;
}
