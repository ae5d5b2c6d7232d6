import { connect, type Socket } from "node:net";
import { expect, test, vi } from "vitest";
import { z } from "zod";
import { testDatabase } from "../../../test/support/database.ts";
import { rawRequest, startTestHttp, type TestHttp, type TestHttpOptions } from "../../../test/support/http.ts";
import { clientAddress, isLoopback, limitKey } from "./client-address.ts";
import { createRateLimit } from "./rate-limit.ts";
import { defineRoute, type Route } from "./route.ts";

const database = testDatabase();

/** A route that answers when the test lets it. */
function held() {
  const waiting: (() => void)[] = [];
  let open = false;
  let onEnter = () => {};
  const route = (name: string, access: Route["access"]) =>
    defineRoute({
      method: "GET",
      path: `/v1/${name}`,
      name,
      summary: "Held",
      tag: "t",
      access,
      responses: { 200: { description: "ok" } },
      handler: async () => {
        onEnter();
        if (!open) await new Promise<void>((resolve) => waiting.push(resolve));
        return { status: 200, json: {} };
      },
    });
  return {
    routes: [route("held", "anyone"), route("adminHeld", "admin")],
    entered: (count: number) =>
      new Promise<void>((resolve) => {
        const check = () => waiting.length + 1 >= count && queueMicrotask(resolve);
        onEnter = check;
        if (waiting.length >= count) resolve();
      }),
    release() {
      open = true;
      for (const go of waiting) go();
    },
  };
}

async function withServer(options: TestHttpOptions, work: (server: TestHttp) => Promise<void>): Promise<void> {
  const server = await startTestHttp(database, options);
  try {
    await work(server);
  } finally {
    await server.http.stop();
  }
}

test("T20 T09 forwarded addresses count only from trusted proxies, from the right", () => {
  const none = clientAddress([]);
  expect(none("203.0.113.1", "1.2.3.4")).toBe("203.0.113.1");
  expect(none("::ffff:203.0.113.1", undefined)).toBe("203.0.113.1");
  const behind = clientAddress(["10.0.0.0/8", "fd00::/8"]);
  expect(behind("10.0.0.1", "1.2.3.4")).toBe("1.2.3.4");
  expect(behind("10.0.0.1", "6.6.6.6, 1.2.3.4, 10.0.0.2")).toBe("1.2.3.4");
  expect(behind("10.0.0.1", "garbage, 1.2.3.4")).toBe("1.2.3.4");
  expect(behind("10.0.0.1", "1.2.3.4, garbage")).toBe("10.0.0.1");
  expect(behind("203.0.113.1", "1.2.3.4")).toBe("203.0.113.1");
  expect(behind("fd00::1", "2001:db8::1")).toBe("2001:db8::1");
});

test("an IPv6 customer is one key, loopback is recognised", () => {
  expect(limitKey("2001:db8:1:2:aaaa::1")).toBe(limitKey("2001:db8:1:2:bbbb:1::9"));
  expect(limitKey("2001:db8:1:3::1")).not.toBe(limitKey("2001:db8:1:2::1"));
  expect(limitKey("::1")).toBe("0:0:0:0::/64");
  expect(limitKey("203.0.113.1")).toBe("203.0.113.1");
  expect([isLoopback("127.0.0.9"), isLoopback("::ffff:127.0.0.1"), isLoopback("10.0.0.1")]).toEqual([
    true,
    true,
    false,
  ]);
});

test("a token bucket gives out its share and refills with time", () => {
  let nowMs = 0;
  let instances = 1;
  const clock = { now: () => nowMs, monotonicMs: () => nowMs };
  const limit = createRateLimit({ name: "t", perMinute: 60, instances: () => instances, clock });
  if (!limit) throw new Error("no limit");
  for (let count = 0; count < 60; count++) expect(limit.take("a").allowed).toBe(true);
  expect(limit.take("a")).toEqual({ allowed: false, remaining: 0, waitSeconds: 1 });
  expect(limit.take("b").remaining).toBe(59);
  nowMs = 1_000;
  expect(limit.take("a").allowed).toBe(true);
  expect(limit.take("a").allowed).toBe(false);
  instances = 4;
  for (let count = 0; count < 15; count++) expect(limit.take("c").allowed).toBe(true);
  expect(limit.take("c").allowed).toBe(false);
  // A bucket survives the turn of a generation: waiting for it gains nothing.
  nowMs = 61_000;
  expect(limit.take("c").remaining).toBe(14);
  expect(createRateLimit({ name: "t", perMinute: 0, instances: () => 1, clock })).toBeUndefined();
});

