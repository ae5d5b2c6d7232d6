import { once } from "node:events";
import { connect } from "node:net";
import { Readable } from "node:stream";
import { expect, test, vi } from "vitest";
import { testDatabase } from "../../../test/support/database.ts";
import { rawRequest, startTestHttp, testHttp } from "../../../test/support/http.ts";
import { kernelErrors } from "../errors/kernel.ts";
import { clientAddress } from "./client-address.ts";
import { negotiateCoding } from "./coding.ts";
import { defineRoute } from "./route.ts";
import { createShedding } from "./shedding.ts";
import { traceId } from "./trace.ts";

const database = testDatabase();
const aborted = Promise.withResolvers<void>();
const begun = Promise.withResolvers<void>();
const fields = { summary: "", tag: "t", access: "anyone", responses: { 200: { description: "ok" } } } as const;
const server = testHttp(database, () => ({
  routes: [
    defineRoute({
      ...fields,
      method: "GET",
      path: "/v1/quick",
      name: "quick",
      handler: async () => ({ status: 200, json: {} }),
    }),
    defineRoute({
      ...fields,
      method: "GET",
      path: "/v1/waits",
      name: "waits",
      handler: async (ctx) => {
        const { signal } = ctx;
        begun.resolve();
        await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
        aborted.resolve();
        return { status: 200, json: {} };
      },
    }),
    defineRoute({
      ...fields,
      method: "POST",
      path: "/v1/refuses",
      name: "refuses",
      bodyKind: "stream",
      handler: async (_ctx, { stream, headers }) => {
        if (headers["x-look"] === "no") throw kernelErrors.not_allowed();
        for await (const _chunk of stream) throw kernelErrors.not_allowed();
        return { status: 200, json: {} };
      },
    }),
    defineRoute({
      ...fields,
      method: "GET",
      path: "/v1/breaks",
      name: "breaks",
      handler: async () => ({
        status: 200,
        stream: Readable.from(
          (async function* () {
            yield "first line\n";
            throw new Error("broke off at /secret/path");
          })(),
        ),
      }),
    }),
  ],
}));

test("D04 hostile headers stall nothing", async () => {
  const address = clientAddress(["127.0.0.1"]);
  const started = performance.now();
  for (const part of ['"', ",", ";", "q=", "W/", "a,", "::", "0", '"a",', "-", " "]) {
    const header = part.repeat(16_000 / part.length);
    negotiateCoding(header);
    traceId(header);
    address("127.0.0.1", header);
    const answer = await rawRequest(
      server.current.port,
      `GET /v1/quick HTTP/1.1\r\nHost: a\r\nAccept-Encoding: ${header.slice(0, 3_000)}\r\nIf-None-Match: ${header.slice(0, 3_000)}\r\nTraceparent: ${header.slice(0, 3_000)}\r\nX-Request-Id: ${header.slice(0, 3_000)}\r\nConnection: close\r\n\r\n`,
    );
    // Entity tags that are none are refused; the rest is passed over.
    expect(answer).toMatch(/^HTTP\/1\.1 (200|400) /);
  }
  expect(performance.now() - started).toBeLessThan(1_000);
});

test.each([
  ["gzip, deflate, br, zstd", "zstd"],
  ["gzip, deflate, br", "br"],
  ["gzip;q=1.0, br;q=0.5", "gzip"],
  ["br;q=0, gzip", "gzip"],
  ["*", "zstd"],
  ["*;q=0.1, br;q=0.2", "br"],
  ["identity, gzip;q=0.5", undefined],
  ["gzip;q=2", undefined],
  ["", undefined],
])("Accept-Encoding %j chooses %s", (header, coding) => {
  expect(negotiateCoding(header)).toBe(coding);
});

test("the handler's signal aborts when the client goes away", async () => {
  const socket = connect(server.current.port, "127.0.0.1");
  socket.write("GET /v1/waits HTTP/1.1\r\nHost: a\r\n\r\n");
  await begun.promise;
  socket.destroy();
  await aborted.promise;
  await vi.waitFor(() => expect(server.current.logged("waits")).toHaveLength(1));
});

