/** Milliseconds throughout. */
export const LIMITS = {
  /** How long a socket may stay without a valid `join`. */
  joinMs: 10_000,
  /** Characters of one utterance. */
  text: 4_000,
  /** Messages a second from one page, and how many may come at once. */
  messagesPerSecond: 20,
  burst: 60,
  /** Bytes that may wait for a slow page; it is dropped, and may come back with `after`. */
  backlog: 1_048_576,
  /** Events that a page which comes back may be behind. */
  log: 2_000,
};
