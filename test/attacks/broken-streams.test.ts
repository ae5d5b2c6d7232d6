// Clients that leave in the middle: bodies that stop half-way, downloads that nobody reads to the end. Nothing of them may
// stay: no connection, no transaction, no lock, no place among those being worked on.
import { readdirSync } from "node:fs";
import { connect } from "node:net";
import { beforeAll, expect, test } from "vitest";
import { serviceKey, testServer } from "../support/server.ts";

const server = testServer({
  LANDFALL_RATE_PER_ADDRESS: "0",
  LANDFALL_RATE_PER_CREDENTIAL: "0",
  LANDFALL_LOG_LEVEL: "warn",
});
const records = "/v1/collections/notes/records";
const times = 200;
const parallel = 20;

beforeAll(async () => {
  const notes = { name: "notes", fields: [{ name: "text", type: "text", max: 2_000 }], rules: { list: "true" } };
  expect((await server.call("POST", "/v1/collections", notes)).status).toBe(201);
  await server.database.db.query({ text: `INSERT INTO public.notes (id, text) SELECT 'n' || n, repeat('x', 200) FROM generate_series(1, 1100) n` }); // biome-ignore format: one line
});

const head = (method: string, path: string, more = "") => `${method} ${path} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${serviceKey}\r\n${more}\r\n`; // biome-ignore format: one line
const chunk = (text: string) => `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`;
const json = "Content-Type: application/json\r\n";
const ndjson = "Content-Type: application/x-ndjson\r\n";
const chunked = "Transfer-Encoding: chunked\r\n";
const lines = (count: number) => Array.from({ length: count }, (_, n) => `{"text":"line ${n}"}\n`).join("");

interface Leaving {
  readonly bytes: (n: number) => string;
  /** When the client leaves: once it has sent everything, or once it has received something. */
  readonly after: "sent" | "answered";
  /** With a reset instead of an orderly end. */
  readonly reset?: boolean;
}

const half = '{"id":"half","text":"wor';
const leavings: { readonly [name: string]: Leaving } = {
  "a JSON body with a length": { bytes: () => head("POST", records, `${json}Content-Length: 90\r\n`) + half, after: "sent" }, // biome-ignore format: one row
  "a JSON body in chunks": { bytes: () => head("POST", records, json + chunked) + chunk(half), after: "sent", reset: true }, // biome-ignore format: one row
  "a JSON body under an idempotency key": { bytes: (n) => head("POST", records, `${json}Idempotency-Key: k${n}\r\nContent-Length: 90\r\n`) + half, after: "sent" }, // biome-ignore format: one row
  "a batch": { bytes: () => head("POST", "/v1/batch", json + chunked) + chunk('{"operations":[{"op":"delete"'), after: "sent", reset: true }, // biome-ignore format: one row
  "an import with a length": { bytes: (n) => head("POST", `${records}:import?importId=a${n}`, `${ndjson}Content-Length: 9000\r\n`) + lines(3) + half, after: "sent" }, // biome-ignore format: one row
  "an import in chunks": { bytes: (n) => head("POST", `${records}:import?importId=b${n}`, ndjson + chunked) + chunk(lines(3) + half), after: "sent", reset: true }, // biome-ignore format: one row
  "an atomic import": { bytes: (n) => head("POST", `${records}:import?importId=c${n}&atomic=true`, ndjson + chunked) + chunk(lines(30) + half), after: "sent" }, // biome-ignore format: one row
  "an import with progress": { bytes: (n) => head("POST", `${records}:import?importId=d${n}`, `${ndjson}Accept: application/x-ndjson\r\n${chunked}`) + chunk(lines(3) + half), after: "sent", reset: true }, // biome-ignore format: one row
  "an export, after its first bytes": { bytes: () => head("GET", `${records}:export`), after: "answered" },
  "an export, reset": { bytes: () => head("GET", `${records}:export`), after: "answered", reset: true },
  "an export, before its first bytes": { bytes: () => head("GET", `${records}:export`), after: "sent", reset: true },
  "a list, after its first bytes": { bytes: () => head("GET", `${records}?limit=1000`), after: "answered" },
  "a list, before its first bytes": { bytes: () => head("GET", `${records}?limit=100&count=exact`), after: "sent", reset: true }, // biome-ignore format: one row
};

