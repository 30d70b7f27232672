import { readFile, writeFile } from "node:fs/promises";
import { AstrocyteError } from "./core/errors.ts";
import { newSecret } from "./core/secrets.ts";

/**
 * The secret that every per-session credential is derived from, kept beside the store for its owner alone and
 * made at the first start. Two processes that start at once agree on one. Errors: `config_invalid`.
 */
export async function serverSecret(storePath: string): Promise<string> {
  if (storePath === ":memory:") return newSecret();
  const file = `${storePath}.secret`;
  const flag = "wx";
  await writeFile(file, `${newSecret()}\n`, { mode: 0o600, flag }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "EEXIST") throw unusable(file, error);
  });
  const secret = await readFile(file, "utf8").then(
    (text) => text.trim(),
    (error) => {
      throw unusable(file, error);
    },
  );
  if (secret.length >= 32) return secret;
  throw unusable(file, new Error("it is empty or cut off"));
}

function unusable(file: string, cause: Error): AstrocyteError {
  return new AstrocyteError(
    "config_invalid",
    `[server] the secret in ${file} cannot be used. Delete it (sessions that run end), or set server.secret.`,
    { cause },
  );
}
