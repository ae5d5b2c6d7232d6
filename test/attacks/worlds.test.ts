// Two-world non-interference: two servers whose databases differ only in what a low-privileged caller may not see (hidden
// fields, protected fields, contents and number of invisible rows) get the same random requests. If any answer differs in
// status, headers or body, something secret has an influence on it, whatever the trick: every oracle of the classes A01 to
// A12, A16, R02 and X13 shows up here. The same run looks for the secrets themselves (A18) in answers and logs (X04).
import { afterAll, beforeAll, expect, test } from "vitest";
import { testDatabase } from "../support/database.ts";
import { type WorldRequest, worldRequests } from "../support/hostile-requests.ts";
import { makeWorld, type World } from "../support/hostile-world.ts";
import { seeded } from "../support/random.ts";
import { type Answer, masterKey, type ServerProcess, startServer } from "../support/server.ts";

const databases = [testDatabase(), testDatabase()] as const;
const servers: ServerProcess[] = [];
const worlds: World[] = [];
const canaries = ["kanari-one", "zebra-two"] as const;
const requests = Number(process.env.WORLD_REQUESTS ?? 2_000);

beforeAll(async () => {
  const settings = {
    LANDFALL_MASTER_KEY: masterKey,
    LANDFALL_RATE_PER_ADDRESS: "0",
    LANDFALL_RATE_PER_CREDENTIAL: "0",
  };
  servers.push(...(await Promise.all(databases.map(({ url }) => startServer({ ...settings, DATABASE_URL: url })))));
  worlds.push(
    ...(await Promise.all(
      servers.map(({ url }, n) =>
        makeWorld(url, { canary: canaries[n] as string, moreInvisible: n * 7, mirrored: n === 1 }),
      ),
    )),
  );
});
afterAll(async () => {
  await Promise.all(servers.map((server) => server.stop("SIGKILL")));
});

test("A01 A03 A06 A08 A10 A12 A16 A18 no request of a low-privileged caller tells two worlds apart", async () => {
  const seed = Number(process.env.WORLD_SEED ?? 20_261_120);
  const differences: string[] = [];
  const leaks: string[] = [];
  const statuses = new Map<number, number>();
  let sent = 0;
  // Reads may run side by side; a write is alone, so that both worlds see the same order.
  for (const group of groups(worldRequests(seeded(seed)), 8)) {
    if (sent >= requests || differences.length >= 5 || leaks.length >= 5) break;
    sent += group.length;
    const answers = await Promise.all(group.flatMap((one) => worlds.map((world) => ask(world, one))));
    for (const [n, one] of group.entries()) {
      const [first, second] = [answers[2 * n], answers[2 * n + 1]] as [Answer, Answer];
      statuses.set(first.status, (statuses.get(first.status) ?? 0) + 1);
      const [a, b] = [transcript(first), transcript(second)];
      const what = `${one.as} ${one.method} ${decodeURIComponent(one.path)} ${JSON.stringify(one.body) ?? ""}`;
      if (a !== b) differences.push(`${what}\n  ${apart(a, b)}`);
      for (const [k, answer] of [first, second].entries())
        if (shows(answer, canaries[k] as string) && !asksFor(one, canaries[k] as string))
          leaks.push(`${what}\n  ${answer.text}`);
    }
  }
  expect({ differences, leaks }).toEqual({ differences: [], leaks: [] });
  // Enough of them got through to mean something.
  for (const status of [200, 400, 404]) expect(statuses.get(status) ?? 0).toBeGreaterThan(requests / 50);
  expect((statuses.get(201) ?? 0) + (statuses.get(403) ?? 0)).toBeGreaterThan(requests / 100);
}, 120_000);

test("X04 A18 no secret in the logs of that run: canaries, keys, the service key, the master key", () => {
  for (const [n, server] of servers.entries()) {
    const printed = server.output();
    const { as, canary } = worlds[n] as World;
    const secrets = [canary, masterKey, ...Object.values(as).filter((token) => token !== null)];
    expect(printed.length).toBeGreaterThan(10_000);
    expect(secrets.filter((secret) => printed.includes(secret))).toEqual([]);
  }
});

/** Up to `max` reads, or one write. */
function* groups(supply: Iterable<WorldRequest>, max: number): Generator<WorldRequest[]> {
  let reads: WorldRequest[] = [];
  for (const one of supply) {
    if (!one.writes && reads.push(one) < max) continue;
    if (reads.length > 0) yield reads;
    reads = [];
    if (one.writes) yield [one];
  }
}

function ask(world: World, { as, method, path, body, headers }: WorldRequest): Promise<Answer> {
  return world.call(method, path, body, { as: world.as[as], ...(headers ? { headers } : {}) });
}

const shows = (answer: Answer, canary: string) =>
  answer.text.includes(canary) || [...answer.headers.values()].some((value) => value.includes(canary));
const asksFor = (one: WorldRequest, canary: string) => JSON.stringify(one).includes(canary);

/** Where two transcripts part. */
function apart(a: string, b: string): string {
  const at = [...a].findIndex((letter, index) => letter !== b[index]);
  const near = (text: string) => text.slice(Math.max(0, at - 100), at + 200);
  return `1: ${near(a)}\n  2: ${near(b)}`;
}

/** What differs by nature is replaced: times, versions, cursors, the id of the request, and lengths that follow from them. */
function transcript({ status, headers, text }: Answer): string {
  const unstable = new Set(["date", "content-length", "x-request-id", "etag", "link", "keep-alive"]);
  const shown = [...headers].map(([name, value]) => (unstable.has(name) ? name : `${name}: ${value}`)).sort();
  const body = text
    .replaceAll(/"(version)":\d+/g, '"$1":0')
    .replaceAll(/"(createdAt|updatedAt)":"[^"]*"/g, '"$1":""')
    .replaceAll(/"(nextCursor|requestId|etag)":"(?:[^"\\]|\\.)*"/g, '"$1":""');
  return JSON.stringify({ status, headers: shown, body });
}
