// Starts the real pipeline on a free port with routes of the test, and speaks to it over real sockets.
import { connect } from "node:net";
import { afterAll, beforeAll } from "vitest";
import { type Actor, anonymous, service } from "../../server/kernel/actor.ts";
import { systemClock } from "../../server/kernel/clock.ts";
import { defineErrors } from "../../server/kernel/errors/index.ts";
import { createHttp, type Http, type HttpOptions } from "../../server/kernel/http/server.ts";
import { defaultHttpSettings, type HttpSettings } from "../../server/kernel/http/settings.ts";
import { createLog } from "../../server/kernel/log.ts";
import { createMetrics } from "../../server/kernel/metrics.ts";
import type { TestDatabase } from "./database.ts";

const testErrors = defineErrors({
  test_credential: { status: 401, says: "The credential is not valid.", advice: "Use another." },
});

const key = (label: string, scope: Partial<NonNullable<Actor["scope"]>>): Actor => ({
  ...service,
  kind: "key",
  label: `key:${label}`,
  seesHidden: false,
  scope: { collections: {}, readOnly: false, extra: [], ...scope },
});

/** Bearer tokens of the test and who they are. */
export const testActors: { readonly [token: string]: Actor } = {
  admin: { ...service, kind: "admin", label: "admin:1" },
  alice: {
    kind: "user",
    label: "user:alice",
    passesRules: false,
    seesHidden: false,
    auth: { id: "alice", signedIn: true, roles: [], teams: [], claims: {} },
  },
  bob: {
    kind: "user",
    label: "user:bob",
    passesRules: false,
    seesHidden: false,
    auth: { id: "bob", signedIn: true, roles: [], teams: [], claims: {} },
  },
  key: key("k", {}),
  readonly: key("r", { readOnly: true }),
  schemaReader: key("s", { extra: ["schema:read"] }),
  scraper: key("m", { extra: ["metrics"] }),
};

export interface TestHttp {
  readonly http: Http;
  readonly url: string;
  readonly port: number;
  readonly lines: string[];
  /** Log lines of this route, parsed. */
  logged(route: string): Record<string, unknown>[];
}

export type TestHttpOptions = Partial<Omit<HttpOptions, "settings">> & { readonly settings?: Partial<HttpSettings> };

export async function startTestHttp(database: TestDatabase, options: TestHttpOptions): Promise<TestHttp> {
  const lines: string[] = [];
  const { log } = createLog({ level: "debug", sink: { write: (line) => void lines.push(line) } });
  const http = createHttp({
    routes: [],
    db: database.db,
    log,
    clock: systemClock,
    random: () => 0.5,
    metrics: createMetrics(),
    ready: () => true,
    authenticate: (headers) => {
      const header = headers.authorization;
      if (header === undefined) return anonymous;
      const actor = testActors[String(header).replace("Bearer ", "")];
      if (!actor) throw testErrors.test_credential();
      return actor;
    },
    cleanupIntervalMs: 0,
    ...options,
    // A busy test machine stalls the event loop, which must not shed a test's requests.
    settings: { ...defaultHttpSettings, port: 0, drainGraceMs: 50, loopDelayMaxMs: 60_000, ...options.settings },
  });
  await http.run();
  const { port } = http.address;
  return {
    http,
    port,
    url: `http://127.0.0.1:${port}`,
    lines,
    logged: (route) => lines.map((line) => JSON.parse(line)).filter((line) => line.route === route),
  };
}

/** One server for a whole test file. */
export function testHttp(database: TestDatabase, options: () => TestHttpOptions): { readonly current: TestHttp } {
  let started: TestHttp | undefined;
  beforeAll(async () => {
    started = await startTestHttp(database, options());
  });
  afterAll(() => started?.http.stop());
  return {
    get current() {
      if (!started) throw new Error("testHttp() is ready from beforeAll on");
      return started;
    },
  };
}

/** Writes bytes to a bare socket and resolves with everything that came back until the server closed it. */
export function rawRequest(port: number, bytes: string | Buffer): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1", () => socket.write(bytes));
    const chunks: Buffer[] = [];
    socket.on("data", (chunk) => chunks.push(chunk));
    socket.on("close", () => resolve(Buffer.concat(chunks).toString("latin1")));
    socket.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code !== "ECONNRESET" && error.code !== "EPIPE") reject(error);
    });
  });
}