test("D04 a stream refused while it is still coming in is answered, and the connection lives on", async () => {
  // More than the sockets of both sides hold, so that the client is still sending when the answer is made.
  const body = Buffer.alloc(3 * 1024 * 1024, "x");
  for (let round = 0; round < 3; round++) {
    const answer = await fetch(`${server.current.url}/v1/refuses`, {
      method: "POST",
      headers: { "content-type": "application/x-ndjson" },
      body,
    });
    expect([answer.status, ((await answer.json()) as { code: string }).code]).toEqual([403, "not_allowed"]);
  }
});

test.each(["yes", "no"])("D04 a client that leaves in the middle of a stream harms nobody; read: %s", async (look) => {
  const before = server.current.logged("refuses").length;
  const socket = connect(server.current.port, "127.0.0.1");
  socket.write(
    `POST /v1/refuses HTTP/1.1\r\nHost: a\r\nX-Look: ${look}\r\nContent-Type: application/x-ndjson\r\nContent-Length: 9\r\n\r\nx`,
  );
  await vi.waitFor(() => expect(server.current.logged("refuses").length).toBe(before + 1));
  socket.destroy();
  await once(socket, "close");
  expect((await fetch(`${server.current.url}/v1/quick`)).status).toBe(200);
});

test("a stream that breaks off ends in a cut connection, never in a whole answer", async () => {
  const response = await fetch(`${server.current.url}/v1/breaks`);
  await expect(response.text()).rejects.toThrow();
  await vi.waitFor(() =>
    expect(server.current.logged("breaks").at(-1)).toMatchObject({ status: 500, code: "internal" }),
  );
});

test("a stalling event loop sheds strangers until it runs again; one pause sheds nobody", async () => {
  let nowMs = 0;
  let looks = 0;
  let lateMs = 0;
  const look = () => {
    looks += 1;
    nowMs += lateMs;
    return nowMs;
  };
  const clock = { now: () => nowMs, monotonicMs: look };
  const shedding = createShedding({ inFlightMax: 5, inFlightReserved: 1, loopDelayMaxMs: 400, clock, random: () => 0 });
  const stop = shedding.watch();
  shedding.enter();
  shedding.confirm();
  const before = looks;
  nowMs += 10_000;
  await vi.waitFor(() => expect(looks).toBeGreaterThan(before));
  shedding.confirm();
  lateMs = 10_000;
  await vi.waitFor(() => expect(() => shedding.confirm()).toThrow("more work"));
  lateMs = 0;
  await vi.waitFor(() => shedding.confirm());
  stop();
  expect(shedding.inFlight).toBe(1);
});

test("K08 under load, every request that reached a handler is answered while the server drains", async () => {
  for (let round = 0; round < 3; round++) {
    let handled = 0;
    const quick = defineRoute({
      ...fields,
      method: "GET",
      path: "/v1/quick",
      name: "quick",
      handler: async (ctx) => {
        handled++;
        await ctx.db.query({ text: "SELECT pg_sleep(0.002)" });
        return { status: 200, json: {} };
      },
    });
    const started = await startTestHttp(database, { routes: [quick], settings: { drainGraceMs: 100 } });
    let answered = 0;
    const warm = Promise.withResolvers<void>();
    // Each client goes on until its connection is refused, or cut before its request was read.
    const client = async () => {
      for (;;) {
        const response = await fetch(`${started.url}/v1/quick`).catch(() => undefined);
        if (response === undefined) return;
        expect(response.status).toBe(200);
        expect(await response.text()).toBe("{}");
        if (++answered === 100) warm.resolve();
      }
    };
    const clients = Array.from({ length: 16 }, client);
    await warm.promise;
    await started.http.drain();
    await Promise.all(clients);
    await started.http.stop();
    expect(answered).toBe(handled);
  }
});
