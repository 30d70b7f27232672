export { connect } from "./connect.ts";
export type * from "./sdks.ts";
export * from "./types.ts";
