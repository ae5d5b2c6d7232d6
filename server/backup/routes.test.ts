// The doors of backups, against a real server: one at a time, seen by everybody, fetched by an owner alone, and what is wrong
// with a file is said.
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { call, setupUrl, startServer, testServer } from "../../test/support/server.ts";
import { checkArchive } from "./restore-run.ts";
import { claimSlot, recordOutcome } from "./schedule-state.ts";
import { claimWork, type WorkState, workStateKey } from "./work-state.ts";

const server = testServer({ LANDFALL_BACKUP_SCHEDULE: "15 3 * * *" });
const password = "correct horse battery";
let owner: string;
const folder = () => join(server.dataDir, "backups");

beforeAll(async () => {
  const secret = setupUrl(server).split("#setup=")[1];
  const made = await server.call("POST", "/v1/setup", { secret, email: "owner@example.com", password }, { as: null });
  owner = made.json.token;
  const definition = { name: "posts", fields: [{ name: "title", type: "text" }], rules: {} };
  expect((await server.call("POST", "/v1/collections", definition)).status).toBe(201);
  expect((await server.call("POST", "/v1/collections/posts/records", [{ title: "a" }, { title: "b" }])).status).toBe(
    201,
  );
}, 120_000);

const backups = async () => (await server.call("GET", "/v1/backups", undefined, { as: owner })).json;

async function ended() {
  await expect.poll(async () => (await backups()).work.outcome, { timeout: 60_000, interval: 50 }).not.toBe("running");
  return backups();
}

const logged = (event: string) =>
  expect.poll(() => server.output(), { timeout: 10_000 }).toContain(`"event":"${event}"`);

async function taken() {
  expect((await server.call("POST", "/v1/backups", undefined, { as: owner })).status).toBe(202);
  return ended();
}

const ticketFor = async (name: string, given = password, as: string = owner) =>
  server.call("POST", `/v1/backups/${name}:download`, { password: given }, { as });

test("without backups the list says how they are planned", async () => {
  const { items, work, plan } = await backups();
  expect({ items, work }).toEqual({ items: [], work: null });
  expect(plan).toMatchObject({
    schedule: "15 3 * * *",
    keep: 7,
    encrypted: false,
    beforeMigration: true,
    folder: folder(),
  });
  expect(plan.nextAt).toMatch(/T03:15:00.000Z$/);
});

test("one is taken, rehearsed, fetched by its link once, and deleted", async () => {
  const { items, work } = await taken();
  expect(work).toMatchObject({
    kind: "take",
    outcome: "done",
    message: null,
    name: items[0].name,
    by: expect.stringMatching(/^admin:/),
  });
  expect(work.done).toBe(work.total);
  expect(items).toEqual([
    expect.objectContaining({ kind: "by-hand", encrypted: false, verified: null, version: expect.any(String) }),
  ]);
  const { name, bytes } = items[0];

  expect((await server.call("POST", `/v1/backups/${name}:verify`, undefined, { as: owner })).status).toBe(202);
  const [found] = (await ended()).items;
  expect(found.verified).toMatchObject({
    ok: true,
    message: null,
    rows: expect.any(Number),
    tables: expect.any(Number),
  });

  const link = (await ticketFor(name)).json;
  const answer = await fetch(server.url + link.url);
  expect(answer.headers.get("content-disposition")).toBe(`attachment; filename="${name}"`);
  expect(answer.headers.get("content-length")).toBe(String(bytes));
  expect(answer.headers.get("cache-control")).toBe("no-store");
  const file = Buffer.from(await answer.arrayBuffer());
  expect(file.equals(readFileSync(join(folder(), name)))).toBe(true);
  const { trailer } = await checkArchive({
    read: async function* () {
      yield file;
    },
  });
  expect(trailer.rows).toBe(found.verified.rows);
  expect((await call(server.url, "GET", link.url, undefined, { as: null })).json.code).toBe("backup_ticket_invalid");
  await logged("backup_downloaded");
  expect(server.output()).not.toContain("ticket=");

  expect((await server.call("DELETE", `/v1/backups/${name}`, undefined, { as: owner })).status).toBe(204);
  expect((await backups()).items).toEqual([]);
  expect((await server.call("DELETE", `/v1/backups/${name}`, undefined, { as: owner })).json.code).toBe(
    "backup_not_found",
  );
}, 120_000);

test("a link needs an owner's password: not a session alone, not the service key, not for another file", async () => {
  const { name } = (await taken()).items[0];
  expect((await ticketFor(name, "wrong password")).json.code).toBe("password_wrong");
  await logged("backup_download_refused");
  expect((await server.call("POST", `/v1/backups/${name}:download`, { password })).json.code).toBe(
    "admin_session_required",
  );
  expect((await ticketFor(name, password, "lf_key_none")).status).toBe(401);
  const { url } = (await ticketFor(name)).json;
  const other = url.replace(name, name.replace("by-hand", "scheduled"));
  expect((await call(server.url, "GET", other, undefined, { as: null })).json.code).toBe("backup_ticket_invalid");
  expect((await call(server.url, "GET", url.slice(0, -4), undefined, { as: null })).status).toBe(403);
  // None of these used it up.
  expect((await fetch(server.url + url)).status).toBe(200);
  const [first, second] = await Promise.all(
    [1, 2].map(async () => fetch(server.url + (await ticketFor(name)).json.url)),
  );
  expect([first?.status, second?.status]).toEqual([200, 200]);
  const { url: once } = (await ticketFor(name)).json;
  const tries = await Promise.all([1, 2, 3].map(() => fetch(server.url + once)));
  expect(tries.map(({ status }) => status).sort()).toEqual([200, 403, 403]);
}, 120_000);

