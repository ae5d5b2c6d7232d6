// What stands in front of a protocol that answers for itself: admission, limits, a body that is read and bounded, and headers.
import { expect, test } from "vitest";
import { testDatabase } from "../../../test/support/database.ts";
import { startTestHttp, type TestHttp, type TestHttpOptions } from "../../../test/support/http.ts";
import type { ProtocolCall, ProtocolMount } from "./protocol-mount.ts";

const database = testDatabase();

async function withMount(
  serve: ProtocolMount["serve"],
  work: (server: TestHttp) => Promise<void>,
  settings: TestHttpOptions["settings"] = {},
): Promise<void> {
  const paths = { "/talk": "talk", "/talk/{id}": "talkOne" };
  const mount: ProtocolMount = {
    paths,
    bodyLimitBytes: 1_000,
    policy: ["default-src 'none'", "img-src 'self'"],
    serve,
  };
  const server = await startTestHttp(database, { protocols: [mount], settings });
  try {
    await work(server);
  } finally {
    await server.http.stop();
  }
}

const echo = async ({ body, response, ip, requestId }: ProtocolCall) => {
  response.writeHead(418, { "Content-Type": "text/plain" }).end(`${body} ${ip} ${requestId}`);
};

test("gets the whole body, the client's address and the request's id, and answers as it likes", async () => {
  await withMount(echo, async ({ url, logged }) => {
    const answer = await fetch(`${url}/talk/1`, {
      method: "POST",
      body: "hello",
      headers: { "x-request-id": "abc-1" },
    });
    expect([answer.status, await answer.text()]).toEqual([418, "hello 127.0.0.1 abc-1"]);
    expect(answer.headers.get("content-security-policy")).toBe("default-src 'none'; img-src 'self'");
    expect(answer.headers.get("x-frame-options")).toBe("DENY");
    expect(answer.headers.get("x-content-type-options")).toBe("nosniff");
    expect(answer.headers.get("x-request-id")).toBe("abc-1");
    expect(answer.headers.get("cache-control")).toBe("no-store");
    expect(logged("talkOne")).toMatchObject([{ status: 418, actor: "anonymous" }]);
  });
});

test("no credential of ours is asked for: the header is the protocol's", async () => {
  await withMount(echo, async ({ url }) => {
    expect((await fetch(`${url}/talk`, { headers: { authorization: "Basic eDp5" } })).status).toBe(418);
  });
});

test("addresses beneath it that it did not name are not there", async () => {
  await withMount(echo, async ({ url }) => {
    for (const path of ["/talk/1/2", "/talking", "/talk/"]) expect((await fetch(url + path)).status).toBe(404);
  });
});

test("a body over its limit is refused, and it never hears of it", async () => {
  let heard = 0;
  const serve = async (call: ProtocolCall) => {
    heard++;
    await echo(call);
  };
  await withMount(serve, async ({ url }) => {
    const answer = await fetch(`${url}/talk`, { method: "POST", body: "x".repeat(1_001) });
    expect([answer.status, ((await answer.json()) as { code: string }).code, heard]).toEqual([
      413,
      "body_too_large",
      0,
    ]);
  });
});

test("what it throws before it answered is a problem without its headers; the cause stays inside", async () => {
  const serve = async ({ response }: ProtocolCall) => {
    response.setHeader("X-Half", "done");
    throw new Error("secret detail");
  };
  await withMount(serve, async ({ url, logged }) => {
    const answer = await fetch(`${url}/talk`);
    expect([answer.status, answer.headers.get("content-type"), answer.headers.get("x-half")]).toEqual([500, "application/problem+json", null]); // biome-ignore format: one line
    expect(await answer.text()).not.toContain("secret detail");
    expect(JSON.stringify(logged("talk"))).toContain("secret detail");
  });
});

test("T20 it counts against the address like everything else", async () => {
  await withMount(
    echo,
    async ({ url }) => {
      const statuses = await Promise.all(Array.from({ length: 8 }, async () => (await fetch(`${url}/talk`)).status));
      expect(statuses.sort()).toEqual([418, 418, 418, 418, 418, 429, 429, 429]);
      expect((await fetch(`${url}/talk`)).headers.get("retry-after")).toBeTruthy();
    },
    { ratePerAddress: 5 },
  );
});

test("what comes on top of the places there are is shed", async () => {
  let release = () => {};
  const until = new Promise<void>((resolve) => {
    release = resolve;
  });
  let entered = 0;
  const serve = async (call: ProtocolCall) => {
    entered++;
    await until;
    await echo(call);
  };
  await withMount(
    serve,
    async ({ url }) => {
      const first = [fetch(`${url}/talk`), fetch(`${url}/talk`)];
      await expect.poll(() => entered).toBe(2);
      expect((await fetch(`${url}/talk`)).status).toBe(503);
      release();
      expect((await Promise.all(first)).map(({ status }) => status)).toEqual([418, 418]);
    },
    { inFlightMax: 2, inFlightReserved: 0 },
  );
});
