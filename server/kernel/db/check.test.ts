import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createConnection, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, inject, test } from "vitest";
import { asSuperuser, testDatabase } from "../../../test/support/database.ts";
import { poolDefaults } from "../../../test/support/pool-defaults.ts";
import { startEmbedded } from "../postgres/embedded.ts";
import { checkDatabase } from "./check.ts";
import { connectionFromUrl, describeConnection } from "./connection.ts";
import { migrate } from "./migrate.ts";
import { createDb } from "./pool.ts";

const database = testDatabase({ empty: true });
const role = `plain_${randomBytes(4).toString("hex")}`;
const atOnce = { startTimeoutMs: 0 };
const asRole = () => ({ ...database.connection, user: role });
const superuser = (text: string) => asSuperuser(inject("postgresHost"), text, database.name);
afterAll(async () => {
  await superuser(`DROP OWNED BY ${role} CASCADE; DROP ROLE ${role}`);
});

test("a plain role is told the exact GRANTs, and with them and other people's tables about it works", async () => {
  await superuser(
    `CREATE ROLE ${role} LOGIN; CREATE TABLE public.theirs (n int); CREATE SCHEMA crm; CREATE TABLE crm.t ()`,
  );
  await superuser("REVOKE ALL ON SCHEMA public FROM public");
  const refusal = (await checkDatabase(asRole(), atOnce).catch((error) => error)) as Error;
  expect(refusal).toMatchObject({ reason: "database_privileges" });
  expect(refusal.message).not.toContain("\n");
  const grants = refusal.message.slice(refusal.message.indexOf("run: ") + "run: ".length);
  expect(grants.match(/GRANT/g)).toHaveLength(2);
  await superuser(grants);
  expect(await checkDatabase(asRole(), atOnce)).toMatchObject({ current: false });
  const db = createDb({ ...poolDefaults, connection: asRole(), max: 1 });
  await migrate(db);
  await db.stop();
  expect(await checkDatabase(asRole(), atOnce)).toMatchObject({ current: true });
});

test("CREATE on the database may be taken back once the schema is there", async () => {
  await superuser(`REVOKE CREATE ON DATABASE ${database.name} FROM ${role}`);
  expect(await checkDatabase(asRole(), atOnce)).toMatchObject({ current: true });
});

test("a role that may not read another role's installation is told whose it is", async () => {
  await superuser(`CREATE ROLE ${role}_other LOGIN; GRANT CREATE ON SCHEMA public TO ${role}_other`);
  await expect(checkDatabase({ ...asRole(), user: `${role}_other` }, atOnce)).rejects.toMatchObject({
    reason: "database_privileges",
    message: expect.stringContaining(`belongs to the role ${role}`),
  });
  await superuser(`DROP OWNED BY ${role}_other; DROP ROLE ${role}_other`);
});

test("a read-only role is told so", async () => {
  await superuser(`ALTER ROLE ${role} SET default_transaction_read_only = on`);
  await expect(checkDatabase(asRole(), atOnce)).rejects.toMatchObject({ reason: "database_read_only" });
  await superuser(`ALTER ROLE ${role} RESET default_transaction_read_only`);
});

test("a hot standby is told from a primary", async () => {
  const folder = mkdtempSync(join(tmpdir(), "lf-standby-"));
  const options = { dataDir: join(folder, "pg"), socketDir: join(folder, "s"), settings: ["fsync=off"] };
  await (await startEmbedded(options)).stop();
  writeFileSync(join(folder, "pg", "standby.signal"), "");
  const standby = await startEmbedded(options);
  const connection = { host: standby.host, user: "postgres", database: "postgres" };
  await expect(checkDatabase(connection, atOnce)).rejects.toMatchObject({
    reason: "database_read_only",
    message: expect.stringContaining("hot standby"),
  });
  await standby.stop();
  rmSync(folder, { recursive: true });
});

test("a foreign schema landfall is refused", async () => {
  await superuser("COMMENT ON SCHEMA landfall IS 'something else'");
  await expect(checkDatabase(asRole(), atOnce)).rejects.toMatchObject({ reason: "schema_foreign" });
});

test("a database that is missing or down is one line, and down is tried again until the time is over", async () => {
  await expect(checkDatabase({ ...asRole(), database: "nowhere" }, { startTimeoutMs: 60_000 })).rejects.toMatchObject({
    reason: "database_unreachable",
    message: expect.stringContaining("has no database of that name"),
  });
  const seen: string[] = [];
  const down = { host: "127.0.0.1", port: await closedPort(), user: "u", database: "d", password: "p" };
  await expect(checkDatabase(down, { startTimeoutMs: 300, progress: (line) => seen.push(line) })).rejects.toMatchObject(
    { message: expect.stringContaining("does not accept connections; is it running?") },
  );
  expect(seen).toHaveLength(1);
});

test("a database that comes up meanwhile is waited for", async () => {
  const port = await closedPort();
  const relay = createServer((near) => {
    const far = createConnection(join(inject("postgresHost"), ".s.PGSQL.5432"));
    near.pipe(far).pipe(near);
    for (const side of [near, far]) side.on("error", () => {});
  });
  await superuser("COMMENT ON SCHEMA landfall IS 'Landfall system schema'");
  const progress = () => void relay.listen(port, "127.0.0.1");
  const late = { ...asRole(), host: "127.0.0.1", port };
  expect(await checkDatabase(late, { startTimeoutMs: 10_000, progress })).toMatchObject({ current: true });
  relay.close();
});

test.each([
  [
    "postgres://u:p%40w@db.example:6543/app",
    { host: "db.example", port: 6543, user: "u", password: "p@w", ssl: false },
  ],
  ["postgres://u:p@/app?host=/run/postgresql", { host: "/run/postgresql", database: "app" }],
  ["postgresql://u:p@h/app?sslmode=require", { ssl: { rejectUnauthorized: false } }],
  ["postgresql://u:p@h/app?sslmode=verify-full&sslrootcert=/ca", { ssl: { rejectUnauthorized: true, ca: "file /ca" } }],
])("%s is understood", (url, expected) => {
  expect(connectionFromUrl(url, (path) => `file ${path}`)).toMatchObject(expected);
});

test("a description of a connection holds no credentials", () => {
  expect(describeConnection(connectionFromUrl("postgres://me:secret@h/app"))).toBe("h:5432/app");
});

async function closedPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}
