import { existsSync, readFileSync } from "node:fs";
import { stripTypeScriptTypes } from "node:module";
import { join } from "node:path";
import type { FastifyInstance, FastifyReply } from "fastify";
import { AstrocyteError } from "../core/errors.ts";
import { isLoopback } from "./config.ts";
import { problemOf } from "./errors.ts";
import type { GatewayParts } from "./parts.ts";

/** `src` in the repository, `dist` when published. */
const ROOT = join(import.meta.dirname, "..");
const PAGE = "server/page";

/** What a browser may have of our files: the page's own and the browser's module, and no test. */
const SERVED = /^(?:client|server\/page)(?:\/[\w-]+)+\.(?:ts|js|css|svg)$/;

const TYPES: Record<string, string> = {
  ts: "text/javascript; charset=utf-8",
  js: "text/javascript; charset=utf-8",
  css: "text/css; charset=utf-8",
  svg: "image/svg+xml",
};

/** The plain page to try everything with, at `/`: only where whoever is on this machine may do everything. */
export function registerPage(app: FastifyInstance, { composer, config }: GatewayParts): void {
  const html = readFileSync(join(ROOT, PAGE, "index.html"), "utf8");
  const entry = existsSync(join(ROOT, PAGE, "main.ts")) ? "main.ts" : "main.js";

  app.get("/", async (request, reply) => {
    const own = new URL(composer.parts.publicUrl);
    const host = request.headers.host ?? "";
    // One name for one place: rooms and storage belong to an origin.
    if (host !== own.host && isLoopback(own.hostname) && isLoopback(host.replace(/:\d+$/, "")))
      return reply.redirect(`${own.origin}/`, 302);
    return reply
      .type("text/html; charset=utf-8")
      .header("content-security-policy", policyFor(own))
      .send(html.replace("main.ts", entry));
  });

  app.get<{ Params: { "*": string } }>("/assets/*", async (request, reply) => {
    const text = asset(request.params["*"]);
    if (text === undefined) return missing(request.id, reply);
    const type = TYPES[request.params["*"].split(".").at(-1)!]!;
    return reply.type(type).header("content-security-policy", "default-src 'none'").send(text);
  });

  app.get("/page/people.json", async () => ({ people: config.people }));
}

function policyFor({ host, protocol }: URL): string {
  const socket = `${protocol === "https:" ? "wss" : "ws"}://${host}`;
  return [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data:",
    `connect-src 'self' ${socket}`,
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join("; ");
}

const stripped = new Map<string, string>();

/** TypeScript is served as the JavaScript that it is without its types. */
function asset(path: string): string | undefined {
  if (!SERVED.test(path) || !existsSync(join(ROOT, path))) return undefined;
  const text = readFileSync(join(ROOT, path), "utf8");
  if (!path.endsWith(".ts")) return text;
  const known = stripped.get(text);
  if (known !== undefined) return known;
  const code = stripTypeScriptTypes(text);
  stripped.set(text, code);
  return code;
}

function missing(requestId: string, reply: FastifyReply) {
  const { problem, headers } = problemOf(
    new AstrocyteError("not_found", "[gateway] there is no such file."),
    requestId,
  );
  return reply.code(404).headers(headers).send(problem);
}
