// The overview: its figures against the database, one failing source, and the notice about another host.
import pino from "pino";
import { expect, test } from "vitest";
import { testDatabase } from "../../test/support/database.ts";
import { createAdmin } from "../auth/index.ts";
import { anonymous } from "../kernel/actor.ts";
import { product } from "../kernel/product.ts";
import { hostNotice } from "./host-notice.ts";
import { type AdminRoomOptions, adminRoomRoutes } from "./routes.ts";

const database = testDatabase();
const publicUrl = "https://api.example.com";

function overview(options: Partial<AdminRoomOptions> = {}) {
  let passedMs = 0;
  const clock = { now: () => Date.UTC(2026, 0, 1) + passedMs, monotonicMs: () => passedMs };
  const lines: string[] = [];
  const log = pino({}, { write: (line: string) => lines.push(line) });
  const collections = { current: () => ({ byName: new Map([["posts", 1]]) }) };
  const [route] = adminRoomRoutes({ clock, publicUrl, collections, figures: {}, ...options });
  if (!route) throw new Error("no route");
  const ask = async (host: string) => {
    passedMs += 90_500;
    const { signal } = new AbortController();
    const ctx = {
      actor: anonymous,
      requestId: "r",
      door: "rest" as const,
      nowMs: clock.now(),
      db: database.db,
      log,
      signal,
    };
    const input = { params: undefined, query: undefined, body: undefined, stream: undefined as never, ip: "::1" };
    const { json } = await route.handler(ctx, { ...input, headers: { host } });
    return route.responses[200]?.schema?.parse(JSON.parse(JSON.stringify(json)));
  };
  return { route, ask, lines };
}

test("X11 the overview is for admins", () => {
  expect(overview().route.access).toBe("admin");
});

test("figures are those of the database and of the rooms", async () => {
  const clock = { now: () => Date.UTC(2026, 0, 1), monotonicMs: () => 0 };
  await createAdmin(database.db, { email: "owner@example.com", password: "correct horse" }, { clock });
  const [size] = await database.db.query<{ bytes: number }>({
    text: "SELECT pg_database_size(current_database()) AS bytes",
  });
  const { ask } = overview({ figures: { changeLog: async () => ({ lagEntries: 3 }) } });
  expect(await ask("api.example.com")).toMatchObject({
    version: product.version,
    publicUrl,
    startedAt: "2026-01-01T00:00:00.000Z",
    uptimeSeconds: 90,
    database: { version: expect.stringMatching(/^\d+\.\d+/), sizeBytes: size?.bytes },
    counts: { collections: 1, admins: 1, apiKeys: 0 },
    figures: { changeLog: { lagEntries: 3 } },
    notices: [],
  });
});

test("X10 a room whose figures fail is a notice without the reason, which goes to the log", async () => {
  const changeLog = async () => {
    throw new Error('relation "landfall.tick" does not exist');
  };
  const { ask, lines } = overview({ figures: { changeLog } });
  const answer = await ask("api.example.com");
  expect(answer).toMatchObject({ figures: { changeLog: null }, notices: [{ code: "figures_missing" }] });
  expect(JSON.stringify(answer)).not.toContain("landfall.tick");
  expect(lines.join("")).toContain("landfall.tick");
});

test("requests under another host give a notice", async () => {
  expect(await overview().ask("other.example.com")).toMatchObject({ notices: [{ code: "other_host" }] });
});

test.each([
  [publicUrl, "api.example.com", false],
  [publicUrl, "API.example.com:443", false],
  [publicUrl, "api.example.com:8443", true],
  [publicUrl, "10.0.0.5:4710", true],
  ["http://localhost:4710", "127.0.0.1:4710", false],
  ["http://localhost:4710", "[::1]:4710", false],
  ["http://localhost:4710", "localhost:4711", true],
  ["http://localhost:4710", "192.168.1.2:4710", true],
  [publicUrl, undefined, false],
  [publicUrl, "evil.example.com/<script>", false],
  [publicUrl, "user@api.example.com", false],
  [publicUrl, "x".repeat(10_000), false],
])("T09 %s asked as %s: notice %s", (url, host, expected) => {
  expect(hostNotice(url, host) !== undefined).toBe(expected);
});
