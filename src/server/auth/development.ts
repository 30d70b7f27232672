import type { IncomingHttpHeaders } from "node:http";
import { isLoopback } from "../config.ts";

const FORWARDED = [
  "forwarded",
  "x-forwarded-for",
  "x-forwarded-host",
  "x-real-ip",
  "cf-connecting-ip",
  "via",
];

/**
 * True for a request that a program or page of this machine made itself. Not one through a tunnel (which
 * connects from loopback too), not one of another site's script, not one whose name was rebound to us.
 */
export function isFromThisMachine(headers: IncomingHttpHeaders, address: string | undefined): boolean {
  const local = /^(?:::ffff:)?127\.|^::1$/.test(address ?? "");
  if (!local || FORWARDED.some((name) => headers[name] !== undefined)) return false;
  const { host = "", origin, "sec-fetch-site": site } = headers;
  if (!isLoopback(host.replace(/:\d+$/, ""))) return false;
  if (site !== undefined && site !== "same-origin" && site !== "none") return false;
  return origin === undefined || origin === `http://${host}`;
}
