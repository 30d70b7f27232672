import type { Brain } from "../brain/brain.ts";
import type { Composer } from "../composer/composer.ts";
import type { Clock } from "../core/clock.ts";
import type { Logger } from "../core/telemetry.ts";
import type { Astrocyte } from "../memory/brain.ts";
import type { ServerConfig } from "./config.ts";
import type { GatewayMetrics } from "./metrics.ts";

/** What the gateway puts on the network; wired by `open.ts`. */
export type GatewayParts = {
  config: ServerConfig;
  memory: Astrocyte;
  composer: Composer;
  brain: Brain;
  metrics: GatewayMetrics;
  clock: Clock;
  logger: Logger;
  /** What to end before the gateway stops: sessions that live in this process alone. */
  beforeClose(): Promise<void>;
};
