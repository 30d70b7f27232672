import type { ErrorCode } from "../../core/errors.ts";
import { asRow, asRows, parseRow, type Row, text } from "../read.ts";

/** What to do about each class of failure, where LiveAvatar asks for more than the usual. */
export const ADVICE: Partial<Record<ErrorCode, string>> = {
  vendor_auth:
    "Check presentation.liveavatar.api_key: it must be LiveAvatar's own, HeyGen keys do not work there.",
  vendor_rate_limited: "LiveAvatar counts calls by the second: try again in a moment.",
};

/** LiveAvatar's texts decide where the status alone does not; they are read here and never repeated. */
const KINDS: Array<[pattern: RegExp, code: ErrorCode]> = [
  [/credit|overage|insufficient balance/i, "vendor_credits"],
  [/concurren|too many (active )?sessions|session limit/i, "vendor_capacity"],
  [/rate limit|too many requests/i, "vendor_rate_limited"],
  [/not found|does not exist/i, "vendor_not_found"],
];

/** `undefined` leaves it to the status: 401, 422 and 5xx say enough. */
export function classify(status: number, body: string): ErrorCode | undefined {
  if (status === 401 || status === 422 || status === 429 || status >= 500) return undefined;
  const told = messageOf(body);
  return KINDS.find(([pattern]) => pattern.test(told))?.[1];
}

/** The text wherever it stands: `message`, `data.message`, `data[0].message`, or FastAPI's `detail`. */
function messageOf(body: string): string {
  const row = rowOf(body);
  const details = Array.isArray(row["detail"])
    ? asRows(row["detail"]).map(({ msg }) => msg)
    : [row["detail"]];
  const data = asRows(Array.isArray(row["data"]) ? row["data"] : [row["data"]]).map(({ message }) => message);
  return [asRow(row)["message"], ...data, ...details].map(text).filter(Boolean).join("\n");
}

function rowOf(body: string): Row {
  try {
    return parseRow("liveavatar", body);
  } catch {
    return { message: body };
  }
}
