import { isUtf8 } from "node:buffer";
import type { IncomingMessage } from "node:http";
import type { Clock } from "../core/clock.ts";
import { AstrocyteError } from "../core/errors.ts";

export type BodyLimits = { maxBodyBytes: number; bodyTimeoutMs: number };

/**
 * The whole body as valid UTF-8. Errors: `payload_too_large` as soon as it is known, `invalid_input` for
 * other encodings or when it does not arrive in time, `cancelled` when the caller hangs up.
 */
export async function readBody(req: IncomingMessage, limits: BodyLimits, clock: Clock): Promise<Buffer> {
  const declared = Number(req.headers["content-length"] ?? 0);
  if (declared > limits.maxBodyBytes) throw tooLarge(limits.maxBodyBytes);
  const encoding = req.headers["content-encoding"] ?? "identity";
  if (encoding !== "identity") throw invalid("is compressed. Send it as plain JSON.");
  const body = await collect(req, limits, clock);
  if (!isUtf8(body)) throw invalid("is not valid UTF-8. Send JSON in UTF-8.");
  return body;
}

function collect(req: IncomingMessage, limits: BodyLimits, clock: Clock): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    const stop = clock.after(limits.bodyTimeoutMs, () =>
      fail(invalid("did not arrive in time. Send it again.")),
    );
    const settle = () => {
      stop();
      req.off("data", onData).off("end", onEnd).off("error", onGone).off("close", onGone);
    };
    const fail = (error: AstrocyteError) => {
      settle();
      req.on("error", () => {}).resume();
      reject(error);
    };
    const onData = (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > limits.maxBodyBytes) fail(tooLarge(limits.maxBodyBytes));
      else chunks.push(chunk);
    };
    const onEnd = () => {
      settle();
      resolve(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks, bytes));
    };
    const onGone = () =>
      fail(new AstrocyteError("cancelled", "[brain] the caller hung up while sending. Nothing was done."));
    if (req.destroyed) return onGone();
    req.on("data", onData).on("end", onEnd).on("error", onGone).on("close", onGone);
  });
}

function tooLarge(limit: number): AstrocyteError {
  const message = `[brain] the request body is larger than ${limit} bytes. Send fewer or smaller messages.`;
  return new AstrocyteError("payload_too_large", message, { details: { limit } });
}

function invalid(what: string): AstrocyteError {
  return new AstrocyteError("invalid_input", `[brain] the request body ${what}`);
}
