import assert from "node:assert/strict";
import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo, LookupFunction } from "node:net";
import { after, test } from "node:test";
import { systemClock } from "../../../core/clock.ts";
import { isPublic } from "./guard.ts";
import { urlOf } from "./http.ts";
import { parseSource, type SystemOfRecord } from "./index.ts";

const anna = { principal: "user:anna", id: "anna" };
const open: Array<Server | SystemOfRecord> = [];
after(async () => {
  for (const item of open) await (item as { close(): unknown }).close();
});

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  open.push(server);
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function source(url: string, more: Record<string, unknown> = {}, lookup?: LookupFunction): SystemOfRecord {
  const config = { kind: "http", url, allow_http: true, fields: { plan: { path: "$.plan.tier" } }, ...more };
  const made = parseSource("crm", config, { clock: systemClock, ...(lookup && { lookup }) });
  open.push(made);
  return made;
}

const internal = { allow_hosts: [{ host: "127.0.0.1", allow_private: true }] };

function json(body: unknown): RequestListener {
  return (_request, response) => response.end(JSON.stringify(body));
}

test("a subject's record is read with its headers, and only allowlisted fields leave", async () => {
  let seen: unknown;
  const base = await serve((request, response) => {
    seen = [request.url, request.headers.authorization, request.headers["accept-encoding"]];
    response.end(JSON.stringify({ plan: { tier: "pro" }, secret: "x", updated: "2026-01-01T00:00:00Z" }));
  });
  const crm = source(`${base}/customers/{subject}?p={subject.principal}`, {
    ...internal,
    headers: { authorization: "Bearer k" },
    as_of: "updated",
    subject: { strip_prefix: "an", template: "c-{subject.id}" },
  });
  const { fields } = await crm.fetch(anna);
  assert.deepEqual(seen, ["/customers/c-na?p=user%3Aanna", "Bearer k", "identity"]);
  assert.deepEqual(
    fields.map(({ name, value, asOf }) => [name, value, asOf]),
    [["plan", "pro", Date.parse("2026-01-01T00:00:00Z")]],
  );
});

test("404 is an empty record, other answers are failures without content", async () => {
  const status = (code: number) => (_request: unknown, response: import("node:http").ServerResponse) => {
    response.statusCode = code;
    response.end("secret body");
  };
  const missing = source(await serve(status(404)), internal);
  assert.deepEqual((await missing.fetch(anna)).fields, []);
  const broken = source(await serve(status(500)), internal);
  await assert.rejects(broken.fetch(anna), (error: Error & { code?: string }) => {
    assert.equal(error.code, "source_failed");
    assert.doesNotMatch(error.message, /secret/);
    return true;
  });
  const text = source(await serve((_request, response) => response.end("<html>")), internal);
  await assert.rejects(text.fetch(anna), { code: "source_failed", retryable: false });
});

test("an answer over the size limit is cut off", async () => {
  const base = await serve((_request, response) => {
    const write = () => {
      while (!response.destroyed && response.write(" ".repeat(65_536))) {}
      if (!response.destroyed) response.once("drain", write);
    };
    write();
  });
  await assert.rejects(source(base, { ...internal, max_bytes: 1000 }).fetch(anna), {
    code: "source_failed",
    message: /more than 1000 bytes/,
  });
});

test("a private address is refused unless its host is listed with allow_private", async () => {
  const base = await serve(json({ plan: { tier: "pro" } }));
  await assert.rejects(source(base).fetch(anna), { code: "source_failed", message: /not allowed/ });
  const listed = source(base, { allow_hosts: ["127.0.0.1"] });
  await assert.rejects(listed.fetch(anna), { message: /not allowed/ });
  assert.equal((await source(base, internal).fetch(anna)).fields.length, 1);
});

test("every spelling of an internal address is refused before anything is sent", async () => {
  const base = await serve(() => assert.fail("reached"));
  const { port } = new URL(base);
  const hosts = [
    "2130706433",
    "0x7f000001",
    "0177.0.0.1",
    "127.1",
    "0",
    "[::1]",
    "[::]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[64:ff9b::7f00:1]",
    "[fe80::1]",
    "[fc00::1]",
    "[2002:7f00:1::]",
    "169.254.169.254",
    "10.0.0.1",
    "192.168.1.1",
    "172.16.0.1",
    "100.64.0.1",
  ];
  for (const host of hosts) {
    const { hostname } = new URL(`http://${host}`);
    const reader = source(`http://${host}:${port}/`, { allow_hosts: [hostname] });
    await assert.rejects(reader.fetch(anna), { code: "source_failed", message: /not allowed/ }, host);
  }
});