test.each(["../master.key", "..%2fmaster.key", "master.key", "by-hand-20261120T100000Z.lfbackup.part"])(
  "no name leads out of the folder: %s",
  async (name) => {
    for (const [method, path] of [
      ["DELETE", ""],
      ["POST", ":verify"],
    ] as const) {
      const { status } = await call(server.url, method, `/v1/backups/${name}${path}`);
      expect([400, 404, 405]).toContain(status);
    }
    expect(existsSync(join(server.dataDir, "backups"))).toBe(true);
  },
);

test("a damaged file is found by its rehearsal, and the list keeps saying so until it is another file", async () => {
  const { name } = (await taken()).items[0];
  const path = join(folder(), name);
  const bytes = readFileSync(path);
  bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] as number) ^ 1;
  writeFileSync(path, bytes);
  await server.call("POST", `/v1/backups/${name}:verify`, undefined, { as: owner });
  const { items, work } = await ended();
  expect(work).toMatchObject({ outcome: "failed", message: expect.stringContaining("damaged") });
  expect(items[0].verified).toMatchObject({ ok: false, message: expect.stringContaining("damaged") });
  writeFileSync(path, Buffer.concat([bytes, Buffer.from("x")]));
  expect((await backups()).items[0].verified).toBeNull();
  await server.call("DELETE", `/v1/backups/${name}`);
}, 120_000);

test("one at a time over all processes; one whose process was killed is called failed and gives way", async () => {
  const { db } = server.database;
  const state: WorkState = {
    id: "other",
    kind: "take",
    name: "x",
    by: "admin:1",
    startedAt: "2026-11-20T10:00:00.000Z",
    done: 1,
    total: 5,
    bytes: 9,
    endedAt: null,
    outcome: null,
    message: null,
  };
  await claimWork(db, state);
  for (const path of ["/v1/backups", `/v1/backups/${(await backups()).items[0]?.name}:verify`])
    expect((await server.call("POST", path, undefined, { as: owner })).json.code).toMatch(
      /backup_running|backup_not_found|input_invalid/,
    );
  expect((await server.call("POST", "/v1/backups")).json.code).toBe("backup_running");
  expect((await backups()).work).toMatchObject({ outcome: "running", done: 1, total: 5 });
  expect((await server.call("POST", "/v1/backups:cancel")).status).toBe(202);
  await db.query({
    text: `UPDATE landfall.meta SET value = value || '{"aliveMs": 0}' WHERE key = $1`,
    values: [workStateKey],
  });
  expect((await backups()).work).toMatchObject({ outcome: "failed", message: expect.stringContaining("killed") });
  expect((await server.call("POST", "/v1/backups:cancel")).json.code).toBe("backup_not_running");
  expect((await taken()).work.outcome).toBe("done");
}, 120_000);

test("while the schedule's backup runs, the list says since when, and nothing else begins", async () => {
  const { db } = server.database;
  const since = new Date().toISOString();
  await claimSlot(db, since, since);
  expect((await backups()).plan.runningSince).toBe(since);
  expect((await server.call("POST", "/v1/backups", undefined, { as: owner })).json.code).toBe("backup_running");
  await recordOutcome(db, {});
  expect((await backups()).plan.runningSince).toBeNull();
});

test("stopped by hand it leaves no file; the second server shows it and stops it", async () => {
  const { db } = server.database;
  // Whoever alters a table keeps the backup waiting for its lock.
  await db.transaction(async (tx) => {
    await tx.query({ text: "LOCK TABLE public.posts IN ACCESS EXCLUSIVE MODE" });
    expect((await server.call("POST", "/v1/backups", undefined, { as: owner })).status).toBe(202);
    const second = await startServer({
      DATABASE_URL: server.database.url,
      LANDFALL_MASTER_KEY: readFileSync(join(server.dataDir, "master.key"), "utf8").trim(),
    });
    try {
      expect((await call(second.url, "GET", "/v1/backups")).json.work.outcome).toBe("running");
      expect((await call(second.url, "POST", "/v1/backups:cancel")).status).toBe(202);
    } finally {
      await second.stop();
    }
    // The lock is still held: what waits for it is stopped too.
    expect((await ended()).work).toMatchObject({ outcome: "cancelled", message: "It was stopped by hand." });
  });
  const { work } = await backups();
  expect(readdirSync(folder()).filter((name) => name.endsWith(".part") || name === work.name)).toEqual([]);
}, 120_000);

test("a server that is stopped while it rehearses ends in order, leaves no Postgres behind, and the next one says why", async () => {
  const { name } = (await taken()).items[0];
  const dataDir = mkdtempSync(join(tmpdir(), "lf-stopped-"));
  const settings = { DATABASE_URL: server.database.url, LANDFALL_DATA_DIR: dataDir, TMPDIR: dataDir, LANDFALL_MASTER_KEY: readFileSync(join(server.dataDir, "master.key"), "utf8").trim() }; // biome-ignore format: one line
  cpSync(folder(), join(dataDir, "backups"), { recursive: true });
  try {
    const other = await startServer(settings);
    expect((await call(other.url, "POST", `/v1/backups/${name}:verify`)).status).toBe(202);
    expect(await other.stop()).toBe(0);
    expect((await backups()).work).toMatchObject({ kind: "verify", outcome: "failed", message: "The server was stopped meanwhile." }); // biome-ignore format: one line
    expect(readdirSync(dataDir).filter((entry) => entry.startsWith("landfall-drill-"))).toEqual([]);
  } finally {
    rmSync(dataDir, { recursive: true, force: true });
  }
}, 120_000);
