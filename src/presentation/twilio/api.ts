import type { Clock } from "../../core/clock.ts";
import type { ErrorCode } from "../../core/errors.ts";
import { asRow, asRows, readTime, required, text } from "../read.ts";
import { createVendorHttp, gone, segment } from "../vendor-http.ts";

/** How the account is reached. */
export type TwilioApiOptions = {
  accountSid: string;
  /** Account SID and auth token, or an API key's SID and secret. */
  user: string;
  password: string;
  baseUrl: string;
  timeoutMs: number;
  clock: Clock;
};

export type CallStatus =
  | "queued"
  | "initiated"
  | "ringing"
  | "in-progress"
  | "completed"
  | "busy"
  | "failed"
  | "no-answer"
  | "canceled";

/** A call, as far as we use it. `createdAt` is in milliseconds, to the second. */
export type TwilioCall = { sid: string; status: string; to: string; from: string; createdAt?: number };

export type NewCall = {
  to: string;
  from: string;
  twiml: string;
  statusCallback: string;
  /** Whole seconds. */
  timeLimitSeconds: number;
  ringSeconds: number;
};

/** Twilio's Calls resource. Errors: the `vendor_*` codes. */
export type TwilioApi = {
  /** Dials; the call costs from the moment it is answered. Never repeated. */
  create(call: NewCall): Promise<TwilioCall>;
  get(sid: string): Promise<TwilioCall>;
  /** Hangs up. One that is over, or unknown, is a success. */
  complete(sid: string): Promise<void>;
  /** The newest calls from one of our numbers, newest first; one page. */
  newest(from: string): Promise<TwilioCall[]>;
  close(): Promise<void>;
};

const PAGE_SIZE = "50";

/** A client of the Calls resource: the account's authentication, our deadlines, one vocabulary of failures. */
export function createTwilioApi(options: TwilioApiOptions): TwilioApi {
  const { accountSid, user, password, baseUrl, timeoutMs, clock } = options;
  const authorization = `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`;
  const headers = { authorization, accept: "application/json" };
  const http = createVendorHttp({ vendor: "twilio", baseUrl, headers, timeoutMs, clock, classify, advice });
  const calls = `/2010-04-01/Accounts/${accountSid}/Calls`;
  const path = (sid: string) => `${calls}/${segment("twilio", sid)}.json`;
  return {
    async create(call) {
      return readCall(await http.call("POST", `${calls}.json`, { body: form(call), what: "calling" }));
    },
    async get(sid) {
      return readCall(await http.call("GET", path(sid), { what: "reading a call" }));
    },
    async complete(sid) {
      const body = new URLSearchParams({ Status: "completed" });
      const hangUp = async () => http.call("POST", path(sid), { body, what: "ending a call" });
      await gone(hangUp());
    },
    async newest(from) {
      const query = { From: from, PageSize: PAGE_SIZE };
      const answer = await http.call("GET", `${calls}.json`, { query, what: "listing calls" });
      return asRows(asRow(answer)["calls"]).map(readCall);
    },
    close: () => http.close(),
  };
}

const ADDRESSES =
  "Check the number in the system of record and from_number, and that the account may call there.";
const advice: Partial<Record<ErrorCode, string>> = {
  vendor_invalid: `${ADDRESSES} See docs/vendors/twilio.md.`,
  vendor_capacity: "The account's concurrent calls are all in use: end one, or try again later.",
};

/** Twilio names the reason by a number of its own. */
function classify(_status: number, body: string): ErrorCode | undefined {
  const code = /"code"\s*:\s*(\d+)/.exec(body)?.[1];
  // A call that is over takes no new status: as good as gone.
  if (code === "21220") return "vendor_not_found";
  return code === "10004" ? "vendor_capacity" : undefined;
}

function form({ to, from, twiml, statusCallback, timeLimitSeconds, ringSeconds }: NewCall): URLSearchParams {
  const body = new URLSearchParams({
    To: to,
    From: from,
    Twiml: twiml,
    StatusCallback: statusCallback,
    StatusCallbackMethod: "POST",
    TimeLimit: String(timeLimitSeconds),
    Timeout: String(ringSeconds),
  });
  for (const event of ["initiated", "ringing", "answered", "completed"])
    body.append("StatusCallbackEvent", event);
  return body;
}

function readCall(value: unknown): TwilioCall {
  const row = asRow(value);
  const createdAt = readTime(row["date_created"]);
  return {
    sid: required("twilio", row["sid"], "sid"),
    status: text(row["status"]) ?? "",
    to: text(row["to"]) ?? "",
    from: text(row["from"]) ?? "",
    ...(createdAt !== undefined && { createdAt }),
  };
}
