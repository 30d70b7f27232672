import { ERROR_CODES } from "../../src/core/errors.ts";
import { renderTables } from "./table.ts";

/** `docs/errors.md` with every code that there is. */
export function renderErrors(page: string): string {
  const rows = Object.entries(ERROR_CODES).map(([key, { status, retryable }]) => ({
    key,
    cells: [String(status), retryable ? "yes" : "no"],
  }));
  return renderTables(page, { errors: { columns: ["code", "status", "retryable"], rows } });
}
