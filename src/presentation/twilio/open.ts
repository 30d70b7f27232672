import { createHmac } from "node:crypto";
import { AstrocyteError } from "../../core/errors.ts";
import { safeEqual } from "../../core/secrets.ts";
import type {
  AdapterDeps,
  Binding,
  OpenedSession,
  VendorBriefing,
  VendorPersona,
  VendorResource,
} from "../adapter.ts";
import { idsOf, openWithLedger } from "../resources.ts";
import { assertFits } from "../vendor-config.ts";
import type { TwilioApi } from "./api.ts";
import { type TwilioConfig, twilioPersona, validatePersona } from "./config.ts";
import { connect } from "./twiml.ts";

export type Opener = Pick<AdapterDeps, "clock" | "logger"> & {
  config: TwilioConfig;
  api: TwilioApi;
  /** Calls that this process opened: never taken for a lost one. */
  known: Set<string>;
};

/** Characters that the TwiML of a call may have where it goes with the request. */
const MAX_TWIML = 4_000;
/** Twilio's clock and ours may differ by this much, in milliseconds. */
const SKEW_MS = 5_000;
const RUNNING = new Set(["queued", "initiated", "ringing", "in-progress"]);

export function isRunning(status: string): boolean {
  return RUNNING.has(status);
}

/** A call that rings at our number is there already; any other is dialled, once. */
export async function openCall(
  opener: Opener,
  briefing: VendorBriefing,
  persona: VendorPersona,
  binding: Binding,
): Promise<OpenedSession> {
  assertFits("twilio", validatePersona(persona));
  const { inbound } = binding;
  if (!inbound) return dialOut(opener, briefing, persona, binding);
  return { vendorSessionId: inbound.callId, join: joinOf(inbound.to), resources: [] };
}

async function dialOut(
  opener: Opener,
  briefing: VendorBriefing,
  persona: VendorPersona,
  binding: Binding,
): Promise<OpenedSession> {
  const { config, clock } = opener;
  const from = twilioPersona.parse(persona.vendor).from_number ?? config.from_number;
  if (from === undefined) throw invalid("there is no number to call from. Set from_number.");
  const to = binding.phone;
  if (to === undefined)
    throw invalid("the person's number is not known. Let a source give it, see docs/vendors/twilio.md.");
  const twiml = connect(config, { briefing, persona, binding }, 0).body;
  if (twiml.length > MAX_TWIML)
    throw invalid(`greeting, hints and parameters are ${twiml.length - MAX_TWIML} characters too long.`);
  return openWithLedger(
    { ...opener, vendor: "twilio", binding },
    (resources) => releaseCalls(opener, resources),
    async (ledger) => {
      await ledger.record("dial", dialId(config, clock.now(), from, to));
      // When no answer comes the telephone may ring all the same: the call is looked for, never dialled again.
      const sid = await dial(opener, { from, to, twiml }, binding);
      opener.known.add(sid);
      await ledger.record("call", sid);
      return { vendorSessionId: sid, join: joinOf(from) };
    },
  );
}

async function dial(
  { api, config }: Opener,
  call: { from: string; to: string; twiml: string },
  { callbackUrl, limits }: Binding,
): Promise<string> {
  const { sid } = await api.create({
    ...call,
    statusCallback: callbackUrl,
    timeLimitSeconds: Math.ceil(limits.maxDurationMs / 1000),
    ringSeconds: Math.min(config.ring_seconds, Math.ceil(limits.absentTimeoutMs / 1000)),
  });
  return sid;
}

/** Hangs up what `open` dialled, where it is not another's by now. */
export async function releaseCalls(opener: Opener, resources: VendorResource[]): Promise<void> {
  if (isHandedOver(resources)) return;
  const calls = idsOf(resources, "call");
  await Promise.all(calls.map((id) => opener.api.complete(id)));
  if (calls.length > 0) return;
  for (const id of idsOf(resources, "dial")) await endLost(opener, id);
}

/** A call that was handed over goes on without us. */
export function isHandedOver(resources: VendorResource[]): boolean {
  return idsOf(resources, "handoff").length > 0;
}

/**
 * Calls at Twilio carry no name of ours: a lost one is known by our number, the person's and the moment. The
 * person's number is kept as a keyed hash alone.
 */
async function endLost({ api, config, known }: Opener, dial: string): Promise<void> {
  const [from = "", at = "", tag = ""] = dial.split(" ");
  const [earliest, latest] = [Number(at) - SKEW_MS - 1_000, Number(at) + config.timeout_ms + SKEW_MS];
  for (const { sid, status, to, createdAt = 0 } of await api.newest(from)) {
    const then = createdAt >= earliest && createdAt <= latest;
    const ours = then && !known.has(sid) && safeEqual(tag, tagOf(config, to));
    if (ours && isRunning(status)) await api.complete(sid);
  }
}

function dialId(config: TwilioConfig, at: number, from: string, to: string): string {
  return [from, at, tagOf(config, to)].join(" ");
}

function tagOf({ auth_token }: TwilioConfig, to: string): string {
  return createHmac("sha256", auth_token).update(to).digest("hex").slice(0, 32);
}

/** A page has no way in: it may show the number. */
function joinOf(number: string): OpenedSession["join"] {
  return { kind: "telephone", url: `tel:${number}` };
}

function invalid(what: string): AstrocyteError {
  return new AstrocyteError("invalid_input", `[twilio] ${what}`);
}
