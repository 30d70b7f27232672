export { connect } from "./connect.ts";
export * from "./types.ts";