test("a name that resolves to an internal address is refused, also among public ones", async () => {
  const base = await serve(() => assert.fail("reached"));
  const { port } = new URL(base);
  const answers: Record<string, string[]> = {
    "inside.example": ["127.0.0.1"],
    "mixed.example": ["93.184.216.34", "10.1.2.3"],
    "six.example": ["::ffff:127.0.0.1"],
  };
  const lookup: LookupFunction = (name, _options, callback) =>
    callback(
      null,
      answers[name]!.map((address) => ({ address, family: address.includes(":") ? 6 : 4 })),
    );
  for (const host of Object.keys(answers)) {
    await assert.rejects(
      source(`http://${host}:${port}/`, {}, lookup).fetch(anna),
      { message: /not allowed/ },
      host,
    );
  }
  await assert.rejects(source(`http://localhost:${port}/`).fetch(anna), { message: /not allowed/ });
});

test("the checked address is the one that is connected to: a name is resolved once", async () => {
  const base = await serve(json({ plan: { tier: "pro" } }));
  let lookups = 0;
  const lookup: LookupFunction = (_name, _options, callback) => {
    lookups++;
    callback(null, [{ address: "127.0.0.1", family: 4 }]);
  };
  const { port } = new URL(base);
  const allow_hosts = [{ host: "crm.internal", allow_private: true }];
  const crm = source(`http://crm.internal:${port}/`, { allow_hosts }, lookup);
  assert.equal((await crm.fetch(anna)).fields[0]?.value, "pro");
  assert.equal(lookups, 1);
});

test("a redirect is followed within the origin and nowhere else", async () => {
  const other = await serve(() => assert.fail("followed"));
  for (const target of [
    other,
    "http://169.254.169.254/latest/meta-data",
    "http://localhost/",
    "file:///etc/passwd",
  ]) {
    const base = await serve((_request, response) => response.writeHead(302, { location: target }).end());
    await assert.rejects(source(base, internal).fetch(anna), {
      code: "source_failed",
      message: /another host/,
    });
  }
  const base = await serve((request, response) => {
    if (request.url === "/a") response.writeHead(302, { location: "/b" }).end();
    else response.end(JSON.stringify({ plan: { tier: "pro" } }));
  });
  assert.equal((await source(`${base}/a`, internal).fetch(anna)).fields.length, 1);
  const loop = await serve((_request, response) => response.writeHead(302, { location: "/" }).end());
  await assert.rejects(source(loop, internal).fetch(anna), { message: /too often/ });
});

test("a subject cannot leave its place in the URL", () => {
  const url = (key: string) =>
    urlOf("https://crm.example/customers/{subject}/plan", key, { principal: "user:x", id: "x" });
  assert.equal(
    url("a/../../admin?x=1#y").href,
    "https://crm.example/customers/a%2F..%2F..%2Fadmin%3Fx%3D1%23y/plan",
  );
  assert.equal(url("%2e%2e").pathname, "/customers/%252e%252e/plan");
  assert.throws(() => url(".."), { code: "invalid_input" });
  assert.throws(() => url("."), { code: "invalid_input" });
});

test("a URL without encryption, or with a placeholder for its host, is a mistake in the configuration", () => {
  const deps = { clock: systemClock };
  const config = (url: string) => ({ kind: "http", url, fields: {} });
  assert.throws(() => parseSource("crm", config("http://crm.example/"), deps), { code: "config_invalid" });
  assert.throws(() => parseSource("crm", config("https://{subject}.example/"), deps), {
    code: "config_invalid",
  });
});

test("public addresses are told from all others", () => {
  for (const address of ["93.184.216.34", "1.1.1.1", "2606:2800:220:1::1"])
    assert.ok(isPublic(address), address);
  for (const address of [
    "255.255.255.255",
    "224.0.0.1",
    "203.0.113.7",
    "2001:db8::1",
    "2001::1",
    "ff02::1",
    "x",
  ]) {
    assert.ok(!isPublic(address), address);
  }
});
