export { type Clock, systemClock } from "../core/clock.ts";
export type * from "./adapter.ts";
export * from "./anam/index.ts";
export * from "./d-id/index.ts";
export * from "./elevenlabs/index.ts";
export * from "./liveavatar/index.ts";
export { createLocalAdapter, type LocalAdapter } from "./local/index.ts";
export { type PresenceMessage, readPresence } from "./presence.ts";
export {
  asRow,
  asRows,
  parseRow,
  type Row,
  readTime,
  required,
  text,
} from "./read.ts";
export {
  allMade,
  idsOf,
  type Ledger,
  listLeft,
  MARKER_PREFIX,
  type Named,
  openWithLedger,
  type ResourceKind,
  releaseAll,
} from "./resources.ts";
export * from "./tavus/index.ts";
export * from "./twilio/index.ts";
export { assertFits, blockProblems, parseVendorConfig, takenProblems } from "./vendor-config.ts";
export {
  createVendorHttp,
  gone,
  segment,
  type VendorCall,
  type VendorHttp,
  type VendorHttpOptions,
} from "./vendor-http.ts";
