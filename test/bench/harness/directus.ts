// Directus as a contestant: a role with a policy for the three actions, and a user's access token. With its data cache off
// (its default) and on (as its compose file has it, purged by writes; in memory, where that has Redis).
import { once } from "node:events";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { post, postCount } from "../baselines/posts.ts";
import { type Candidate, caller, onDatabase, type Place, peersFolder, versionOf } from "./candidate.ts";
import {
  answers,
  body,
  type Contestant,
  change,
  contestant,
  freePort,
  launch,
  many,
  type Paths,
  type Started,
} from "./contestants.ts";

const admin = { email: "admin@example.com", password: "bench-password" };
const member = { email: "member@example.com", password: "bench-password" };
/** What `directus` runs after asking the registry for a newer version. */
const program = join(peersFolder, "node_modules/@directus/api/dist/cli/run.js");

export async function directus(
  { databaseUrl, folder }: Place,
  { name, dataCache }: { readonly name: string; readonly dataCache: boolean },
): Promise<Candidate> {
  const home = join(folder, name);
  mkdirSync(home);
  const env = environment(databaseUrl, home, dataCache);
  const child = launch([program, "bootstrap"], env, home);
  child.stdout?.resume();
  const [code] = await once(child, "exit");
  if (code !== 0) throw new Error(`directus bootstrap ended with ${code}`);
  return {
    name,
    version: versionOf(join(peersFolder, "node_modules/directus")),
    start: async () => {
      const port = await freePort();
      const server = launch([program, "start"], { ...env, PORT: String(port) }, home);
      await answers(port, server, 200, "/server/ping");
      return { child: server, port };
    },
    prepare: (started) => prepare(started, name, databaseUrl),
  };
}

function environment(databaseUrl: string, home: string, dataCache: boolean): Record<string, string> {
  const { pathname, searchParams } = new URL(databaseUrl);
  return {
    HOST: "127.0.0.1",
    SECRET: "bench-secret-bench-secret-bench-secret",
    DB_CLIENT: "pg",
    DB_HOST: searchParams.get("host") as string,
    DB_PORT: "5432",
    DB_DATABASE: pathname.slice(1),
    DB_USER: "postgres",
    DB_PASSWORD: "",
    ADMIN_EMAIL: admin.email,
    ADMIN_PASSWORD: admin.password,
    ACCESS_TOKEN_TTL: "1d",
    LOG_LEVEL: "error",
    MAX_PAYLOAD_SIZE: "10mb",
    CACHE_ENABLED: String(dataCache),
    CACHE_AUTO_PURGE: "true",
    // It refuses with 503 when its event loop is late, which under a benchmark it always is.
    PRESSURE_LIMITER_ENABLED: "false",
    TELEMETRY: "false",
    NODE_COMPILE_CACHE: join(home, "cache"),
  };
}

async function prepare({ child, port }: Started, name: string, databaseUrl: string): Promise<Contestant> {
  const url = `http://127.0.0.1:${port}`;
  const signIn = async (who: object) =>
    ((await caller(url, {})("POST", "/auth/login", who)).data as { access_token: string }).access_token;
  const call = caller(url, { Authorization: `Bearer ${await signIn(admin)}` });
  const made = async (path: string, value: unknown) => (await call("POST", path, value)).data as { id: string };

  await call("POST", "/collections", collection);
  const role = await made("/roles", { name: "Member" });
  const policy = await made("/policies", { name: "Member", app_access: false, admin_access: false });
  await call("PATCH", `/roles/${role.id}`, { policies: { create: [{ policy: policy.id }], update: [], delete: [] } });
  for (const permission of permissions) await made("/permissions", { policy: policy.id, ...permission });
  const user = await made("/users", { ...member, role: role.id, status: "active" });
  await fill(databaseUrl, user.id);

  const created = (one: object) => ({ ...one, author: user.id });
  const paths: Paths = {
    read: (n) => ["GET", `/items/posts/${idOf(n % postCount)}`],
    list: () => ["GET", "/items/posts?filter[status][_eq]=open&sort=-createdAt&limit=30"],
    create: (n) => ["POST", "/items/posts", created(body(n))],
    update: (n) => ["PATCH", `/items/posts/${idOf(n % postCount)}`, change(n)],
    bulk: (n) => ["POST", "/items/posts", many(n).map(created)],
  };
  return contestant(name, { child, port, credential: { Authorization: `Bearer ${await signIn(member)}` } }, paths);
}

const text = { schema: { is_nullable: false }, meta: { required: true } };
const collection = {
  collection: "posts",
  meta: {},
  schema: {},
  fields: [
    { field: "id", type: "uuid", schema: { is_primary_key: true, is_nullable: false }, meta: { special: ["uuid"] } },
    { field: "title", type: "string", ...text },
    { field: "body", type: "text", ...text },
    { field: "status", type: "string", ...text },
    { field: "author", type: "string", ...text },
    { field: "likes", type: "integer", schema: { is_nullable: false, default_value: 0 }, meta: {} },
    { field: "createdAt", type: "timestamp", schema: {}, meta: { special: ["date-created"] } },
    { field: "updatedAt", type: "timestamp", schema: {}, meta: { special: ["date-updated"] } },
  ],
};

// Rules on items ("custom permission rules") need a paid licence since Directus 12: without one a policy says which actions
// and which fields, and nothing is asked of a row. That is less than the others do.
const permissions = ["read", "create", "update"].map((action) => ({ collection: "posts", action, fields: ["*"] }));

/** Our ids are text; theirs, made by the server, are UUIDs. */
function idOf(n: number): string {
  return `00000000-0000-4000-8000-${String(n).padStart(12, "0")}`;
}

function fill(databaseUrl: string, user: string): Promise<void> {
  const own = (author: string) => (author === "u1" ? user : author);
  const posts = Array.from({ length: postCount }, (_, n) => post(n));
  const rows = JSON.stringify(posts.map((row, n) => ({ ...row, id: idOf(n), author: own(row.author) })));
  const sql = `INSERT INTO posts (id, title, body, status, author, likes, "createdAt")
    SELECT id, title, body, status, author, likes, timestamptz '2026-01-01' + (row_number() OVER ()) * interval '1 second'
    FROM json_to_recordset($1) AS r(id uuid, title text, body text, status text, author text, likes int8)`;
  return onDatabase(
    databaseUrl,
    { text: sql, values: [rows] },
    `CREATE INDEX ON posts (status, "createdAt" DESC)`,
    "VACUUM FULL ANALYZE posts",
  );
}
