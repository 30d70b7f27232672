import { lookup as systemLookup } from "node:dns";
import { BlockList, isIP, type LookupFunction } from "node:net";
import { AstrocyteError } from "../../../core/errors.ts";

/** Addresses that no public service has: private, loopback, link-local, shared, documentation, multicast. */
const blocked = new BlockList();
for (const range of [
  "0.0.0.0/8",
  "10.0.0.0/8",
  "100.64.0.0/10",
  "127.0.0.0/8",
  "169.254.0.0/16",
  "172.16.0.0/12",
  "192.0.0.0/24",
  "192.0.2.0/24",
  "192.88.99.0/24",
  "192.168.0.0/16",
  "198.18.0.0/15",
  "198.51.100.0/24",
  "203.0.113.0/24",
  "224.0.0.0/3",
  // In IPv6 what can carry an IPv4 address (Teredo, 6to4) and documentation; see `isPublic` for the rest.
  "2001::/23",
  "2001:db8::/32",
  "2002::/16",
  "3fff::/20",
]) {
  const [address, bits] = range.split("/") as [string, string];
  blocked.addSubnet(address, Number(bits), isIP(address) === 6 ? "ipv6" : "ipv4");
}
const unicast = new BlockList();
unicast.addSubnet("2000::", 3, "ipv6");

/** Whether an address lies in the public internet. */
export function isPublic(address: string): boolean {
  const family = isIP(address);
  if (family === 4) return !blocked.check(address, "ipv4");
  // Everything else in IPv6 is loopback, link-local, unique-local, mapped, NAT64 or not assigned.
  return family === 6 && unicast.check(address, "ipv6") && !blocked.check(address, "ipv6");
}

/** Which hosts a source may speak to; `allowPrivate` admits addresses of an internal network for that host. */
export type AllowedHost = { host: string; allowPrivate: boolean };

export type UrlPolicy = { hosts: AllowedHost[]; allowHttp: boolean };

/** Checks scheme, host and a literal address. The address of a name is checked when it is connected to. */
export function checkUrl(url: URL, policy: UrlPolicy, source: string): void {
  const scheme = url.protocol === "https:" || (url.protocol === "http:" && policy.allowHttp);
  const allowed = policy.hosts.find(({ host }) => host === url.hostname || host === url.host);
  const literal = url.hostname.replace(/^\[|\]$/g, "");
  const address = isIP(literal) === 0 || allowed?.allowPrivate || isPublic(literal);
  if (scheme && allowed && address && url.username === "" && url.password === "") return;
  throw refused(source);
}

/**
 * A DNS lookup that fails when any address of the name is not public. The socket connects to what was checked,
 * so a second answer of the name server (DNS rebinding) is never used.
 */
export function guardedLookup(policy: UrlPolicy, source: string, lookup: LookupFunction): LookupFunction {
  return (hostname, options, callback) => {
    lookup(hostname, { ...options, all: true }, (error, addresses) => {
      if (error) return callback(error, "", 0);
      const list = typeof addresses === "string" ? [{ address: addresses, family: 4 }] : addresses;
      const exempt = policy.hosts.some(({ host, allowPrivate }) => allowPrivate && hostOf(host) === hostname);
      if (list.length === 0 || !(exempt || list.every(({ address }) => isPublic(address)))) {
        return callback(refused(source), "", 0);
      }
      if (options.all) return callback(null, list);
      callback(null, list[0]!.address, list[0]!.family);
    });
  };
}

export const dnsLookup = systemLookup as LookupFunction;

function hostOf(host: string): string {
  return host.replace(/:\d+$/, "");
}

function refused(source: string): AstrocyteError {
  return new AstrocyteError(
    "source_failed",
    `[source ${source}] the address is not allowed. List the host in allow_hosts, with allow_private for an internal one.`,
    { retryable: false },
  );
}
