/**
 * What goes wrong, or differs, at Tavus (contract §13): each a switch that a test may turn at any time.
 * The defaults are a good day.
 */
export type TavusFaults = {
  /** 401 to everything. */
  badKey: boolean;
  /** 402 on create: the account is out of minutes. */
  outOfCredits: boolean;
  /** Conversations at a time, and what the one too many gets. */
  maxConcurrent: number;
  concurrencyStatus: 400 | 429;
  /** 400 with the generic text on creating a conversation. */
  createFails: boolean;
  /** Creates answer after this long, in milliseconds of the clock. */
  slowCreateMs: number;
  /** What is created under this path exists, but its answer never arrives: the connection breaks. */
  loseResponseOf: string | undefined;
  /** This many calls get 503. */
  failNext: number;
  /** Creates answer without a `meeting_token`. */
  noMeetingToken: boolean;
  avatarNeverJoins: boolean;
  /** The conversation ends by itself with `exception_encountered_during_conversation_startup`. */
  startupException: boolean;
  /** The call is cut after this long with `max_call_duration`: what being out of minutes looks like. */
  cutAfterMs: number | undefined;
  webhooks: {
    duplicate: boolean;
    /** Neighbours change places. */
    outOfOrder: boolean;
    /** Types that never arrive; `*` for all. */
    missing: string[];
    delayMs: number;
  };
  rowTimestamps: "float" | "iso" | "none";
  /** Which set of names events and rows carry; `both` doubles the events, as since mid 2026. */
  names: "both" | "legacy" | "new";
  /** Requests a turn that are begun before the person has finished, and dropped. */
  speculativeRequests: number;
  /** Bytes above which app messages get lost, either way. */
  appMessageLimit: number;
  /** 409 on PATCH: somebody edits the PAL on the web. */
  makerChanges: boolean;
  firstEnd: 200 | 204;
  /** What a conversation answers that is over: undocumented (§17.15). */
  secondEnd: 200 | 204 | 400 | 409;
  /** Names of PALs are stored without punctuation. */
  bareNames: boolean;
};

export function noFaults(): TavusFaults {
  return {
    badKey: false,
    outOfCredits: false,
    maxConcurrent: Number.POSITIVE_INFINITY,
    concurrencyStatus: 400,
    createFails: false,
    slowCreateMs: 0,
    loseResponseOf: undefined,
    failNext: 0,
    noMeetingToken: false,
    avatarNeverJoins: false,
    startupException: false,
    cutAfterMs: undefined,
    webhooks: { duplicate: false, outOfOrder: false, missing: [], delayMs: 0 },
    rowTimestamps: "float",
    names: "both",
    speculativeRequests: 1,
    appMessageLimit: 4096,
    makerChanges: false,
    firstEnd: 204,
    secondEnd: 400,
    bareNames: true,
  };
}
