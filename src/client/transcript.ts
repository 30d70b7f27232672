import type { Gateway, TranscriptTurn } from "./gateway.ts";
import type { TranscriptLine } from "./types.ts";

/**
 * Tells the lines of the server's transcript, for rooms that do not tell their words. `changed` reads it again,
 * one request at a time however often it is called, and tells what is new or has become otherwise.
 */
export function createTranscript(
  gateway: Pick<Gateway, "transcript">,
  tell: (line: TranscriptLine) => void,
): { changed(): Promise<void> } {
  const told = new Map<string, string>();
  let stale = false;
  let reading: Promise<void> | undefined;

  async function read(): Promise<void> {
    while (stale) {
      stale = false;
      // One that fails is made up for by the next turn's: it is always the whole.
      for (const turn of await gateway.transcript().catch(() => [])) show(turn);
    }
    reading = undefined;
  }

  function show({ key: id, role, text, heard, interrupted }: TranscriptTurn): void {
    if (role !== "user" && role !== "agent") return;
    const cut = { ...(heard !== null && { heard }), ...(interrupted && { interrupted }) };
    const line: TranscriptLine = { id, role, text, final: true, ...cut };
    const now = JSON.stringify(line);
    if (told.get(id) === now) return;
    told.set(id, now);
    tell(line);
  }

  return {
    changed() {
      stale = true;
      reading ??= read();
      return reading;
    },
  };
}
