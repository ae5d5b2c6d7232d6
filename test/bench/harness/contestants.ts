// The servers under test, each in a process of its own against a database of its own in one shared Postgres.
import { type ChildProcess, spawn } from "node:child_process";
import { createServer } from "node:net";
import type { Readable } from "node:stream";
import pg from "pg";
import { nodeFlags } from "../../support/node-flags.ts";
import { baselineTable, type Post, post, postCount, postId } from "../baselines/posts.ts";

export interface Contestant {
  readonly name: string;
  readonly port: number;
  readonly pid: number;
  /** The request of one operation as text; `n` varies it. */
  request(operation: Operation, n: number): string;
  stop(): Promise<void>;
}

export type Operation = "read" | "list" | "create" | "update" | "bulk";

const root = new URL("../../../", import.meta.url).pathname;
const serviceKey = "bench-service-key-bench-service-key-bench";

/** A hand-written baseline of `test/bench/baselines/<name>.ts`. */
export async function baseline(name: string, databaseUrl: string): Promise<Contestant> {
  const client = new pg.Client(databaseUrl);
  await client.connect();
  await client.query(baselineTable);
  const rows = JSON.stringify(Array.from({ length: postCount }, (_, n) => post(n)));
  await client.query(
    `INSERT INTO posts (id, title, body, status, author, likes, "createdAt")
     SELECT id, title, body, status, author, likes, timestamptz '2026-01-01' + (row_number() OVER ()) * interval '1 second'
     FROM json_to_recordset($1) AS r(id text, title text, body text, status text, author text, likes int8)`,
    [rows],
  );
  await client.query("VACUUM FULL ANALYZE posts");
  await client.end();

  const child = launch([`test/bench/baselines/${name}.ts`], { DATABASE_URL: databaseUrl, PORT: "0" });
  const { port, token } = JSON.parse(await firstLine(child)) as { port: number; token: string };
  const paths: Record<Operation, (n: number) => [string, string, unknown?]> = {
    read: (n) => ["GET", `/posts/${postId(n % postCount)}`],
    list: () => ["GET", "/posts?status=open"],
    create: (n) => ["POST", "/posts", body(n)],
    update: (n) => ["PATCH", `/posts/${postId(n % postCount)}`, change(n)],
    bulk: (n) => ["POST", "/posts/bulk", many(n)],
  };
  return contestant(name, child, port, token, paths);
}

/** Landfall itself, with a key bound to a user, under rules. */
export async function landfall(
  databaseUrl: string,
  dataDir: string,
  more: Record<string, string> = {},
): Promise<Contestant> {
  const port = await freePort();
  const settings = {
    DATABASE_URL: databaseUrl,
    PORT: String(port),
    LANDFALL_DATA_DIR: dataDir,
    LANDFALL_SERVICE_KEY: serviceKey,
  };
  const child = launch([...nodeFlags, "server/bin/landfall.mjs", "start"], {
    ...settings,
    LANDFALL_RATE_PER_CREDENTIAL: "0",
    LANDFALL_RATE_PER_ADDRESS: "0",
    LANDFALL_LOG_LEVEL: "warn",
    ...more,
  });
  await answers(port, child);
  const token = await prepare(`http://127.0.0.1:${port}`);
  await asBaseline(databaseUrl);
  const records = "/v1/collections/posts/records";
  const paths: Record<Operation, (n: number) => [string, string, unknown?]> = {
    read: (n) => ["GET", `${records}/${postId(n % postCount)}`],
    list: () => ["GET", `${records}?filter=status%20%3D%3D%20%27open%27&sort=-createdAt&limit=30`],
    create: (n) => ["POST", records, { ...body(n), author: "u1" }],
    update: (n) => ["PATCH", `${records}/${postId(n % postCount)}`, change(n)],
    bulk: (n) => ["POST", records, many(n).map((one) => ({ ...one, author: "u1" }))],
  };
  return contestant("landfall", child, port, token, paths);
}

