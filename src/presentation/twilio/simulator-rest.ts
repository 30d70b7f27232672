import { safeEqual } from "../../core/secrets.ts";
import type { SimulatedAnswer, SimulatedCall, SimulatedOutcome } from "../simulator-server.ts";
import { PhoneCall } from "./simulator-call.ts";
import type { SimulatedWorld } from "./simulator-world.ts";

/** What goes wrong next at the REST API. */
export type TwilioFaults = {
  /** The next call to be created is refused with this error of Twilio's. */
  refuseNext?: { status: number; code: number };
  /** The next call is created, and the answer gets lost. */
  loseNext: boolean;
};

type Form = Record<string, string>;

const E164 = /^\+[1-9]\d{6,14}$/;
const MAX_TWIML = 4_000;
const EVENTS = ["initiated", "ringing", "answered", "completed"];

/** The Calls resource of Twilio's REST API. */
export function answerRest(world: SimulatedWorld, faults: TwilioFaults, ring: (call: PhoneCall) => void) {
  const root = `/2010-04-01/Accounts/${world.accountSid}/Calls`;
  return (request: SimulatedCall): SimulatedOutcome => {
    if (!authorised(world, request)) return refuse(401, 20003, "Authenticate");
    const { method, path } = request;
    const sid = new RegExp(`^${root}/([^/]+)\\.json$`).exec(path)?.[1];
    if (path === `${root}.json`)
      return method === "POST" ? create(world, faults, ring, form(request)) : list(world, request.query);
    const call = sid === undefined ? undefined : world.calls.get(decodeURIComponent(sid));
    if (!call) return refuse(404, 20404, "The requested resource was not found");
    if (method === "POST") update(world, call, form(request));
    return { status: 200, body: callJson(world, call) };
  };
}

function create(
  world: SimulatedWorld,
  faults: TwilioFaults,
  ring: (call: PhoneCall) => void,
  { To = "", From = "", Twiml = "", Url, StatusCallback, Timeout, TimeLimit }: Form,
): SimulatedOutcome {
  const { refuseNext } = faults;
  delete faults.refuseNext;
  if (refuseNext) return refuse(refuseNext.status, refuseNext.code, "Refused");
  if (!E164.test(To)) return refuse(400, 21211, "Invalid 'To' Phone Number");
  if (!E164.test(From)) return refuse(400, 21212, "Invalid 'From' Number");
  if (Twiml === "" && Url === undefined) return refuse(400, 21205, "Url parameter is required");
  if (Twiml.length > MAX_TWIML) return refuse(400, 21218, "Twiml is too long");
  if (!/^\d+$/.test(Timeout ?? "60") || !/^\d+$/.test(TimeLimit ?? "14400"))
    return refuse(400, 20001, "Invalid parameter");
  const call = new PhoneCall(world, {
    ...{ sid: world.newSid(), direction: "outbound-api", from: From, to: To, createdAt: world.clock.now() },
    ...(StatusCallback !== undefined && { statusCallback: { url: StatusCallback, events: EVENTS } }),
  });
  call.twiml.push(Twiml);
  world.calls.set(call.facts.sid, call);
  ring(call);
  const lost = faults.loseNext;
  faults.loseNext = false;
  return lost ? "lost" : { status: 201, body: callJson(world, call) };
}

/** A call that is over stays as it is. */
function update(world: SimulatedWorld, call: PhoneCall, { Status }: Form): void {
  if (Status === "completed" || Status === "canceled")
    world.work(call.end(call.status === "in-progress" ? "completed" : "canceled"));
}

function list(world: SimulatedWorld, query: URLSearchParams): SimulatedAnswer {
  const wanted = (name: string, value: string) => (query.get(name) ?? value) === value;
  const calls = [...world.calls.values()]
    .filter(
      ({ facts, status }) => wanted("From", facts.from) && wanted("To", facts.to) && wanted("Status", status),
    )
    .sort((a, b) => b.facts.createdAt - a.facts.createdAt)
    .slice(0, Number(query.get("PageSize") ?? 50));
  return { status: 200, body: { calls: calls.map((call) => callJson(world, call)), next_page_uri: null } };
}

function callJson({ accountSid }: SimulatedWorld, { facts, status }: PhoneCall): Record<string, unknown> {
  const { sid, from, to, direction, createdAt } = facts;
  // RFC 2822, to the second.
  const date_created = new Date(createdAt).toUTCString().replace("GMT", "+0000");
  return { sid, account_sid: accountSid, from, to, direction, status, date_created, price: null };
}

function authorised({ accountSid, authToken }: SimulatedWorld, { headers }: SimulatedCall): boolean {
  const expected = `Basic ${Buffer.from(`${accountSid}:${authToken}`).toString("base64")}`;
  return safeEqual(headers.authorization ?? "", expected);
}

function form({ body }: SimulatedCall): Form {
  return typeof body === "object" && body !== null ? (body as Form) : {};
}

function refuse(status: number, code: number, message: string): SimulatedAnswer {
  const more_info = `https://www.twilio.com/docs/errors/${code}`;
  return { status, body: { code, message, more_info, status } };
}
