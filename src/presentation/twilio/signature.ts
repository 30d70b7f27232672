import { createHmac } from "node:crypto";
import { AstrocyteError } from "../../core/errors.ts";
import { safeEqual, sha256 } from "../../core/secrets.ts";
import type { CallbackRequest } from "../adapter.ts";

export const SIGNATURE_HEADER = "x-twilio-signature";

/** Name and value of each parameter; a name may come several times. */
export type FormParams = Array<[string, string]>;

/** Base64 of HMAC-SHA1 over the URL and the sorted parameters; repeated values count once (contract §E.1). */
export function twilioSignature(authToken: string, url: string, params: FormParams = []): string {
  const once = [
    ...new Map(params.map(([name, value]) => [`${name}\0${value}`, [name, value] as const])).values(),
  ];
  const sorted = once.sort((a, b) => order(a[0], b[0]) || order(a[1], b[1]));
  const data = url + sorted.map(([name, value]) => name + value).join("");
  return createHmac("sha1", authToken).update(data, "utf8").digest("base64");
}

/**
 * The parameters of a request that Twilio signed. A form is covered by the signature itself, any other body by
 * the `bodySHA256` of the signed URL; a body that nothing covers is forged. Errors: `unauthenticated`.
 */
export function verifiedForm(authToken: string, request: CallbackRequest): Record<string, string> {
  const { url, body, headers, query } = request;
  const form = (headers["content-type"] ?? "").startsWith("application/x-www-form-urlencoded");
  const hash = query["bodySHA256"];
  const covered = hash !== undefined ? safeEqual(hash, sha256(body)) : form || body.length === 0;
  const params = [...new URLSearchParams(form ? new TextDecoder().decode(body) : "")];
  const given = headers[SIGNATURE_HEADER] ?? "";
  const signed = hash === undefined ? params : [];
  if (!covered || !urlsOf(url).some((each) => safeEqual(given, twilioSignature(authToken, each, signed))))
    throw new AstrocyteError(
      "unauthenticated",
      "[twilio] the signature is wrong. Set public_url to the address that Twilio calls, and auth_token to the account's.",
    );
  return Object.fromEntries(params);
}

/** True for a WebSocket upgrade that Twilio signed: the `wss://` address, without parameters. */
export function isSignedSocket(authToken: string, { url, headers }: CallbackRequest): boolean {
  const given = headers[SIGNATURE_HEADER] ?? "";
  const socketUrl = url.replace(/^http/, "ws");
  return urlsOf(socketUrl).some((each) => safeEqual(given, twilioSignature(authToken, each)));
}

/** As received and as `URL` writes it, each without and with the scheme's port: which one was signed differs (§E.1). */
function urlsOf(url: string): string[] {
  const written = URL.canParse(url) ? [new URL(url).toString()] : [];
  return [...new Set([url, ...written].flatMap((each) => [withoutPort(each), withPort(each)]))];
}

const PARTS = /^([a-z][a-z0-9+.-]*:\/\/)([^/?#]*?)(:\d+)?(?=[/?#]|$)/i;

function withoutPort(url: string): string {
  return url.replace(PARTS, "$1$2");
}

function withPort(url: string): string {
  return url.replace(PARTS, (_whole, scheme: string, host: string, port?: string) => {
    const usual = /^(https|wss):/i.test(scheme) ? ":443" : ":80";
    return scheme + host + (port ?? usual);
  });
}

function order(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
