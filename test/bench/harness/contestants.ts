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
  /** Asks once, with the credential or as a stranger. */
  ask(operation: Operation, as: "user" | "stranger"): Promise<{ readonly status: number; readonly text: string }>;
  stop(): Promise<void>;
}

export type Operation = "read" | "list" | "create" | "update" | "bulk";
/** Method, path and body of each operation. */
export type Paths = Record<Operation, (n: number) => [string, string, unknown?]>;

/** A server whose health page answers. */
export interface Started {
  readonly child: ChildProcess;
  readonly port: number;
}

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
  const paths: Paths = {
    read: (n) => ["GET", `/posts/${postId(n % postCount)}`],
    list: () => ["GET", "/posts?status=open"],
    create: (n) => ["POST", "/posts", body(n)],
    update: (n) => ["PATCH", `/posts/${postId(n % postCount)}`, change(n)],
    bulk: (n) => ["POST", "/posts/bulk", many(n)],
  };
  return contestant(name, { child, port, credential: { Authorization: `Bearer ${token}` } }, paths);
}

/** Landfall itself, with a key bound to a user, under rules. */
export async function landfall(
  databaseUrl: string,
  dataDir: string,
  more: Record<string, string> = {},
): Promise<Contestant> {
  return prepareLandfall(await startLandfall(databaseUrl, dataDir, more), databaseUrl);
}

export async function startLandfall(
  databaseUrl: string,
  dataDir: string,
  more: Record<string, string> = {},
): Promise<Started> {
  const port = await freePort();
  const child = launch([...nodeFlags, "server/bin/landfall.mjs", "start"], {
    DATABASE_URL: databaseUrl,
    PORT: String(port),
    LANDFALL_DATA_DIR: dataDir,
    LANDFALL_SERVICE_KEY: serviceKey,
    LANDFALL_RATE_PER_CREDENTIAL: "0",
    LANDFALL_RATE_PER_ADDRESS: "0",
    LANDFALL_LOG_LEVEL: "warn",
    ...more,
  });
  await answers(port, child);
  return { child, port };
}

export async function prepareLandfall({ child, port }: Started, databaseUrl: string): Promise<Contestant> {
  const token = await prepare(`http://127.0.0.1:${port}`);
  await asBaseline(databaseUrl);
  const records = "/v1/collections/posts/records";
  const paths: Paths = {
    read: (n) => ["GET", `${records}/${postId(n % postCount)}`],
    list: () => ["GET", `${records}?filter=status%20%3D%3D%20%27open%27&sort=-createdAt&limit=30`],
    create: (n) => ["POST", records, { ...body(n), author: "u1" }],
    update: (n) => ["PATCH", `${records}/${postId(n % postCount)}`, change(n)],
    bulk: (n) => ["POST", records, many(n).map((one) => ({ ...one, author: "u1" }))],
  };
  return contestant("landfall", { child, port, credential: { Authorization: `Bearer ${token}` } }, paths);
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
      list: "auth.signedIn && (status == 'open' || author == auth.id)",
      get: "auth.signedIn && (status != 'secret' || author == auth.id)",
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

interface Access {
  readonly child: ChildProcess;
  readonly port: number;
  /** What says who asks, as header lines. */
  readonly credential: Readonly<Record<string, string>>;
  /** Sent by strangers too. */
  readonly headers?: Readonly<Record<string, string>>;
}

export function contestant(name: string, { child, port, credential, headers = {} }: Access, paths: Paths): Contestant {
  const lines = Object.entries({ ...headers, ...credential }).map(([header, value]) => `${header}: ${value}\r\n`);
  return {
    name,
    port,
    pid: child.pid as number,
    request: (operation, n) => {
      const [method, path, value] = paths[operation](n);
      const text = value === undefined ? "" : JSON.stringify(value);
      const head = `${method} ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n${lines.join("")}`;
      if (value === undefined) return `${head}\r\n`;
      return `${head}Content-Type: application/json\r\nContent-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`;
    },
    ask: async (operation, as) => {
      const [method, path, value] = paths[operation](1);
      const answer = await fetch(`http://127.0.0.1:${port}${path}`, {
        method,
        headers: { ...headers, ...(as === "user" ? credential : {}), "content-type": "application/json" },
        ...(value === undefined ? {} : { body: JSON.stringify(value) }),
      });
      return { status: answer.status, text: await answer.text() };
    },
    stop: () => ended(child),
  };
}

export function ended(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) return resolve();
    child.once("exit", () => resolve());
    child.kill("SIGTERM");
  });
}

export const body = (n: number): Omit<Post, "id"> => {
  const { id: _, ...rest } = post(n);
  return rest;
};
export const change = (n: number) => ({ likes: n % 1_000, title: `changed ${n}` });
export const many = (n: number) => Array.from({ length: 1_000 }, (_, k) => body(n + k));

export function launch(args: readonly string[], env: Record<string, string>, cwd = root): ChildProcess {
  const child = spawn(process.execPath, args, {
    cwd,
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

/** Resolves with the milliseconds from now to the first answer of the health page with that status. */
export async function answers(port: number, child: ChildProcess, status = 200, page = "/readyz"): Promise<number> {
  const startedMs = performance.now();
  child.stdout?.resume();
  while (child.exitCode === null) {
    const ok = await fetch(`http://127.0.0.1:${port}${page}`).then(
      (answer) => answer.status === status,
      () => false,
    );
    if (ok) return performance.now() - startedMs;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  throw new Error(`the server ended with ${child.exitCode}`);
}
