export { type GatewayOptions, type OpenedGateway, openGateway, type Stores } from "../open-gateway.ts";
export { createGateway, type Gateway } from "./app.ts";
export { isDevelopment, parseServerConfig, type ServerConfig, serverConfig } from "./config.ts";
export type { Problem } from "./errors.ts";
export { createLogger, type LogLevel } from "./logger.ts";
export { createMetrics, type GatewayMetrics } from "./metrics.ts";
export type { GatewayParts } from "./parts.ts";
