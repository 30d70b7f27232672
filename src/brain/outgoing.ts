import type { ServerResponse } from "node:http";
import { errorEvent, openAiError } from "./errors.ts";

export type OutHeaders = Record<string, string | string[]>;

/** The caller's side of one turn: one head, then bytes, then one end, whatever goes wrong. */
export class Outgoing {
  readonly #res: ServerResponse;
  readonly #leaving = new Set<() => void>();
  #gone = false;
  /** Added to the head when it is written. */
  readonly #lateHeaders: () => OutHeaders;
  #finished = false;
  /** Puts what goes out in one piece into the caller's own form. */
  encode: (status: number, body: Buffer | string) => Buffer | string = (_status, body) => body;

  constructor(res: ServerResponse, lateHeaders: () => OutHeaders = () => ({})) {
    this.#res = res;
    this.#lateHeaders = lateHeaders;
    res.on("close", () => {
      if (!res.writableFinished) this.#leave();
    });
    res.on("error", () => this.#leave());
    this.#gone = res.destroyed;
  }

  /** True once the caller has hung up before the end. */
  get gone(): boolean {
    return this.#gone;
  }

  /** Called at once when the caller hangs up. Returns what takes the listener off. */
  onGone(run: () => void): () => void {
    this.#leaving.add(run);
    return () => this.#leaving.delete(run);
  }

  get begun(): boolean {
    return this.#res.headersSent;
  }

  get status(): number {
    return this.#res.statusCode;
  }

  beginStream(headers: OutHeaders = {}): void {
    if (this.begun) return;
    this.#head(200, {
      "content-type": "text/event-stream; charset=utf-8",
      "cache-control": "no-cache",
      "x-accel-buffering": "no",
      ...headers,
    });
  }

  /** False when the caller reads more slowly than this; go on at `onDrain`. */
  write(bytes: Buffer | string): boolean {
    return this.#finished || this.#res.write(bytes);
  }

  onDrain(run: () => void): void {
    this.#res.on("drain", run);
  }

  offDrain(run: () => void): void {
    this.#res.off("drain", run);
  }

  /** A comment keeps proxies and callers from giving up on a slow stream. */
  keepAlive(): void {
    this.beginStream();
    this.write(": keep-alive\n\n");
  }

  whole(status: number, headers: OutHeaders, body: Buffer | string): void {
    const told = this.encode(status, body);
    this.#head(status, { "content-length": String(Buffer.byteLength(told)), ...headers });
    this.end(told);
  }

  /** As an answer of its own, or as the last event of a stream that has begun. */
  fail(error: unknown): void {
    if (this.#finished) return;
    if (this.begun) this.end(errorEvent(error));
    else this.#failWhole(error);
  }

  end(last?: Buffer | string): void {
    if (this.#finished) return;
    this.#finished = true;
    if (last === undefined) this.#res.end();
    else this.#res.end(last);
  }

  /** The connection carries no further request. */
  closeAfter(): void {
    if (!this.begun) this.#res.setHeader("connection", "close");
  }

  /** Cuts the connection: for a caller who reads no more. */
  destroy(): void {
    this.#finished = true;
    this.#res.destroy();
  }

  /** True once everything has been handed to a caller who was still there. */
  delivered(): Promise<boolean> {
    const res = this.#res;
    if (res.writableFinished || this.#gone) return Promise.resolve(res.writableFinished);
    return new Promise((resolve) => {
      res.once("finish", () => resolve(true));
      this.onGone(() => resolve(false));
    });
  }

  #leave(): void {
    this.#gone = true;
    for (const run of this.#leaving) run();
    this.#leaving.clear();
  }

  #failWhole(error: unknown): void {
    const { status, headers, body } = openAiError(error);
    const type = { "content-type": "application/json; charset=utf-8" };
    this.whole(status, { ...type, ...headers }, JSON.stringify(body));
  }

  #head(status: number, headers: OutHeaders): void {
    if (!this.#res.destroyed) this.#res.writeHead(status, { ...headers, ...this.#lateHeaders() });
  }
}