async function prepare(url: string): Promise<string> {
  const call = async (method: string, path: string, value: unknown): Promise<Record<string, unknown>> => {
    const headers = { authorization: `Bearer ${serviceKey}`, "content-type": "application/json" };
    const answer = await fetch(`${url}${path}`, { method, headers, body: JSON.stringify(value) });
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
    return (await answer.json()) as Record<string, unknown>;
  };
  await call("POST", "/v1/collections", {
    name: "posts",
    kind: "base",
    fields: [
      { name: "title", type: "text", required: true, max: 200 },
      { name: "body", type: "text", required: true },
      { name: "status", type: "select", values: ["open", "draft", "done"], required: true },
      { name: "author", type: "text", required: true },
      { name: "likes", type: "integer", required: true, default: 0 },
    ],
    indexes: [{ fields: ["status", "createdAt"] }],
    rules: {
      list: "status == 'open' || author == auth.id",
      get: "status != 'secret' || author == auth.id",
      create: "author == auth.id",
      update: "auth.signedIn && status != 'secret'",
      delete: "author == auth.id",
    },
  });
  for (let from = 0; from < postCount; from += 1_000) {
    const rows = Array.from({ length: 1_000 }, (_, k) => post(from + k));
    await call("POST", "/v1/collections/posts/records", rows);
  }
  const key = {
    name: "bench",
    collections: { posts: ["list", "get", "create", "update", "delete"] },
    actAs: { id: "u1", roles: [], teams: [], claims: {} },
  };
  return (await call("POST", "/v1/api-keys", key)).secret as string;
}

/** The same times as the baselines' rows have: a thousand rows of one request share theirs. Capture is not asked. */
async function asBaseline(databaseUrl: string): Promise<void> {
  const client = new pg.Client(databaseUrl);
  await client.connect();
  await client.query("SET session_replication_role = replica");
  await client.query(
    `UPDATE posts SET "createdAt" = timestamptz '2026-01-01' + (substr(id, 6)::int + 1) * interval '1 second'`,
  );
  await client.query("VACUUM FULL ANALYZE posts");
  await client.end();
}

function contestant(
  name: string,
  child: ChildProcess,
  port: number,
  token: string,
  paths: Record<Operation, (n: number) => [string, string, unknown?]>,
): Contestant {
  return {
    name,
    port,
    pid: child.pid as number,
    request: (operation, n) => {
      const [method, path, value] = paths[operation](n);
      const text = value === undefined ? "" : JSON.stringify(value);
      const head = `${method} ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nAuthorization: Bearer ${token}\r\n`;
      if (value === undefined) return `${head}\r\n`;
      return `${head}Content-Type: application/json\r\nContent-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`;
    },
    stop: () =>
      new Promise((resolve) => {
        child.once("exit", () => resolve());
        child.kill("SIGTERM");
      }),
  };
}

const body = (n: number): Omit<Post, "id"> => {
  const { id: _, ...rest } = post(n);
  return rest;
};
const change = (n: number) => ({ likes: n % 1_000, title: `changed ${n}` });
const many = (n: number) => Array.from({ length: 1_000 }, (_, k) => body(n + k));

export function launch(args: readonly string[], env: Record<string, string>): ChildProcess {
  const child = spawn(process.execPath, args, {
    cwd: root,
    env: { ...process.env, NODE_ENV: "production", ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  child.stderr?.on("data", (chunk: Buffer) => process.stderr.write(chunk));
  return child;
}

async function firstLine(child: ChildProcess): Promise<string> {
  let text = "";
  for await (const chunk of (child.stdout as Readable).iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    text += chunk.toString();
    if (text.includes("\n")) return text.slice(0, text.indexOf("\n"));
  }
  throw new Error("the server ended before it said where it listens");
}

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Resolves with the milliseconds from now to the first answer of `/readyz` with that status. */
export async function answers(port: number, child: ChildProcess, status = 200): Promise<number> {
  const startedMs = performance.now();
  child.stdout?.resume();
  while (child.exitCode === null) {
    const ok = await fetch(`http://127.0.0.1:${port}/readyz`).then(
      (answer) => answer.status === status,
      () => false,
    );
    if (ok) return performance.now() - startedMs;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  throw new Error(`the server ended with ${child.exitCode}`);
}
