// The way out: what no URL, name or redirect reaches, and what a hostile remote cannot cost.
import { createServer, type RequestListener, type Server } from "node:http";
import { type AddressInfo, createServer as createTcp } from "node:net";
import { gzipSync } from "node:zlib";
import { afterEach, describe, expect, test } from "vitest";
import { createOutbound, type OutboundOptions } from "./outbound.ts";
import { addressGuard } from "./outbound-addresses.ts";

const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

interface Listener {
  readonly port: number;
  readonly url: string;
  connects: number;
}

/** Counts TCP connects, which is what S01 forbids; answers come second. */
async function listen(answer: RequestListener, host = "127.0.0.1"): Promise<Listener> {
  const server: Server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  const { port } = server.address() as AddressInfo;
  const listener = { port, url: `http://${host.includes(":") ? `[${host}]` : host}:${port}`, connects: 0 };
  server.on("connection", () => listener.connects++);
  closers.push(() => new Promise((resolve) => { server.closeAllConnections(); server.close(resolve); })); // biome-ignore format: one line
  return listener;
}

const json: RequestListener = (_, response) =>
  response.setHeader("content-type", "application/json").end('{"ok":true}');
const faultOf = (options: Partial<OutboundOptions>, url: string) =>
  createOutbound({ publicUrl: "https://app.example.com", ...options })
    .fetch(url)
    .then(() => "answered", (error: { fault: string }) => error.fault); // biome-ignore format: one line

/** DNS that says what the attacker's says. */
const dnsOf = (address: string) =>
  ((_: string, options: { all?: boolean }, done: (...args: unknown[]) => void) =>
    options.all ? done(null, [{ address, family: address.includes(":") ? 6 : 4 }]) : done(null, address, 4)) as never;

describe("S01 no connection is made", () => {
  const spellings = (port: number) => [
    ...["127.0.0.1", "localhost", "0.0.0.0", "0", "127.1", "2130706433", "0x7f.1", "0177.0.0.1", "[::1]", "[::]"],
    ...["[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[0:0:0:0:0:ffff:127.0.0.1]", "[64:ff9b::7f00:1]", "127.0.0.1."],
  ].map((host) => `http://${host}:${port}/latest/meta-data`); // biome-ignore format: a table

  test("to loopback, however it is written", async () => {
    const inside = await listen(json);
    for (const url of spellings(inside.port)) expect.soft(await faultOf({}, url), url).toBe("address_refused");
    for (const url of spellings(inside.port)) {
      const encrypted = url.replace("http:", "https:");
      expect.soft(await faultOf({}, encrypted), encrypted).toBe("address_refused");
    }
    expect(inside.connects).toBe(0);
  });

  test("to a name that points inside", async () => {
    const inside = await listen(json);
    for (const address of ["127.0.0.1", "::1", "::ffff:127.0.0.1", "10.0.0.5", "169.254.169.254", "fd00::1"]) {
      const url = `https://attacker.example:${inside.port}/`;
      expect.soft(await faultOf({ lookup: dnsOf(address) }, url), address).toBe("address_refused");
    }
    expect(inside.connects).toBe(0);
  });

  test("S02 after a redirect: the redirect is the answer", async () => {
    const inside = await listen(json);
    const outside = await listen((_, response) => response.writeHead(302, { location: `${inside.url}/secret` }).end());
    const answer = await createOutbound({ publicUrl: "http://localhost:4710" }).fetch(outside.url);
    expect(answer.status).toBe(302);
    expect(inside.connects).toBe(0);
  });

  test("by other schemes, or with credentials in the URL", async () => {
    for (const url of ["file:///etc/passwd", "ftp://example.com/", "data:text/plain,x", "https://a:b@example.com/", "nonsense"]) // biome-ignore format: one line
      expect.soft(await faultOf({}, url), url).toBe("url_invalid");
  });
});