test("T20 a spoofed X-Forwarded-For does not give a fresh budget", async () => {
  const route = held();
  route.release();
  await withServer({ routes: route.routes, settings: { ratePerAddress: 3 } }, async ({ url }) => {
    const statuses: number[] = [];
    for (let at = 0; at < 5; at++) {
      const response = await fetch(`${url}/v1/held`, {
        headers: { "x-forwarded-for": `9.9.9.${at}`, "x-real-ip": `9.9.9.${at}` },
      });
      statuses.push(response.status);
      if (response.status !== 429) continue;
      expect(Number(response.headers.get("retry-after"))).toBeGreaterThan(0);
      expect(response.headers.get("ratelimit")).toMatch(/^"address";r=0;t=\d+$/);
      expect(((await response.json()) as { code: string }).code).toBe("rate_limited");
    }
    expect(statuses).toEqual([200, 200, 200, 429, 429]);
    // Wrong credentials draw from the same budget.
    expect((await fetch(`${url}/v1/held`, { headers: { authorization: "Bearer guess" } })).status).toBe(429);
    expect((await fetch(`${url}/v1/held`, { headers: { authorization: "Bearer alice" } })).status).toBe(200);
  });
});

test("D03 a request that does the work of several pays for them all, or does nothing", async () => {
  const batch = defineRoute({
    ...{ method: "POST", path: "/v1/several", name: "several", summary: "s", tag: "t", access: "anyone" },
    body: z.strictObject({ times: z.number() }),
    cost: ({ times }) => times,
    responses: { 200: { description: "ok" } },
    handler: async () => ({ status: 200, json: {} }),
  });
  await withServer({ routes: [batch], settings: { ratePerAddress: 10 } }, async ({ url }) => {
    const send = (times: number) =>
      fetch(`${url}/v1/several`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: `{"times":${times}}`,
      });
    const first = await send(6);
    expect([first.status, first.headers.get("ratelimit")]).toEqual([200, expect.stringMatching(/^"address";r=4;/)]);
    expect((await send(6)).status).toBe(429);
    expect((await send(3)).status).toBe(200);
  });
});

test("O01 excess is shed in under 50 ms with 503 and Retry-After; admins and health keep their room", async () => {
  const route = held();
  await withServer(
    { routes: route.routes, settings: { inFlightMax: 4, inFlightReserved: 2 } },
    async ({ url, http }) => {
      const entered = route.entered(4);
      const working = Array.from({ length: 4 }, () => fetch(`${url}/v1/held`));
      await entered;
      const waits: number[] = [];
      for (let at = 0; at < 20; at++) {
        const started = performance.now();
        const response = await fetch(`${url}/v1/held`);
        waits.push(performance.now() - started);
        expect(response.status).toBe(503);
        expect(Number(response.headers.get("retry-after"))).toBeGreaterThanOrEqual(1);
        expect(((await response.json()) as { code: string }).code).toBe("overloaded");
      }
      // The median: on a shared machine a single one may have waited for a core.
      expect(waits.sort((left, right) => left - right)[10]).toBeLessThan(50);
      const admins = [1, 2].map(() => fetch(`${url}/v1/adminHeld`, { headers: { authorization: "Bearer admin" } }));
      for (const path of ["/livez", "/readyz", "/metrics"]) expect((await fetch(url + path)).status).toBe(200);
      expect(await (await fetch(`${url}/metrics`)).text()).toMatch(/landfall_http_shed_total 2\d/);
      route.release();
      for (const response of await Promise.all([...working, ...admins])) expect(response.status).toBe(200);
      expect((await fetch(`${url}/v1/held`)).status).toBe(200);
      expect(http.server.listening).toBe(true);
    },
  );
});

