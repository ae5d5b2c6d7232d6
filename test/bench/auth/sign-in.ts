// `npm run bench auth/sign-in`: what it costs that somebody is signed in, and what sign-ins cost everybody else (O05).
//
//   read   one record that everybody may read: CPU of the server per request, as nobody and as a user, in turn; at most 8 % more
//   storm  the p99 of that read at a steady rate, alone and beside 50 clients who sign in with wrong passwords as fast as they are
//          answered, each from an address of its own; under twice
import { spawn } from "node:child_process";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { ended, startLandfall } from "../harness/contestants.ts";
import { cpuOfTreeUs } from "../harness/cpu.ts";
import type { LoadOptions, LoadResult } from "../harness/load.ts";
import { benchPostgres } from "../harness/postgres.ts";
import { median, rounded } from "../harness/rounds.ts";

const rounds = Number(process.env.ROUNDS ?? 9);
const seconds = Number(process.env.SECONDS ?? 4);
const stormSeconds = Number(process.env.STORM_SECONDS ?? 20);
const stormRounds = Number(process.env.STORM_ROUNDS ?? 3);
const clients = 50;
const serviceKey = "bench-service-key-bench-service-key-bench";

const postgres = await benchPostgres(["max_connections=100", "shared_buffers=128MB"]);
const database = await postgres.database("bench");
const server = await startLandfall(database, join(postgres.folder, "data"), {
  LANDFALL_TRUSTED_PROXIES: "127.0.0.1",
  LANDFALL_LOG_LEVEL: "error",
});
const base = `http://127.0.0.1:${server.port}`;
const path = "/v1/collections/notes/records/n1";
try {
  await post("/v1/collections", { name: "notes", fields: [{ name: "title", type: "text" }], rules: { list: "true" } });
  await post("/v1/collections/notes/records", { id: "n1", title: "A note" });
  await post("/v1/collections/users/auth", { settings: { methods: { anonymous: { enabled: true } } } }, "PATCH");
  const { accessToken } = (await post("/v1/auth/sign-in/anonymous", {})) as { accessToken: string };
  const read = await readCost(accessToken);
  const storm = await signInStorm(accessToken);
  const met = read.ratio <= 1.08 && storm.ratio < 2;
  process.stdout.write(
    `${JSON.stringify({ bench: "auth/sign-in", cores: availableParallelism(), rounds, read, storm })}\n`,
  );
  if (!met) process.exitCode = 1;
} finally {
  await ended(server.child);
  await postgres.stop();
}

async function post(to: string, body: object, method = "POST"): Promise<unknown> {
  const headers = { authorization: `Bearer ${serviceKey}`, "content-type": "application/json" };
  const answer = await fetch(base + to, { method, headers, body: JSON.stringify(body) });
  if (!answer.ok) throw new Error(`${method} ${to}: ${answer.status} ${await answer.text()}`);
  return answer.json();
}

function request(token: string | undefined): string {
  const credential = token === undefined ? "" : `Authorization: Bearer ${token}\r\n`;
  return `GET ${path} HTTP/1.1\r\nHost: bench\r\n${credential}\r\n`;
}

/** Microseconds of the server's CPU per request, in rounds taken in turn, so that what else the machine does falls on both. */
async function readCost(accessToken: string) {
  const taken = { anonymous: [] as number[], user: [] as number[] };
  for (let round = -1; round < rounds; round++)
    for (const who of ["anonymous", "user"] as const) {
      const before = cpuOfTreeUs(server.child.pid as number);
      const requests = [request(who === "user" ? accessToken : undefined)];
      const result = await load({ connections: 16, seconds, requests });
      if (result.errors > 0) throw new Error(`as ${who}: ${JSON.stringify(result.statuses)} ${result.samples[0]}`);
      if (round >= 0) taken[who].push((cpuOfTreeUs(server.child.pid as number) - before) / result.requests);
    }
  const ratios = taken.user.map((us, n) => us / (taken.anonymous[n] as number));
  const [anonymousUs, userUs] = [median(taken.anonymous), median(taken.user)];
  return { anonymousUs: rounded(anonymousUs), userUs: rounded(userUs), ratio: rounded(median(ratios), 3) };
}

/** Alone and beside the storm in turn; the median of the ratios, since other work on the machine falls on both. */
async function signInStorm(accessToken: string) {
  const steady = { connections: 8, seconds: stormSeconds, perSecond: 100, requests: [request(accessToken)] };
  const pairs: { readonly aloneMs: number; readonly besideMs: number }[] = [];
  const statuses: Record<string, number> = {};
  for (let round = 0; round < stormRounds; round++) {
    const alone = await load(steady);
    const guesses = startGuessing(round, statuses);
    const beside = await load(steady);
    await guesses.stop();
    pairs.push({ aloneMs: alone.goodP99Ms, besideMs: beside.goodP99Ms });
  }
  const aloneP99Ms = rounded(median(pairs.map(({ aloneMs }) => aloneMs)), 2);
  const besideP99Ms = rounded(median(pairs.map(({ besideMs }) => besideMs)), 2);
  const ratio = rounded(median(pairs.map(({ aloneMs, besideMs }) => besideMs / aloneMs)), 2);
  const checkedPerSecond = rounded((statuses[401] ?? 0) / stormSeconds / stormRounds);
  return { aloneP99Ms, besideP99Ms, ratio, checkedPerSecond, statuses };
}

function startGuessing(round: number, statuses: Record<string, number>): { stop(): Promise<unknown> } {
  let goesOn = true;
  const guess = async (client: number) => {
    for (let n = 0; goesOn; n++) {
      // Another address and another name each time: no budget spares the server the hash.
      const address = `10.${client}.${(round << 4) + (n >> 8)}.${n & 255}`;
      const headers = { "content-type": "application/json", "x-forwarded-for": address };
      const body = JSON.stringify({ email: `u${round}-${client}-${n}@example.com`, password: "a wrong password" });
      const answer = await fetch(`${base}/v1/admin/sign-in`, { method: "POST", headers, body });
      await answer.arrayBuffer();
      statuses[answer.status] = (statuses[answer.status] ?? 0) + 1;
    }
  };
  const guessing = Array.from({ length: clients }, (_, client) => guess(client));
  return {
    stop: () => {
      goesOn = false;
      return Promise.all(guessing);
    },
  };
}

/** In a process of its own, so that the generator's work is not this one's. */
function load(options: Omit<LoadOptions, "host" | "port">): Promise<LoadResult> {
  const child = spawn(process.execPath, [join(import.meta.dirname, "../harness/load.ts"), "run"], { stdio: ["pipe", "pipe", "inherit"] }); // biome-ignore format: one line
  let text = "";
  child.stdout.on("data", (chunk: Buffer) => {
    text += chunk.toString();
  });
  child.stdin.end(JSON.stringify({ host: "127.0.0.1", port: server.port, ...options }));
  return new Promise((resolve, reject) => {
    child.once("close", (code) =>
      code === 0 ? resolve(JSON.parse(text)) : reject(new Error(`load ended with ${code}`)),
    );
  });
}