describe("which addresses are open", () => {
  const guard = (loopback: boolean, allow: string[] = []) => addressGuard({ loopback, allow });
  test.each([
    ...["10.1.2.3", "172.31.255.255", "192.168.0.1", "100.64.0.1", "169.254.169.254", "224.0.0.1", "255.255.255.255"],
    ...["::", "::1", "fe80::1", "fc00::1", "fd12::1", "ff02::1", "2001:db8::1", "2002:7f00:1::", "64:ff9b::a00:1"],
    ...["::ffff:10.0.0.1", "::10.0.0.1", "2001:0:53aa::1", "fe80::1%eth0", "not an address"],
  ])("%s is not", (address) => expect(guard(false)(address, true)).toBe(false));

  test.each(["1.1.1.1", "8.8.8.8", "172.32.0.1", "2606:4700::1111", "2a00:1450:4001::1", "::ffff:8.8.8.8"])(
    "%s is, with TLS only",
    (address) => expect([guard(false)(address, true), guard(false)(address, false)]).toEqual([true, false]),
  );

  test("loopback in development, and what the operator opened", () => {
    expect(guard(true)("127.0.0.1", false)).toBe(true);
    expect(guard(true)("10.0.0.1", true)).toBe(false);
    expect(guard(false, ["10.0.0.0/8", "fd00::/8"])("10.9.9.9", false)).toBe(true);
    expect(guard(false, ["10.0.0.0/8", "fd00::/8"])("fd00::1", true)).toBe(true);
    expect(guard(false, ["10.0.0.7"])("10.0.0.8", true)).toBe(false);
    expect(() => guard(false, ["idp.internal"])).toThrow("is no IP address");
  });
});

describe("S05 a hostile remote", () => {
  const development = { publicUrl: "http://127.0.0.1:4710", timeoutMs: 300, bytesMax: 10_000 };
  const body =
    (chunk: Buffer, headers: Record<string, string> = {}): RequestListener =>
    (_, response) => {
      response.writeHead(200, headers);
      const more = () => { while (response.writable && response.write(chunk)); }; // biome-ignore format: one line
      response.on("drain", more);
      more();
    };

  test("an endless body, and one that unpacks to one, are cut", async () => {
    const endless = await listen(body(Buffer.alloc(4_096, 97)));
    expect(await faultOf(development, endless.url)).toBe("too_large");
    const bomb = gzipSync(Buffer.alloc(10_000_000));
    const packed = await listen((_, response) => response.writeHead(200, { "content-encoding": "gzip" }).end(bomb));
    expect(await faultOf(development, packed.url)).toBe("too_large");
  });

  test("huge headers are refused", async () => {
    const headers = await listen((_, response) => response.writeHead(200, { "x-much": "a".repeat(60_000) }).end());
    expect(await faultOf(development, headers.url)).toBe("unreachable");
  });

  test("one that never answers, or drips, costs the time that is set", async () => {
    const letGo = Promise.withResolvers<void>();
    const silent = createTcp((socket) =>
      socket
        .on("close", () => letGo.resolve())
        .on("error", () => {})
        .resume(),
    );
    await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
    closers.push(() => new Promise((resolve) => silent.close(resolve)));
    const { port } = silent.address() as AddressInfo;
    expect(await faultOf(development, `http://127.0.0.1:${port}/`)).toBe("timeout");
    await letGo.promise;
    const drip = await listen((_, response) => {
      const timer = setInterval(() => response.write("a"), 20);
      response.on("close", () => clearInterval(timer));
    });
    expect(await faultOf(development, drip.url)).toBe("timeout");
  });

  test("an honest one is answered whole, packed or not", async () => {
    const honest = await listen((request, response) => {
      const text = JSON.stringify({ method: request.method, referer: request.headers.referer ?? null });
      response.writeHead(200, { "content-type": "application/json", "content-encoding": "gzip" }).end(gzipSync(text));
    });
    const answer = await createOutbound(development).fetch(honest.url, { method: "POST", body: new URLSearchParams({ a: "1" }) }); // biome-ignore format: one line
    expect([answer.status, await answer.json()]).toEqual([200, { method: "POST", referer: null }]);
  });
});
