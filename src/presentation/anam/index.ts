export { createAnamAdapter } from "./adapter.ts";
export { type AnamApi, type AnamApiOptions, type AnamSession, createAnamApi } from "./api.ts";
export { type AnamConfig, type AnamConfigInput, anamConfig, anamPersona } from "./config.ts";
