// Request smuggling: bytes that a proxy in front might read as one request and we as two, or the other way round. Whatever is
// ambiguous is refused, the connection ends with it, and what stands behind it on the connection is never done.
import { connect } from "node:net";
import { beforeAll, expect, test } from "vitest";
import { serviceKey, testServer } from "../support/server.ts";

const server = testServer({ LANDFALL_RATE_PER_ADDRESS: "0", LANDFALL_RATE_PER_CREDENTIAL: "0" });
const records = "/v1/collections/posts/records";

beforeAll(async () => {
  const posts = { name: "posts", fields: [{ name: "title", type: "text" }], rules: { list: "true" } };
  expect((await server.call("POST", "/v1/collections", posts)).status).toBe(201);
  for (const id of ["p1", "p2", "p3"]) expect((await server.call("POST", records, { id })).status).toBe(201);
});

const credential = `Authorization: Bearer ${serviceKey}\r\n`;
const creates = (id: string) => `{"id":"${id}"}`;
/** A whole and honest request with an effect: what an attacker wants to be run as somebody else's. */
const smuggled = request(`POST ${records}`, creates("smuggled"));
/** The beginning of a request with an effect of its own, whose framing each attack makes ambiguous. */
const head = `POST ${records} HTTP/1.1\r\nHost: a\r\n${credential}Content-Type: application/json\r\n`;
const chunked = `${creates("carrier").length.toString(16)}\r\n${creates("carrier")}\r\n0\r\n\r\n`;
const get = (host: string, target = `${records}/p1`, version = "1.1") => `GET ${target} HTTP/${version}\r\n${host}${credential}\r\n`; // biome-ignore format: one line

function request(line: string, body = "", more = ""): string {
  const length = body === "" ? "" : `Content-Type: application/json\r\nContent-Length: ${body.length}\r\n`;
  return `${line} HTTP/1.1\r\nHost: a\r\n${credential}${length}${more}\r\n${body}`;
}

