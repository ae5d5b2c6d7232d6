// The embedded Postgres on real folders: made, refused, shared, taken over.
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { afterEach, expect, test } from "vitest";
import { type Cluster, openCluster } from "./cluster.ts";
import { readPostmaster } from "./postmaster.ts";

const folders: string[] = [];
const opened: Cluster[] = [];
const folder = () => {
  const made = mkdtempSync(join(tmpdir(), "lf-cluster-"));
  folders.push(made);
  return made;
};
const open = async (dataDir: string, more: Partial<Parameters<typeof openCluster>[0]> = {}) => {
  const cluster = await openCluster({ dataDir, create: true, ...more });
  opened.push(cluster);
  return cluster;
};

afterEach(async () => {
  for (const cluster of opened.splice(0).reverse()) await cluster.stop();
  for (const made of folders.splice(0)) rmSync(made, { recursive: true, force: true });
});

async function ask(connection: pg.ClientConfig, text: string): Promise<unknown[]> {
  const client = new pg.Client(connection);
  client.on("error", () => {});
  await client.connect();
  try {
    return (await client.query({ text, rowMode: "array" })).rows[0] as unknown[];
  } finally {
    await client.end();
  }
}

test("a new folder gets a cluster whose role is no superuser and owns its database", async () => {
  const dataDir = folder();
  const cluster = await open(dataDir);
  expect(cluster).toMatchObject({ role: "owner", created: true });
  const facts = `SELECT rolsuper, rolcreaterole, pg_get_userbyid(datdba), has_schema_privilege('public', 'CREATE')
                   FROM pg_roles, pg_database WHERE rolname = current_user AND datname = current_database()`;
  expect(await ask(cluster.connection, facts)).toEqual([false, false, "landfall", true]);
  expect(statSync(join(dataDir, "pg", "18")).mode & 0o077).toBe(0);
});

test("nobody gets in without the password, and nobody as the superuser", async () => {
  const { connection } = await open(folder());
  await expect(ask({ ...connection, password: "guess" }, "SELECT 1")).rejects.toThrow("password authentication failed");
  await expect(ask({ ...connection, user: "postgres", database: "postgres" }, "SELECT 1")).rejects.toThrow("pg_hba");
});

test("a second process on the folder is a guest and takes over when the owner stops", async () => {
  const dataDir = folder();
  const owner = await open(dataDir);
  const roles: unknown[] = [];
  const { promise: taken, resolve } = Promise.withResolvers<void>();
  const guest = await open(dataDir, {
    onChange: (event) => {
      roles.push(event);
      resolve();
    },
  });
  expect(guest.role).toBe("guest");
  await owner.stop();
  await taken;
  expect(roles).toEqual([{ role: "owner" }]);
  expect(await ask(owner.connection, "SELECT 1")).toEqual([1]);
});

test("of four that start on an empty folder at the same instant one is the owner", async () => {
  const dataDir = folder();
  const clusters = await Promise.all([1, 2, 3, 4].map(() => open(dataDir)));
  expect(clusters.map((cluster) => cluster.role).sort()).toEqual(["guest", "guest", "guest", "owner"]);
  expect(readdirSync(join(dataDir, "pg")).sort()).toEqual(["18", "run"]);
});

test("K02 a Postgres killed by -9 is started again by its owner", async () => {
  const dataDir = folder();
  let back = () => {};
  const again = new Promise<void>((resolve) => {
    back = resolve;
  });
  const cluster = await open(dataDir, { onChange: () => back() });
  process.kill(readPostmaster(join(dataDir, "pg", "18"))?.pid as number, "SIGKILL");
  await again;
  expect(cluster.role).toBe("owner");
  expect(await ask(cluster.connection, "SELECT 1")).toEqual([1]);
});

test("a stale postmaster.pid whose number belongs to another process now is cleared", async () => {
  const dataDir = folder();
  await (await open(dataDir)).stop();
  const stale = `${process.pid}\n${join(dataDir, "pg", "18")}\n1\n5432\n/x\n\n0 0\nready\n`;
  writeFileSync(join(dataDir, "pg", "18", "postmaster.pid"), stale);
  expect((await open(dataDir)).role).toBe("owner");
});

test("a path too long for a socket and a symlink to the folder both work", async () => {
  const real = join(folder(), "d".repeat(100));
  mkdirSync(real);
  const link = join(folder(), "link");
  symlinkSync(real, link);
  const owner = await open(real);
  expect(await ask(owner.connection, "SELECT 1")).toEqual([1]);
  expect((await open(link)).role).toBe("guest");
});

test.each([
  ["another major", (pgDir: string) => made(join(pgDir, "18"), "17"), "was made by Postgres 17"],
  [
    "a folder of another major only",
    (pgDir: string) => made(join(pgDir, "17"), "17"),
    "holds a cluster of Postgres 17",
  ],
  ["an incomplete cluster", (pgDir: string) => made(join(pgDir, "18"), "18"), "is incomplete"],
  ["something else", (pgDir: string) => mkdirSync(join(pgDir, "18"), { recursive: true }), "is no Postgres cluster"],
])("%s is refused in one line and nothing is created", async (_name, prepare, says) => {
  const dataDir = folder();
  prepare(join(dataDir, "pg"));
  const before = readdirSync(dataDir, { recursive: true }).sort();
  const error = (await open(dataDir).catch((failure) => failure)) as Error;
  expect(error).toMatchObject({ name: "Exit", reason: "data_dir_refused" });
  expect(error.message).toContain(says);
  expect(error.message).not.toContain("\n");
  expect(readdirSync(dataDir, { recursive: true }).sort()).toEqual(before);
});

test("the command line makes no cluster", async () => {
  const dataDir = join(folder(), "none");
  await expect(open(dataDir, { create: false })).rejects.toMatchObject({ reason: "not_set_up" });
  expect(existsSync(dataDir)).toBe(false);
});

function made(path: string, version: string): void {
  mkdirSync(path, { recursive: true });
  writeFileSync(join(path, "PG_VERSION"), `${version}\n`);
}
