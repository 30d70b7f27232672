import { AstrocyteError } from "./errors.ts";

/** One server-sent event. */
export type SseEvent = { event?: string; data: string; id?: string };

/** Characters of one event; beyond this the sender is broken. */
const MAX_EVENT = 8 * 1024 * 1024;
const LF = 10;
const CR = 13;

/**
 * Incremental parser of `text/event-stream`: bytes in, cut anywhere, events out. Lines may end with LF, CR or
 * CRLF. An event that the end of the stream cuts off before its blank line still counts.
 */
export class SseParser {
  readonly #decoder = new TextDecoder();
  /** Start of a line whose end has not come. */
  #rest = "";
  #afterCr = false;
  #data: string[] = [];
  #size = 0;
  #event: string | undefined;
  #id: string | undefined;

  push(bytes: Uint8Array): SseEvent[] {
    return this.#parse(this.#decoder.decode(bytes, { stream: true }));
  }

  end(): SseEvent[] {
    const events = this.#parse(this.#decoder.decode());
    if (this.#rest !== "") this.#line(this.#rest);
    this.#rest = "";
    const last = this.#take();
    return last ? [...events, last] : events;
  }

  #parse(text: string): SseEvent[] {
    const events: SseEvent[] = [];
    if (text === "") return events;
    let start = this.#afterCr && text.charCodeAt(0) === LF ? 1 : 0;
    this.#afterCr = false;
    const hasCr = text.includes("\r");
    for (let end = lineEnd(text, start, hasCr); end >= 0; end = lineEnd(text, start, hasCr)) {
      const line = this.#rest + text.slice(start, end);
      this.#rest = "";
      start = end + 1;
      if (text.charCodeAt(end) === CR) {
        if (text.charCodeAt(start) === LF) start++;
        else this.#afterCr = start === text.length;
      }
      if (line !== "") this.#line(line);
      else this.#push(events);
    }
    this.#rest += text.slice(start);
    this.#check(this.#rest.length);
    return events;
  }

  #push(events: SseEvent[]): void {
    const event = this.#take();
    if (event) events.push(event);
  }

  #line(line: string): void {
    const colon = line.indexOf(":");
    const field = colon < 0 ? line : line.slice(0, colon);
    // One space after the colon belongs to the syntax.
    const value = colon < 0 ? "" : line.slice(line.charCodeAt(colon + 1) === 32 ? colon + 2 : colon + 1);
    if (field === "data") {
      this.#check(value.length);
      this.#data.push(value);
      this.#size += value.length + 1;
    } else if (field === "event") this.#event = value;
    else if (field === "id" && !value.includes("\0")) this.#id = value;
  }

  #take(): SseEvent | undefined {
    const data = this.#data;
    const event = this.#event;
    this.#data = [];
    this.#size = 0;
    this.#event = undefined;
    if (data.length === 0) return undefined;
    return {
      data: data.length === 1 ? data[0]! : data.join("\n"),
      ...(event && { event }),
      ...(this.#id !== undefined && { id: this.#id }),
    };
  }

  #check(more: number): void {
    if (this.#size + more <= MAX_EVENT) return;
    throw new AstrocyteError("payload_too_large", `[sse] an event has more than ${MAX_EVENT} characters.`);
  }
}

function lineEnd(text: string, start: number, hasCr: boolean): number {
  const lf = text.indexOf("\n", start);
  if (!hasCr) return lf;
  const cr = text.indexOf("\r", start);
  return cr >= 0 && (cr < lf || lf < 0) ? cr : lf;
}

/** The events of a body, as they come. */
export async function* readSse(body: AsyncIterable<Uint8Array>): AsyncGenerator<SseEvent> {
  const parser = new SseParser();
  for await (const bytes of body) yield* parser.push(bytes);
  yield* parser.end();
}