const attacks: readonly (readonly [name: string, bytes: string])[] = [
  ["CL.TE", `${head}Content-Length: ${chunked.length}\r\nTransfer-Encoding: chunked\r\n\r\n${chunked}`],
  ["TE.CL", `${head}Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n${chunked}`],
  ["two lengths that differ", `${head}Content-Length: 0\r\nContent-Length: 16\r\n\r\n`],
  ["two lengths that agree", `${head}Content-Length: 16\r\nContent-Length: 16\r\n\r\n${creates("carrier")}`],
  ["a list of lengths", `${head}Content-Length: 16, 16\r\n\r\n${creates("carrier")}`],
  ["chunked twice", `${head}Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n${chunked}`],
  ["chunked twice in a list", `${head}Transfer-Encoding: chunked, chunked\r\n\r\n${chunked}`],
  ["identity before chunked", `${head}Transfer-Encoding: identity, chunked\r\n\r\n${chunked}`],
  ["gzip before chunked", `${head}Transfer-Encoding: gzip, chunked\r\n\r\n${chunked}`],
  ["chunked not last", `${head}Transfer-Encoding: chunked, identity\r\n\r\n${chunked}`],
  ["xchunked", `${head}Transfer-Encoding: xchunked\r\n\r\n${chunked}`],
  ["chunked in quotes", `${head}Transfer-Encoding: "chunked"\r\n\r\n${chunked}`],
  ["chunked with a parameter", `${head}Transfer-Encoding: chunked;q=1\r\n\r\n${chunked}`],
  ["chunked behind a vertical tab", `${head}Transfer-Encoding: \x0bchunked\r\n\r\n${chunked}`],
  ["chunked in HTTP/1.0", `${head.replace("HTTP/1.1", "HTTP/1.0")}Connection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n${chunked}`], // biome-ignore format: one line
  ["bare LF ends the lines", `${head.replaceAll("\r\n", "\n")}Content-Length: 16\n\n${creates("carrier")}`],
  ["bare LF hides a header", `${head}X-A: b\nContent-Length: 16\r\n\r\n${creates("carrier")}`],
  ["bare CR hides a header", `${head}X-A: b\rContent-Length: 16\r\n\r\n`],
  ["bare LF behind a chunk's size", `${head}Transfer-Encoding: chunked\r\n\r\n${chunked.replace("\r\n", "\n")}`],
  ["bare LF behind the last chunk", `${head}Transfer-Encoding: chunked\r\n\r\n0\n\n`],
  ["negative length", `${head}Content-Length: -16\r\n\r\n${creates("carrier")}`],
  ["length with a plus", `${head}Content-Length: +16\r\n\r\n${creates("carrier")}`],
  ["length in hex", `${head}Content-Length: 0x10\r\n\r\n${creates("carrier")}`],
  ["length with a fraction", `${head}Content-Length: 16.0\r\n\r\n${creates("carrier")}`],
  ["empty length", `${head}Content-Length: \r\n\r\n`],
  ["length beyond 64 bits", `${head}Content-Length: 18446744073709551632\r\n\r\n${creates("carrier")}`],
  ["chunk size beyond 64 bits", `${head}Transfer-Encoding: chunked\r\n\r\n10000000000000000\r\n\r\n`],
  ["negative chunk size", `${head}Transfer-Encoding: chunked\r\n\r\n-1\r\n\r\n`],
  ["chunk size with 0x", `${head}Transfer-Encoding: chunked\r\n\r\n0x0\r\n\r\n`],
  ["chunk longer than its size", `${head}Transfer-Encoding: chunked\r\n\r\n1\r\n{}\r\n0\r\n\r\n`],
  ["line break in a chunk extension", `${head}Transfer-Encoding: chunked\r\n\r\n0;a\nb\r\n\r\n`],
  ["length in a trailer", `${head}Transfer-Encoding: chunked\r\n\r\n${chunked.slice(0, -2)}Content-Length: 16\r\n\r\n`],
  ["folded length", `${head}Content-Length:\r\n 16\r\n\r\n${creates("carrier")}`],
  ["folded header", `${head}X-A: b\r\n Content-Length: 16\r\n\r\n`],
  ["folded coding beside a length", `${head}Transfer-Encoding:\r\n chunked\r\nContent-Length: 0\r\n\r\n${chunked}`],
  ["space before the colon of the length", `${head}Content-Length : 16\r\n\r\n${creates("carrier")}`],
  ["space before the colon of the coding", `${head}Transfer-Encoding : chunked\r\n\r\n${chunked}`],
  ["space before the first header", head.replace("\r\n", "\r\n ").concat("Content-Length: 0\r\n\r\n")],
  ["NUL in a header", `${head}X-A: b\0c\r\nContent-Length: 0\r\n\r\n`],
  ["two hosts", get("Host: a\r\nHost: b\r\n")],
  ["two hosts that agree", get("Host: a\r\nHOST: a\r\n")],
  ["no host", get("")],
  ["empty host", get("Host: \r\n")],
  ["host with a path", get("Host: a/b\r\n")],
  ["host with a user", get("Host: b@a\r\n")],
  ["host with a space", get("Host: a b\r\n")],
  ["host with a port that is none", get("Host: a:b\r\n")],
  ["two hosts in HTTP/1.0", get("Host: a\r\nHost: b\r\nConnection: keep-alive\r\n", `${records}/p1`, "1.0")],
  ["another host in the target", get("Host: a\r\n", `http://b${records}/p1`)],
  ["a user in the target", get("Host: a\r\n", `http://b@a${records}/p1`)],
  ["HTTP/2.0 in clear", get("Host: a\r\n", `${records}/p1`, "2.0")],
];

/** What came back until the server closed the connection. */
function exchange(bytes: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(server.port, "127.0.0.1", () => socket.write(Buffer.from(bytes, "latin1")));
    let text = "";
    socket.setEncoding("latin1");
    socket.on("data", (chunk: string) => {
      text += chunk;
    });
    socket.on("close", () => resolve(text));
    socket.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code !== "ECONNRESET" && error.code !== "EPIPE") reject(error);
    });
  });
}

const statusesIn = (answer: string) => [...answer.matchAll(/HTTP\/1\.1 (\d+) /g)].map(([, status]) => Number(status));
const made = async () =>
  (await server.database.db.query<{ id: string }>({ text: "SELECT id FROM public.posts ORDER BY id" })).map(({ id }) => id); // biome-ignore format: one line

