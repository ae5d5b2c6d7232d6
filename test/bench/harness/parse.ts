// Parse Server as a contestant: class-level permissions that ask for a signed-in user, an ACL on every object, a session
// token on every request. Defaults otherwise: its caches of schema and session are on, the pool is ten, logging is off.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { post, postCount, postId } from "../baselines/posts.ts";
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

const application = { "X-Parse-Application-Id": "bench" };
const masterKey = "bench-master-key-bench-master-key";

export async function parse({ databaseUrl, folder }: Place): Promise<Candidate> {
  const home = join(folder, "parse");
  mkdirSync(home);
  return {
    name: "parse",
    version: versionOf(join(peersFolder, "node_modules/parse-server")),
    start: () => start(databaseUrl, home),
    prepare: (started) => prepare(started, databaseUrl),
  };
}

async function start(databaseUrl: string, home: string): Promise<Started> {
  const port = await freePort();
  const { hostname, pathname, username, searchParams } = new URL(databaseUrl);
  const options = {
    appId: "bench",
    masterKey,
    databaseURI: `postgres://${username}@${hostname}${pathname}`,
    // The unix socket, which its address format cannot name.
    databaseOptions: { host: searchParams.get("host") },
    serverURL: `http://127.0.0.1:${port}/parse`,
    port,
    host: "127.0.0.1",
    allowClientClassCreation: false,
    silent: true,
    logsFolder: null,
    fileUpload: { enableForPublic: false },
  };
  const file = join(home, "config.json");
  writeFileSync(file, JSON.stringify(options));
  const program = join(peersFolder, "node_modules/parse-server/bin/parse-server");
  const child = launch([program, file], { NODE_COMPILE_CACHE: join(home, "cache") }, home);
  await answers(port, child, 200, "/parse/health");
  return { child, port };
}

async function prepare({ child, port }: Started, databaseUrl: string): Promise<Contestant> {
  const url = `http://127.0.0.1:${port}/parse`;
  const call = caller(url, { ...application, "X-Parse-Master-Key": masterKey });
  const signedIn = { requiresAuthentication: true };
  const text = { type: "String", required: true };
  await call("POST", "/schemas/Post", {
    className: "Post",
    fields: { title: text, body: text, status: text, author: text, likes: { type: "Number", required: true } },
    classLevelPermissions: { find: signedIn, get: signedIn, create: signedIn, update: signedIn, delete: signedIn },
  });
  const user = await caller(url, application)("POST", "/users", { username: "u1", password: "bench-password" });
  await fill(databaseUrl, user.objectId as string);

  const posts = "/parse/classes/Post";
  const acl = { ACL: { "*": { read: true }, [user.objectId as string]: { read: true, write: true } } };
  const where = encodeURIComponent(JSON.stringify({ status: "open" }));
  const created = (one: object) => ({ ...one, author: "u1", ...acl });
  const paths: Paths = {
    read: (n) => ["GET", `${posts}/${postId(n % postCount)}`],
    list: () => ["GET", `${posts}?where=${where}&order=-createdAt&limit=30`],
    create: (n) => ["POST", posts, created(body(n))],
    update: (n) => ["PUT", `${posts}/${postId(n % postCount)}`, change(n)],
    bulk: (n) => {
      const requests = many(n).map((one) => ({ method: "POST", path: posts, body: created(one) }));
      return ["POST", "/parse/batch", { requests }];
    },
  };
  const credential = { "X-Parse-Session-Token": user.sessionToken as string };
  return contestant("parse", { child, port, credential, headers: application }, paths);
}

/** The rows as Parse itself writes them: readable by anybody signed in, writable by the one user. */
function fill(databaseUrl: string, user: string): Promise<void> {
  const rows = JSON.stringify(Array.from({ length: postCount }, (_, n) => post(n)));
  const text = `INSERT INTO "Post" ("objectId", title, body, status, author, likes, "createdAt", "updatedAt", _rperm, _wperm)
    SELECT id, title, body, status, author, likes, at, at, '{*}', ARRAY[$2]
    FROM (SELECT r.*, timestamptz '2026-01-01' + (row_number() OVER ()) * interval '1 second' AS at
          FROM json_to_recordset($1) AS r(id text, title text, body text, status text, author text, likes int8)) AS r`;
  return onDatabase(
    databaseUrl,
    { text, values: [rows, user] },
    `CREATE INDEX ON "Post" (status, "createdAt" DESC)`,
    `VACUUM FULL ANALYZE "Post"`,
  );
}