function leave({ bytes, after, reset }: Leaving, n: number): Promise<void> {
  return new Promise((resolve) => {
    const socket = connect(server.port, "127.0.0.1");
    const go = () => (reset ? socket.resetAndDestroy() : socket.destroy());
    socket.on("error", () => {});
    socket.on("close", () => resolve());
    if (after === "answered") socket.once("data", go);
    socket.write(bytes(n), () => after === "sent" && go());
  });
}

/** What is in use: by the database's account, by the server's own, and by the kernel's. */
async function inUse() {
  const [row] = await server.database.db.query<{ open: number; busy: number; locks: number }>({
    text: `SELECT count(*) FILTER (WHERE state LIKE 'idle in transaction%')::int AS open,
             count(*) FILTER (WHERE state = 'active')::int AS busy,
             (SELECT count(*)::int FROM pg_locks l WHERE l.locktype = 'advisory' AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database()) AND l.pid = ANY (array_agg(a.pid))) AS locks
           FROM pg_stat_activity a WHERE datname = current_database() AND pid <> pg_backend_pid()`,
  });
  const metrics = (await server.call("GET", "/metrics")).text;
  const figure = (name: string) => Number(metrics.split(`\n${name} `)[1]?.split("\n", 1)[0]);
  return {
    ...row,
    inFlight: figure("landfall_http_in_flight"),
    waiting: figure('landfall_db_connections{state="waiting"}'),
    held: figure('landfall_db_connections{state="busy"}'),
  };
}

const descriptors = () => readdirSync(`/proc/${server.pid}/fd`).length;
const nothing = { open: 0, busy: 0, locks: 0, inFlight: 0, waiting: 0, held: 0 };

test("N04 clients that leave in the middle, 200 of each kind, leave nothing behind", async () => {
  await expect.poll(inUse, { timeout: 10_000 }).toEqual(nothing);
  const before = process.platform === "linux" ? descriptors() : 0;
  for (const [name, leaving] of Object.entries(leavings)) {
    let next = 0;
    const worker = async () => {
      while (next < times) await leave(leaving, next++);
    };
    await Promise.all(Array.from({ length: parallel }, worker));
    await expect.poll(inUse, { timeout: 20_000, message: name }).toEqual(nothing);
  }
  if (process.platform === "linux") await expect.poll(descriptors, { timeout: 10_000 }).toBeLessThan(before + 20);
  // What came half was not taken for a whole.
  const { rows } = await server.database.db.texts({ text: "SELECT count(*)::text FROM public.notes" });
  expect(rows).toEqual([["1100"]]);
  expect((await server.call("GET", "/readyz", undefined, { as: null })).status).toBe(200);
  const faults = server.output().split("\n").filter((line) => /"level":(50|60)/.test(line) || /"level":"(error|fatal)"/.test(line)); // biome-ignore format: one line
  expect(faults).toEqual([]);
}, 300_000);

test("N04 an import that broke off holds nothing: the same lines go on under its id", async () => {
  for (const [n, reset] of [false, true].entries()) {
    const text = lines(2_500);
    const path = `${records}:import?importId=again${n}`;
    const bytes = () =>
      head("POST", path, `${ndjson}Content-Length: ${text.length}\r\n`) + text.slice(0, text.length / 2);
    await leave({ bytes, after: "sent", reset }, 0);
    const again = () => server.call("POST", path, text, { headers: { "content-type": "application/x-ndjson" } });
    // Until the server has noticed that the first one is gone.
    await expect.poll(async () => (await again()).json, { timeout: 20_000 }).toMatchObject({ state: "done", lines: 2_500, imported: 2_500 }); // biome-ignore format: one line
  }
  const { rows } = await server.database.db.texts({ text: "SELECT count(*)::text FROM public.notes" });
  expect(rows).toEqual([["6100"]]);
}, 60_000);
