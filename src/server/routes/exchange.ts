import { createWriteStream } from "node:fs";
import { open } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { AstrocyteError } from "../../core/errors.ts";
import type { GatewayParts } from "../parts.ts";
import { contextOf, type Route, route } from "../route.ts";
import * as schema from "../schemas/memory.ts";

const tag = "memory";
const access = "principal";
const method = "POST";

/** Whole banks as JSON lines: in the answer, or in a file of one folder that the configuration names. */
export function exchangeRoutes({ memory, config }: GatewayParts): Route[] {
  const exportBank = route({
    ...{ method, tag, access, path: "/v1/export", operation: "exportBank" },
    summary: "A bank as JSON lines; with `path` written to a file of the gateway's exchange folder.",
    body: schema.exportBody,
    answer: schema.exportAnswer,
    async handler({ body, caller, reply }) {
      const { bank_id, path, vectors } = body;
      const lines = memory.export({ bankId: bank_id, vectors, context: contextOf(caller) });
      if (path === undefined) {
        // The first line comes before the head, so that a denial is still an answer of its own.
        const first = await lines.next();
        return reply.type("application/x-ndjson").send(Readable.from(resumed(first, lines)));
      }
      const file = fileOf(config.exchange_dir, path);
      let exported = -1;
      const counted = async function* () {
        for await (const line of lines) {
          exported++;
          yield line;
        }
      };
      await pipeline(Readable.from(counted()), createWriteStream(file, { mode: 0o600 }));
      return { bank_id, path, exported };
    },
  });

  const importBank = route({
    ...{ method, tag, access, path: "/v1/import", operation: "importBank" },
    summary: "Reads an export of the exchange folder into a bank, through the barrier.",
    body: schema.importBody,
    answer: schema.importAnswer,
    async handler({ body: { bank_id, path, on_conflict }, caller }) {
      const file = await open(fileOf(config.exchange_dir, path)).catch((cause) => {
        throw unreadable(path, cause);
      });
      const call = { bankId: bank_id, onConflict: on_conflict, context: contextOf(caller) };
      try {
        return await memory.import(file.createReadStream({ autoClose: false }), call);
      } finally {
        await file.close();
      }
    },
  });

  return [exportBank, importBank];
}

function fileOf(folder: string | undefined, name: string): string {
  if (folder !== undefined) return join(folder, name);
  throw new AstrocyteError(
    "not_supported",
    "[gateway] files are not exchanged here. Set server.exchange_dir, or leave out path to get the lines.",
  );
}

async function* resumed(first: IteratorResult<string>, rest: AsyncGenerator<string>): AsyncGenerator<string> {
  if (first.done) return;
  yield first.value;
  yield* rest;
}

function unreadable(name: string, cause: unknown): AstrocyteError {
  const message = `[gateway] ${name} cannot be read in server.exchange_dir. Check the name.`;
  return new AstrocyteError("not_found", message, { cause });
}
