import { AstrocyteError, type ErrorCode, toAstrocyteError } from "../../core/errors.ts";

/** Exit codes of the command, for scripts; `--help` prints them. */
export const EXIT = {
  ok: 0,
  failed: 1,
  usage: 2,
  notFound: 3,
  denied: 4,
  refused: 5,
  config: 6,
  tryAgain: 7,
  interrupted: 130,
} as const;

export const EXIT_HELP = `Exit codes:
  0    done
  1    failed
  2    the call itself is wrong: unknown option, invalid value
  3    not found, or nothing in memory fits
  4    no grant allows it
  5    refused: by the barrier, a legal hold or a quota, or not confirmed
  6    the configuration or the installation must be mended first
  7    failed for now: the same call may succeed later
  130  interrupted (Ctrl-C)`;

const BY_CODE: Partial<Record<ErrorCode, number>> = {
  invalid_input: EXIT.usage,
  payload_too_large: EXIT.usage,
  not_found: EXIT.notFound,
  gone: EXIT.notFound,
  access_denied: EXIT.denied,
  unauthenticated: EXIT.denied,
  content_rejected: EXIT.refused,
  legal_hold: EXIT.refused,
  conflict: EXIT.refused,
  quota_exceeded: EXIT.refused,
  config_invalid: EXIT.config,
  dependency_missing: EXIT.config,
  embedding_model_changed: EXIT.config,
  store_newer: EXIT.config,
  vendor_auth: EXIT.config,
  cancelled: EXIT.interrupted,
};

export function exitCodeOf(error: AstrocyteError): number {
  return BY_CODE[error.code] ?? (error.retryable ? EXIT.tryAgain : EXIT.failed);
}

/** Anything thrown, as this package's error; a file that cannot be read is a wrong call. */
export function asFailure(error: unknown): AstrocyteError {
  if (AstrocyteError.is(error)) return error;
  const { code, path, message } = error as NodeJS.ErrnoException;
  if (code === "ENOENT")
    return new AstrocyteError("not_found", `[cli] there is no file ${path}. Check the path.`);
  if (code === "EADDRINUSE")
    return new AstrocyteError("conflict", `[cli] ${message}. Choose another --port.`);
  return toAstrocyteError(error);
}
