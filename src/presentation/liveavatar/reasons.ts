/** Our reasons as LiveAvatar's (contract §1.1, end). */
const SENT = new Map(
  Object.entries({
    max_duration: "MAX_DURATION_REACHED",
    nobody_came: "USER_DISCONNECTED",
    everybody_left: "USER_DISCONNECTED",
    end_call: "AGENT_HANG_UP",
    orphan: "ZOMBIE_SESSION_REAP",
    lost_while_opening: "ZOMBIE_SESSION_REAP",
    ended_while_opening: "ZOMBIE_SESSION_REAP",
    drain: "SERVER_ERROR",
  }),
);

const HEARD = new Map(
  Object.entries({
    MAX_DURATION_REACHED: "max_duration",
    USER_DISCONNECTED: "everybody_left",
    NO_CREDITS: "vendor_credits",
    SERVER_ERROR: "vendor_failed",
    USER_CLOSED: "ended_at_vendor",
    UNKNOWN: "ended_at_vendor",
  }),
);

export function stopReason(reason: string): string {
  return SENT.get(reason) ?? "USER_CLOSED";
}

/** `IDLE_TIMEOUT` and others that have no name of ours become `vendor_idle_timeout`. */
export function reasonOf(given = "UNKNOWN"): string {
  return HEARD.get(given) ?? `vendor_${given.toLowerCase().replace(/\W+/g, "_").slice(0, 60)}`;
}
