/** Every code: the HTTP status that the gateway answers with, and whether the same call may succeed later unchanged. */
export const ERROR_CODES = {
  invalid_input: { status: 400, retryable: false },
  unauthenticated: { status: 401, retryable: false },
  access_denied: { status: 403, retryable: false },
  not_found: { status: 404, retryable: false },
  conflict: { status: 409, retryable: false },
  legal_hold: { status: 409, retryable: false },
  gone: { status: 410, retryable: false },
  payload_too_large: { status: 413, retryable: false },
  content_rejected: { status: 422, retryable: false },
  multimodal_not_supported: { status: 422, retryable: false },
  not_supported: { status: 422, retryable: false },
  rate_limited: { status: 429, retryable: true },
  quota_exceeded: { status: 429, retryable: false },
  internal: { status: 500, retryable: false },
  config_invalid: { status: 500, retryable: false },
  dependency_missing: { status: 500, retryable: false },
  embedding_model_changed: { status: 500, retryable: false },
  store_failed: { status: 500, retryable: false },
  store_newer: { status: 500, retryable: false },
  store_full: { status: 507, retryable: false },
  store_busy: { status: 503, retryable: true },
  llm_failed: { status: 502, retryable: false },
  llm_unavailable: { status: 503, retryable: true },
  llm_timeout: { status: 504, retryable: true },
  memory_unavailable: { status: 503, retryable: true },
  source_failed: { status: 502, retryable: true },
  circuit_open: { status: 503, retryable: true },
  deadline_exceeded: { status: 504, retryable: true },
  cancelled: { status: 499, retryable: false },
  vendor_auth: { status: 502, retryable: false },
  vendor_invalid: { status: 502, retryable: false },
  vendor_not_found: { status: 502, retryable: false },
  vendor_conflict: { status: 502, retryable: false },
  vendor_credits: { status: 502, retryable: false },
  vendor_capacity: { status: 503, retryable: true },
  vendor_rate_limited: { status: 503, retryable: true },
  vendor_failed: { status: 502, retryable: true },
  vendor_timeout: { status: 504, retryable: true },
} as const satisfies Record<string, { status: number; retryable: boolean }>;

/** Stable: match on it. */
export type ErrorCode = keyof typeof ERROR_CODES;

/** What an error carries besides code and message. */
export type ErrorOptions = {
  cause?: unknown;
  /** Overrides the table, e.g. a vendor failure that must not be repeated. */
  retryable?: boolean;
  /** Machine-readable facts without content or keys: field names, limits, `retryAfterMs`. */
  details?: Record<string, unknown>;
};

const MARKER = Symbol.for("astrocyte.error");

/** The one error of this package. Match on `code`, never on the message. */
export class AstrocyteError extends Error {
  override readonly name: string = "AstrocyteError";
  readonly code: ErrorCode;
  readonly status: number;
  readonly retryable: boolean;
  readonly details: Record<string, unknown>;

  /** @param message What happened and what to do: `"[area] what happened. What to do."` */
  constructor(code: ErrorCode, message: string, options: ErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.status = ERROR_CODES[code].status;
    this.retryable = options.retryable ?? ERROR_CODES[code].retryable;
    this.details = options.details ?? {};
    Object.defineProperty(this, MARKER, { value: true });
  }

  /** True for an error of this package, also across duplicate installs and worker threads. */
  static is(value: unknown, code?: ErrorCode): value is AstrocyteError {
    const marked = typeof value === "object" && value !== null && MARKER in value;
    return marked && (code === undefined || (value as unknown as AstrocyteError).code === code);
  }
}

/** Raised before any store or model call when no grant allows the operation. */
export class AccessDenied extends AstrocyteError {
  override readonly name = "AccessDenied";
  constructor(message: string, options: ErrorOptions = {}) {
    super("access_denied", message, options);
  }
}

/** A content part that the model cannot take; nothing is dropped silently. */
export class MultimodalNotSupported extends AstrocyteError {
  override readonly name = "MultimodalNotSupported";
  constructor(message: string, options: ErrorOptions = {}) {
    super("multimodal_not_supported", message, options);
  }
}

/** Turns anything thrown into an `AstrocyteError`, keeping one that already is. */
export function toAstrocyteError(error: unknown, code: ErrorCode = "internal"): AstrocyteError {
  if (AstrocyteError.is(error)) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new AstrocyteError(code, message, { cause: error });
}

/** Plain form that survives `postMessage`; `reviveError` turns it back. */
export type PlainError = {
  code: ErrorCode;
  message: string;
  retryable: boolean;
  details: Record<string, unknown>;
};

/** The plain form of anything thrown. */
export function plainError(error: unknown): PlainError {
  const { code, message, retryable, details } = toAstrocyteError(error);
  return { code, message, retryable, details };
}

/** The error that a plain form stands for. */
export function reviveError(plain: PlainError): AstrocyteError {
  return new AstrocyteError(plain.code, plain.message, {
    retryable: plain.retryable,
    details: plain.details,
  });
}