test("O01 a refusal says the same whether it was made early or after the whole way", async () => {
  const route = held();
  await withServer({ routes: route.routes, settings: { inFlightMax: 1, inFlightReserved: 2 } }, async ({ url }) => {
    const entered = route.entered(1);
    const working = fetch(`${url}/v1/held`);
    await entered;
    const refused = async (headers: Record<string, string>) => {
      const response = await fetch(`${url}/v1/held`, { headers: { "x-request-id": "r1", ...headers } });
      const { date: _, "retry-after": after, ...rest } = Object.fromEntries(response.headers);
      expect(Number(after)).toBeGreaterThanOrEqual(1);
      return { status: response.status, headers: rest, body: await response.json() };
    };
    // The first of some seconds goes the whole way, for the log; one with another credential than a key always does.
    const whole = await refused({});
    expect(whole).toMatchObject({ status: 503, body: { code: "overloaded", requestId: "r1" } });
    expect(await refused({})).toEqual(whole);
    expect(await refused({ authorization: "Bearer lf_key_x" })).toEqual(whole);
    expect(await refused({ authorization: "Bearer alice" })).toEqual(whole);
    const head = await fetch(`${url}/v1/held`, { method: "HEAD" });
    expect([head.status, await head.text()]).toEqual([503, ""]);
    const body = await fetch(`${url}/v1/held`, { method: "POST", body: "x".repeat(100_000) });
    expect(body.status).toBe(503);
    route.release();
    expect((await working).status).toBe(200);
  });
});

test("O01 refusals on one connection keep the order of its requests, bodies and all, and the next one is served", async () => {
  const route = held();
  await withServer(
    { routes: route.routes, settings: { inFlightMax: 1, inFlightReserved: 2 } },
    async ({ url, port }) => {
      const entered = route.entered(1);
      const working = fetch(`${url}/v1/held`);
      await entered;
      // The first of some seconds goes the whole way.
      expect((await fetch(`${url}/v1/held`)).status).toBe(503);
      const get = (id: string) => `GET /v1/held HTTP/1.1\r\nHost: a\r\nX-Request-Id: ${id}\r\n\r\n`;
      const post = (id: string, size: number) =>
        `POST /v1/held HTTP/1.1\r\nHost: a\r\nX-Request-Id: ${id}\r\nContent-Length: ${size}\r\n\r\n${"x".repeat(size)}`;
      let seen = "";
      const socket = connect(port, "127.0.0.1").on("data", (chunk: Buffer) => {
        seen += chunk.toString("latin1");
      });
      const refused = () => [...seen.matchAll(/HTTP\/1\.1 503 .*?"requestId":"(\w+)"/gs)].map(([, id]) => id);
      // One by one, then many at once, which stand behind each other.
      for (const [count, request] of [get("a1"), post("a2", 70_000), get("a3")].entries()) {
        socket.write(request);
        await vi.waitFor(() => expect(refused()).toHaveLength(count + 1), { timeout: 10_000 });
      }
      const many = Array.from({ length: 50 }, (_, k) => (k % 3 === 0 ? post(`b${k}`, 2_000) : get(`b${k}`)));
      socket.write(many.join(""));
      await vi.waitFor(() => expect(refused()).toHaveLength(53), { timeout: 10_000 });
      expect(refused()).toEqual(["a1", "a2", "a3", ...many.map((_, k) => `b${k}`)]);
      route.release();
      expect((await working).status).toBe(200);
      socket.write(get("c1"));
      await vi.waitFor(() => expect(seen).toContain("HTTP/1.1 200 OK"), { timeout: 10_000 });
      socket.destroy();
    },
  );
});

test("O01 whoever asks for it has the connection closed with the refusal", async () => {
  const route = held();
  await withServer(
    { routes: route.routes, settings: { inFlightMax: 1, inFlightReserved: 2 } },
    async ({ url, port }) => {
      const entered = route.entered(1);
      const working = fetch(`${url}/v1/held`);
      await entered;
      await fetch(`${url}/v1/held`);
      for (const head of ["HTTP/1.1\r\nHost: a\r\nConnection: close", "HTTP/1.0"]) {
        const answer = await rawRequest(port, `GET /v1/held ${head}\r\n\r\n`);
        expect(answer).toMatch(/^HTTP\/1\.1 503 /);
        expect(answer.toLowerCase()).toContain("\r\nconnection: close\r\n");
      }
      route.release();
      expect((await working).status).toBe(200);
    },
  );
});

