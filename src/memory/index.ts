export { Astrocyte } from "./brain.ts";
export type { PurgeOptions, RestoreOptions } from "./forget.ts";
export type { MaintenanceResult } from "./lifecycle.ts";
export type * from "./llm/provider.ts";
export type { ExportOptions, ImportOptions, ImportResult } from "./portability.ts";
export type { ReindexOptions, ReindexResult } from "./reindex.ts";
export type { ManyItem, ManyOptions } from "./retain-many.ts";
export type * from "./store.ts";
export type * from "./types.ts";
