// A real server process for end-to-end tests: `const server = testServer()` at the top level of a file. It runs on a database
// of its own in the shared test Postgres, and is stopped by its process id.
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll } from "vitest";
import type { OpenApiDocument } from "../../server/kernel/http/openapi.ts";
import { type TestDatabase, testDatabase } from "./database.ts";
import { nodeFlags } from "./node-flags.ts";
import { validateResponse } from "./openapi.ts";
import { freePort } from "./ports.ts";

export const serviceKey = "test-service-key-test-service-key-test";
/** For servers that follow each other, or stand side by side, on one database. */
export const masterKey = "ab".repeat(32);

export interface ServerProcess {
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  readonly dataDir: string;
  /** Everything printed so far: logs and messages. */
  output(): string;
  /** Sends a signal and resolves with the exit code when the process is gone. */
  stop(signal?: NodeJS.Signals): Promise<number | null>;
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** Parsed body; undefined when it is empty or not JSON. */
  // biome-ignore lint/suspicious/noExplicitAny: tests read answers of many shapes and assert on their members
  readonly json: any;
}

export interface TestServer extends ServerProcess {
  readonly database: TestDatabase;
  /** One request; `as` is a bearer token, `null` nobody, default the service key. Its answer is judged by the OpenAPI document. */
  call(method: string, path: string, body?: unknown, options?: CallOptions): Promise<Answer>;
}

export interface CallOptions {
  readonly as?: string | null;
  readonly headers?: Record<string, string>;
}

/** Starts one server per test file, with these settings added. */
export function testServer(settings: Record<string, string> = {}): TestServer {
  const database = testDatabase();
  let running: ServerProcess | undefined;
  const up = (): ServerProcess => {
    if (!running) throw new Error("testServer() is ready from beforeAll on");
    return running;
  };
  beforeAll(async () => {
    running = await startServer({ DATABASE_URL: database.url, ...settings });
  });
  afterAll(async () => {
    await running?.stop("SIGKILL");
  });
  return {
    database,
    get url() {
      return up().url;
    },
    get port() {
      return up().port;
    },
    get pid() {
      return up().pid;
    },
    get dataDir() {
      return up().dataDir;
    },
    output: () => up().output(),
    stop: (signal) => up().stop(signal),
    call: judged((method, path, body, options) => call(up().url, method, path, body, options)),
  };
}

/**
 * Holds every answer against the server's own OpenAPI document, live collections included. The document is read again after
 * a change of definitions; answers of such a change itself are judged by the document as it was.
 */
function judged(call: TestServer["call"]): TestServer["call"] {
  let document: Promise<OpenApiDocument> | undefined;
  const read = async () => (await call("GET", "/v1/openapi.json")).json as OpenApiDocument;
  return async (method, path, body, options) => {
    document ??= read();
    const known = await document;
    const answer = await call(method, path, body, options);
    const address = path.split("?", 1)[0] as string;
    if (method !== "GET" && /^\/v1\/collections(\/[^/]+)?$/.test(address)) document = undefined;
    if (address.startsWith("/v1/")) validateResponse(known, method, address, answer.status, answer.json);
    return answer;
  };
}

const here = join(import.meta.dirname, "../..");

/** Starts a server process and resolves when it is ready; the caller stops it. `root`: another tree than this one. */
export async function startServer(settings: Record<string, string>, root = here): Promise<ServerProcess> {
  const dataDir = settings.LANDFALL_DATA_DIR ?? mkdtempSync(join(tmpdir(), "lf-data-"));
  const port = Number(settings.PORT ?? (await freePort()));
  const child = spawn(process.execPath, [...nodeFlags, join(root, "server/bin/landfall.mjs"), "start"], {
    env: {
      ...process.env,
      NODE_ENV: "production",
      PORT: String(port),
      LANDFALL_DATA_DIR: dataDir,
      LANDFALL_SERVICE_KEY: serviceKey,
      ...settings,
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let printed = "";
  const keep = (chunk: Buffer) => {
    printed += chunk.toString();
  };
  child.stdout.on("data", keep);
  child.stderr.on("data", keep);
  const url = `http://127.0.0.1:${port}`;
  await untilReady(url, child, () => printed);
  return {
    url,
    port,
    pid: child.pid as number,
    dataDir,
    output: () => printed,
    stop: async (signal = "SIGTERM") => {
      const code = await ended(child, signal);
      if (settings.LANDFALL_DATA_DIR === undefined) rmSync(dataDir, { recursive: true, force: true });
      return code;
    },
  };
}

/** The set-up link of a server that was not started from a terminal. */
export function setupUrl(server: ServerProcess): string {
  return readFileSync(join(server.dataDir, "setup-url"), "utf8").trim();
}

export async function call(
  url: string,
  method: string,
  path: string,
  body?: unknown,
  options: CallOptions = {},
): Promise<Answer> {
  const token = options.as === undefined ? serviceKey : options.as;
  const text = typeof body === "string" ? body : JSON.stringify(body);
  const answer = await fetch(`${url}${path}`, {
    method,
    headers: {
      ...(token === null ? {} : { authorization: `Bearer ${token}` }),
      ...(body === undefined ? {} : { "content-type": "application/json" }),
      ...options.headers,
    },
    ...(body === undefined ? {} : { body: text as string }),
  });
  const received = await answer.text();
  return { status: answer.status, headers: answer.headers, text: received, json: parse(received) };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Until the start is over; rejects with what was printed when the process ends before. */
export async function untilReady(url: string, child: ChildProcess, printed: () => string): Promise<void> {
  while (child.exitCode === null) {
    const answered = await fetch(`${url}/readyz`).then(
      (answer) => answer.status === 200,
      () => false,
    );
    // Ready for requests comes a moment before the start is over: the set-up link is written in between.
    if (answered && printed().includes("Ready in")) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`the server ended with ${child.exitCode}:\n${printed()}`);
}

function ended(child: ChildProcess, signal: NodeJS.Signals): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve(child.exitCode);
  return new Promise((resolve) => {
    child.once("exit", (code) => resolve(code));
    child.kill(signal);
  });
}