test("D07 bodies that never arrive take no place from others, and one address may not hold all that wait", async () => {
  const route = held();
  route.release();
  const body = defineRoute({
    ...{ method: "POST", path: "/v1/body", name: "body", summary: "s", tag: "t", access: "anyone" },
    body: z.looseObject({}),
    responses: { 200: { description: "ok" } },
    handler: async () => ({ status: 200, json: {} }),
  });
  const settings = { inFlightMax: 4, inFlightReserved: 1 };
  await withServer({ routes: [...route.routes, body], settings }, async ({ url, port }) => {
    const answers: string[] = [];
    const request =
      "POST /v1/body HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{";
    const sockets = Array.from({ length: 12 }, () =>
      connect(port, "127.0.0.1", function (this: Socket) {
        this.on("data", (chunk) => answers.push(chunk.toString("latin1")));
        this.write(request);
      }),
    );
    // 4 × 4 may wait in all, half of them from one address: 4 of the 12 are refused, 8 wait, and nobody else notices.
    await vi.waitFor(() => expect(answers.filter((answer) => answer.includes(" 503 "))).toHaveLength(4));
    for (let at = 0; at < 10; at++) expect((await fetch(`${url}/v1/held`)).status).toBe(200);
    for (const socket of sockets) socket.destroy();
    await vi.waitFor(async () => {
      const response = await fetch(`${url}/v1/body`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: "{}",
      });
      expect(response.status).toBe(200);
    });
  });
});

test("D07 slow headers, slow bodies and stalled sockets are ended; others are served meanwhile", async () => {
  const route = held();
  route.release();
  const body = defineRoute({
    method: "POST",
    path: "/v1/body",
    name: "body",
    summary: "Body",
    tag: "t",
    access: "anyone",
    body: z.strictObject({}),
    responses: { 200: { description: "ok" } },
    handler: async () => ({ status: 200, json: {} }),
  });
  const settings = { headersTimeoutMs: 100, bodyTimeoutMs: 100, socketIdleTimeoutMs: 300 };
  await withServer({ routes: [...route.routes, body], settings }, async ({ url, port }) => {
    const slowHead = rawRequest(port, "GET /v1/held HTTP/1.1\r\nHost: a\r\nX-");
    const slowBody = rawRequest(
      port,
      "POST /v1/body HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{",
    );
    const idle = Array.from({ length: 200 }, () =>
      connect(port, "127.0.0.1")
        .on("error", () => {})
        .resume(),
    );
    for (let at = 0; at < 20; at++) expect((await fetch(`${url}/v1/held`)).status).toBe(200);
    expect(await slowHead).toContain("408 Request Timeout");
    expect(await slowBody).toContain('"code":"request_timeout"');
    await Promise.all(
      idle
        .filter((socket) => !socket.destroyed)
        .map((socket) => new Promise((resolve) => socket.once("close", resolve))),
    );
  });
});

test("K08 draining finishes what is in flight, tells kept-alive clients, refuses the rest", async () => {
  const route = held();
  const server = await startTestHttp(database, { routes: route.routes, settings: { drainGraceMs: 100 } });
  const entered = route.entered(20);
  const working = Array.from({ length: 20 }, () => fetch(`${server.url}/v1/held`));
  await entered;
  const drained = server.http.drain();
  const ready = await fetch(`${server.url}/readyz`);
  expect([ready.status, await ready.text(), ready.headers.get("connection")]).toEqual([503, "unready", "close"]);
  expect((await fetch(`${server.url}/livez`)).status).toBe(200);
  route.release();
  for (const response of await Promise.all(working)) {
    expect(response.status).toBe(200);
    expect(response.headers.get("connection")).toBe("close");
    await response.text();
  }
  await drained;
  await expect(fetch(`${server.url}/livez`)).rejects.toThrow();
  await server.http.stop();
  await server.http.stop();
});

test("what will not end is cut at the deadline", async () => {
  const route = held();
  const server = await startTestHttp(database, {
    routes: route.routes,
    settings: { drainGraceMs: 0, drainDeadlineMs: 50 },
  });
  const entered = route.entered(1);
  const working = fetch(`${server.url}/v1/held`).then(
    () => "answered",
    () => "cut",
  );
  await entered;
  await server.http.drain();
  expect(await working).toBe("cut");
  route.release();
  await server.http.stop();
});
