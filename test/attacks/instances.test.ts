// Several processes on one database: started at once, and ended under load.
import { Agent, request } from "node:http";
import { afterEach, expect, test } from "vitest";
import { testDatabase } from "../support/database.ts";
import { call, masterKey, type ServerProcess, serviceKey, setupUrl, startServer } from "../support/server.ts";

const empty = testDatabase({ empty: true });
const filled = testDatabase();
const running: ServerProcess[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map((server) => server.stop("SIGKILL")));
});

async function start(settings: Record<string, string>): Promise<ServerProcess> {
  const server = await startServer({
    LANDFALL_LOG_LEVEL: "warn",
    LANDFALL_RATE_PER_ADDRESS: "0",
    LANDFALL_MASTER_KEY: masterKey,
    ...settings,
  });
  running.push(server);
  return server;
}

test("U03 X09 four instances at once on an empty database: one migration, all ready, 50 parallel set-ups make one admin", async () => {
  const servers = await Promise.all(Array.from({ length: 4 }, () => start({ DATABASE_URL: empty.url })));
  const migrated = servers.flatMap((server) => server.output().match(/^Schema .*$/gm) ?? []);
  expect(new Set(migrated).size).toBe(migrated.length);
  expect(migrated.length).toBeGreaterThan(0);

  const links = servers.map((server) => setupUrl(server).split("#setup=")[1] as string);
  const answers = await Promise.all(
    Array.from({ length: 50 }, (_, n) => {
      const body = { secret: links[n % 4], email: `owner${n}@example.com`, password: `a long password ${n}` };
      return call((servers[n % 4] as ServerProcess).url, "POST", "/v1/setup", body, { as: null });
    }),
  );
  const made = answers.filter(({ status }) => status === 201);
  expect(made).toHaveLength(1);
  for (const { status, json } of answers)
    if (status !== 201) expect([status, json.code]).toEqual([409, "setup_closed"]);
  const rows = await empty.db.query<{ admins: number }>({ text: "SELECT count(*)::int AS admins FROM landfall.admin" });
  expect(rows).toEqual([{ admins: 1 }]);
  // The one admin is signed in on every instance.
  for (const server of servers) {
    const me = await call(server.url, "GET", "/v1/admin/me", undefined, { as: made[0]?.json.token });
    expect([me.status, me.json.email]).toEqual([200, made[0]?.json.admin.email]);
  }
}, 120_000);

test("K08 SIGTERM under load: every request under way is answered, and the process ends by itself", async () => {
  const first = await start({ DATABASE_URL: filled.url });
  const fields = [{ name: "n", type: "integer" }];
  expect((await call(first.url, "POST", "/v1/collections", { name: "beats", kind: "base", fields })).status).toBe(201);
  await first.stop("SIGKILL");
  for (let round = 0; round < 3; round++) {
    const server = await start({ DATABASE_URL: filled.url });
    const load = startLoad(server, `r${round}`);
    await load.answered(100);
    const startedMs = performance.now();
    const code = await server.stop("SIGTERM");
    const tookMs = performance.now() - startedMs;
    const { acknowledged, unread, failed } = await load.ended();
    expect(failed).toEqual([]);
    expect(code).toBe(0);
    expect(tookMs).toBeLessThan(30_000);
    const { rows } = await filled.db.texts({ text: `SELECT id FROM public.beats WHERE id LIKE 'r${round}-%'` });
    const there = new Set(rows.map(([id]) => id));
    expect(acknowledged.filter((id) => !there.has(id))).toEqual([]);
    expect(unread.filter((id) => there.has(id))).toEqual([]);
    expect(there.size).toBe(acknowledged.length);
  }
}, 120_000);

/**
 * 16 clients with kept-alive connections. Half of them go elsewhere when an answer says `Connection: close`, as balanced
 * clients do: none of their requests may fail. The other half stubbornly connect again until nobody listens: what stands
 * in the kernel's queue at that moment is reset unread, which is no failure as long as it had no effect.
 */
function startLoad(server: ServerProcess, prefix: string) {
  const acknowledged: string[] = [];
  const unread: string[] = [];
  const failed: string[] = [];
  let wanted = Number.POSITIVE_INFINITY;
  let reached = () => {};
  const client = async (index: number) => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const isStubborn = index % 2 === 0;
    try {
      for (let n = 0; ; n++) {
        const id = `${prefix}-${index}-${n}`;
        const outcome = await send(server, agent, { id, n });
        if (outcome === "refused") return;
        if (outcome === "reset unread" && isStubborn) unread.push(id);
        else if (outcome === 201 || outcome === "201, closing") acknowledged.push(id);
        else failed.push(`${id}: ${outcome}`);
        if (acknowledged.length >= wanted) reached();
        if (outcome === "201, closing" && !isStubborn) return;
      }
    } finally {
      agent.destroy();
    }
  };
  const all = Promise.all(Array.from({ length: 16 }, (_, index) => client(index)));
  return {
    answered: (count: number) =>
      new Promise<void>((resolve) => {
        wanted = count;
        reached = resolve;
      }),
    async ended() {
      await all;
      return { acknowledged, unread, failed };
    },
  };
}

function send(server: ServerProcess, agent: Agent, body: object): Promise<number | string> {
  return new Promise((resolve) => {
    const text = JSON.stringify(body);
    const headers = {
      authorization: `Bearer ${serviceKey}`,
      "content-type": "application/json",
      "content-length": Buffer.byteLength(text),
    };
    const path = "/v1/collections/beats/records";
    const out = request({ agent, host: "127.0.0.1", port: server.port, method: "POST", path, headers }, (incoming) => {
      incoming.resume();
      const status = incoming.statusCode ?? 0;
      incoming.on("end", () => resolve(incoming.headers.connection === "close" ? `${status}, closing` : status));
      incoming.on("error", (error) => resolve(`cut in the answer: ${error.message}`));
    });
    out.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "ECONNREFUSED") resolve("refused");
      else resolve(error.code === "ECONNRESET" && !out.reusedSocket ? "reset unread" : String(error.code));
    });
    out.end(text);
  });
}
