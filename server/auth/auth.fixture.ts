// What this room's tests share: a clock by hand, cheap hashes, captured log lines, and calls through a route's own schemas.
import { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import pino from "pino";
import { type Actor, anonymous } from "../kernel/actor.ts";
import type { Clock } from "../kernel/clock.ts";
import type { Context } from "../kernel/context.ts";
import type { Db } from "../kernel/db/index.ts";
import type { Route } from "../kernel/http/route.ts";
import { masterKey } from "../kernel/master-key.ts";
import { createOutbound } from "../kernel/outbound.ts";
import { type Auth, type AuthOptions, createAuth } from "./index.ts";
import { type TestMailer, testMailer } from "./mail.fixture.ts";
import { createPasswordHasher, type PasswordHasher } from "./password.ts";

export const password = "correct horse battery";
export const serviceKey = "service-key-of-at-least-32-characters";

export interface ManualClock extends Clock {
  advance(ms: number): void;
}

export function manualClock(startMs = Date.UTC(2026, 0, 1)): ManualClock {
  let passedMs = 0;
  return {
    now: () => startMs + passedMs,
    monotonicMs: () => passedMs,
    advance: (ms) => {
      passedMs += ms;
    },
  };
}

/** Counts verifications, so that a test sees how many passwords were really evaluated. */
export function countingHasher(): PasswordHasher & { verified: number } {
  const real = createPasswordHasher({ cost: { memoryKiB: 64, passes: 1, lanes: 1 } });
  const counting = {
    ...real,
    verified: 0,
    verify: (given: string, stored: string | null) => {
      counting.verified++;
      return real.verify(given, stored);
    },
  };
  return counting;
}

interface Call {
  readonly body?: unknown;
  readonly params?: { readonly [name: string]: string };
  readonly query?: { readonly [name: string]: string };
  readonly headers?: { readonly [name: string]: string };
  readonly ip?: string;
  /** For routes that read their body themselves. */
  readonly form?: { readonly [name: string]: string };
  /** The body of a route that reads a stream. */
  readonly stream?: string;
  /** The Authorization header's token. */
  readonly token?: string;
}

interface Answer {
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: answers are looked into by tests, after their route's schema held
  readonly json: any;
  readonly headers: { readonly [name: string]: string };
  /** What a stream gave. */
  readonly text?: string;
}

export interface TestAuth {
  readonly auth: Auth;
  readonly clock: ManualClock;
  readonly passwords: ReturnType<typeof countingHasher>;
  readonly mailer: TestMailer;
  readonly logLines: string[];
  /** Collections by name; replace to change the schema. */
  collections: CollectionsFixture;
  call(operation: string, call?: Call): Promise<Answer>;
  /** Status and code of a call that must fail. */
  refused(operation: string, call?: Call): Promise<string>;
  actor(token: string): Promise<Actor>;
}

interface CollectionsFixture {
  readonly version: number;
  readonly ids: { readonly [name: string]: number };
}

export function testAuth(db: Db, options: Partial<AuthOptions> & { readonly clock?: ManualClock } = {}): TestAuth {
  const logLines: string[] = [];
  const log = pino({ level: "trace" }, { write: (line: string) => logLines.push(line) });
  const clock = options.clock ?? manualClock();
  const passwords = countingHasher();
  const mailer = testMailer();
  const auth = createAuth({
    db,
    log,
    passwords,
    mailer,
    serviceKey,
    masterKey: masterKey(Buffer.alloc(32, 7)),
    publicUrl: "https://app.example.com",
    outbound: createOutbound({ publicUrl: "https://app.example.com" }),
    records: { read: noRecords, create: noRecords, remove: noRecords },
    collections: { current: () => names(self.collections), refresh: async () => names(self.collections) },
    ...options,
    clock,
  });
  const self: TestAuth = {
    auth,
    clock,
    passwords,
    mailer,
    logLines,
    collections: { version: 1, ids: { posts: 1, notes: 2 } },
    actor: async (token) => auth.authenticate({ authorization: `Bearer ${token}` }),
    call: async (operation, call = {}) => {
      const route = auth.routes.find(({ name }) => name === operation);
      if (route === undefined) throw new Error(`no route ${operation}`);
      const actor = call.token === undefined ? anonymous : await self.actor(call.token);
      return through(route, call, { actor, db, log, nowMs: clock.now() });
    },
    refused: async (operation, call) => {
      const failure = await self.call(operation, call).then(
        () => undefined,
        (error: { status?: number; code?: string }) => error,
      );
      if (failure?.code === undefined) throw failure ?? new Error(`${operation} was not refused`);
      return `${failure.status} ${failure.code}`;
    },
  };
  return self;
}

const noRecords = async (): Promise<never> => {
  throw new Error("this test has no records: see user.fixture.ts");
};

/** A route the way the pipeline runs it: access, schemas in, handler, the declared schema on what comes out. */
async function through(
  route: Route,
  call: Call,
  context: Pick<Context, "actor" | "db" | "log" | "nowMs">,
): Promise<Answer> {
  if (route.access === "admin" && context.actor.kind !== "admin" && context.actor.kind !== "service")
    throw Object.assign(new Error(), { status: 403, code: "access" });
  const parse = (schema: Route["body"], value: unknown) => {
    if (schema === undefined) return undefined;
    const parsed = schema.safeParse(value);
    if (!parsed.success) throw Object.assign(new Error(parsed.error.message), { status: 400, code: "input" });
    return parsed.data;
  };
  const ctx = { ...context, requestId: "r1", door: "rest" as const, signal: new AbortController().signal };
  const reply = await route.handler(ctx, {
    params: parse(route.params, call.params ?? {}),
    query: parse(route.query, call.query ?? {}),
    body: parse(route.body, JSON.parse(JSON.stringify(call.body ?? null))),
    stream: Readable.from([Buffer.from(call.stream ?? new URLSearchParams(call.form ?? {}).toString())]),
    headers: call.headers ?? {},
    ip: call.ip ?? "203.0.113.1",
  });
  if (reply.stream !== undefined)
    return { status: reply.status, json: undefined, headers: reply.headers ?? {}, text: await text(reply.stream) };
  const json = reply.json === undefined ? undefined : JSON.parse(JSON.stringify(reply.json));
  route.responses[reply.status]?.schema?.parse(json);
  if (route.responses[reply.status] === undefined) throw new Error(`${route.name} does not declare ${reply.status}`);
  return { status: reply.status, json, headers: reply.headers ?? {} };
}

function names({ version, ids }: CollectionsFixture) {
  const schemas = Object.entries(ids).map(([name, id]) => ({ name, id, kind: "base", rules: {} }));
  return {
    version,
    byName: new Map(schemas.map((schema) => [schema.name, schema])),
    byId: new Map(schemas.map((schema) => [schema.id, schema])),
  };
}