test.each(attacks)(
  "4.2.1 smuggling: %s is 400, ends the connection, and nothing behind it is done",
  async (_name, bytes) => {
    const answer = await exchange(bytes + smuggled);
    expect(statusesIn(answer)).toEqual([400]);
    expect(answer).toContain("application/problem+json");
    expect(answer.toLowerCase()).toContain("connection: close");
    // A request behind it would have been answered, or at least begun, before this one.
    expect((await server.call("GET", `${records}/p1`)).status).toBe(200);
    expect(await made()).toEqual(["p1", "p2", "p3"]);
  },
);

test("4.2.1 smuggling: the bytes of a body are never a request, however it is framed", async () => {
  for (const frame of [
    `Content-Length: ${smuggled.length}\r\n\r\n${smuggled}`,
    `Transfer-Encoding: chunked\r\n\r\n${smuggled.length.toString(16)}\r\n${smuggled}\r\n0\r\n\r\n`,
    `TRANSFER-ENCODING: \t Chunked \r\n\r\n${smuggled.length.toString(16)};ext=1\r\n${smuggled}\r\n0\r\n\r\n`,
  ]) {
    const answer = await exchange(`${head}${frame}${request(`GET ${records}/p2`, "", "Connection: close\r\n")}`);
    expect(statusesIn(answer)).toEqual([400, 200]);
    expect(answer).toContain("json_malformed");
  }
  expect(await made()).toEqual(["p1", "p2", "p3"]);
});

test("4.2.1 honest requests behind each other are answered in their order, up to the one that is refused", async () => {
  const asked = ["p1", "p2", "nope", "p3", "p1"];
  const honest = asked.map((id, n) => request(`GET ${records}/${id}`, "", `X-Request-Id: ask-${n}\r\n`)).join("");
  const close = request(`GET ${records}/p2`, "", "X-Request-Id: last\r\nConnection: close\r\n");
  const idsIn = (answer: string) => [...answer.matchAll(/^X-Request-Id: (.+)\r$/gm)].map(([, id]) => id);
  const all = await exchange(honest + close);
  expect(statusesIn(all)).toEqual([200, 200, 404, 200, 200, 200]);
  expect(idsIn(all)).toEqual([...asked.map((_, n) => `ask-${n}`), "last"]);
  for (const [name, bytes] of attacks) {
    const answer = await exchange(honest + bytes + smuggled);
    expect(statusesIn(answer), name).toEqual([200, 200, 404, 200, 200, 400]);
    expect(idsIn(answer).slice(0, 5), name).toEqual(asked.map((_, n) => `ask-${n}`));
  }
  expect(await made()).toEqual(["p1", "p2", "p3"]);
});

test("what has no response of its own waits for the answers before it: expectations, tunnels, and problems too", async () => {
  const first = request(`GET ${records}/p1`).repeat(3);
  const missing = request(`GET ${records}/nope`, "", "Connection: close\r\n");
  expect(statusesIn(await exchange(first + request(`GET ${records}?nope=1`) + missing))).toEqual([200, 200, 200, 400, 404]); // biome-ignore format: one line
  const expecting = request(`POST ${records}`, creates("carrier"), "Expect: miracles\r\n");
  expect(statusesIn(await exchange(first + expecting + smuggled))).toEqual([200, 200, 200, 417]);
  expect(statusesIn(await exchange(`${first}CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\n\r\n${smuggled}`))).toEqual([200, 200, 200, 405]); // biome-ignore format: one line
  expect(await made()).toEqual(["p1", "p2", "p3"]);
});

test("an absolute target of the same host, and every form of a host, is honest", async () => {
  const hosts = ["a", "A.b-c_d.example", "localhost:4710", "127.0.0.1", "[::1]:80", "[::ffff:1.2.3.4]", "xn--bcher-kva.example:"]; // biome-ignore format: a list
  for (const host of hosts) {
    const line = (target: string) =>
      `GET ${target} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n${credential}\r\n`;
    expect(statusesIn(await exchange(line(`${records}/p1`))), host).toEqual([200]);
    expect(statusesIn(await exchange(line(`http://${host.toUpperCase()}${records}/p1`))), host).toEqual([200]);
  }
  expect(statusesIn(await exchange("GET /livez HTTP/1.0\r\n\r\n"))).toEqual([200]);
});
