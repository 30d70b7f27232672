export * from "./core/errors.ts";
export * from "./memory/index.ts";
