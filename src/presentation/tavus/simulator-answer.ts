import type { Row } from "./simulator-world.ts";

/** `undefined` body: none at all. */
export type Answer = { status: number; body?: Row | Row[] };
export type Call = { method: string; path: string; query: URLSearchParams; body: Row | Row[] | undefined };

export const ok = (body: Row): Answer => ({ status: 200, body });

/** Refusals come in two shapes (contract §1.1). */
export const error = (status: number, text: string): Answer => ({ status, body: { error: text } });
export const message = (status: number, text: string): Answer => ({ status, body: { message: text } });
