// Kills something again and again under a fleet of writers, and compares what was acknowledged with what is there. The
// writers live in the calling process, which nobody kills, so their ledger needs no disk.
//
//   writers   --w--ack--w--ack--w ✗ unknown ......... same key again--ack--w--
//   loop               kill ─┘      back, judge ── gate opens
//
// Judged while every writer stands at the gate: all acknowledged since the last kill is there, and what is unknown is
// there whole or not at all. Judged at the end: each operation is there exactly once, and each counter has its sum.
import pg from "pg";
import { type Answer, call } from "./server.ts";

export interface KillTarget {
  readonly url: string;
  readonly connection: pg.ClientConfig;
  /** Kills, and resolves when the server is ready again; a writer that gets no answer waits until then. */
  killAndReturn(): Promise<void>;
}

export interface KillLoopOptions {
  readonly kills: number;
  readonly writers: number;
  readonly random: () => number;
  /** A kill comes after 1 to this many further acknowledgements. */
  readonly acksBetweenMax: number;
}

export interface KillLoopResult {
  readonly kills: number;
  /** Acknowledged requests, and the records in them. */
  readonly acked: number;
  readonly records: number;
  /** Requests without an answer, sent again with the same key or id. */
  readonly unknown: number;
  /** Of those, the ones that turned out to have had their effect. */
  readonly unknownDone: number;
  readonly lost: readonly string[];
  readonly torn: readonly string[];
  readonly duplicated: readonly string[];
  /** Answers that are none of success, "done already", 409 in flight and 503. */
  readonly wrong: readonly string[];
  readonly returnMsMax: number;
}

interface Operation {
  readonly label: string;
  readonly parts: number;
  readonly method: string;
  readonly path: string;
  readonly body: unknown;
  readonly keyed: boolean;
  /** Adds one to this counter. */
  readonly counter?: string;
}

const ledger = "/v1/collections/ledger/records";

/** Makes the collections the writers write to. */
export async function prepareKillLoop(url: string): Promise<void> {
  const part = { op: { type: "text", required: true }, part: { type: "integer" }, parts: { type: "integer" } };
  const fields = Object.entries(part).map(([name, field]) => ({ name, ...field }));
  for (const name of ["ledger", "copies"])
    expectStatus(await call(url, "POST", "/v1/collections", { name, kind: "base", fields, indexes: [{ fields: ["op"] }] }), 201); // biome-ignore format: one line
  const counters = { name: "counters", kind: "base", fields: [{ name: "n", type: "integer", required: true }] };
  expectStatus(await call(url, "POST", "/v1/collections", counters), 201);
}

export async function killLoop(target: KillTarget, options: KillLoopOptions): Promise<KillLoopResult> {
  const fleet = createFleet(target, options.writers);
  const judge = createJudge(target.connection);
  let returnMsMax = 0;
  await fleet.start();
  for (let kill = 0; kill < options.kills; kill++) {
    await fleet.acknowledged(1 + Math.floor(options.random() * options.acksBetweenMax));
    fleet.closeGate();
    const startedMs = performance.now();
    await target.killAndReturn();
    returnMsMax = Math.max(returnMsMax, performance.now() - startedMs);
    await judge.afterKill(fleet.takeAcked(), fleet.pending());
    fleet.openGate();
  }
  await fleet.finish();
  await judge.atEnd(fleet.all, fleet.counts);
  const { lost, torn, duplicated } = judge;
  const { acked, records, unknown, unknownDone, wrong } = fleet;
  return { kills: options.kills, acked, records, unknown, unknownDone, lost, torn, duplicated, wrong, returnMsMax };
}

function createFleet({ url }: KillTarget, size: number) {
  const all = new Map<string, number>();
  const counts = new Map<string, number>();
  const pending = new Map<string, Operation>();
  const wrong: string[] = [];
  let ackedSince: Operation[] = [];
  let waiting: { left: number; done: () => void } | undefined;
  let gate = Promise.withResolvers<void>();
  gate.resolve();
  let ending = false;
  let running: Promise<unknown> = Promise.resolve();
  const totals = { acked: 0, records: 0, unknown: 0, unknownDone: 0 };

  const acknowledge = (operation: Operation) => {
    pending.delete(operation.label);
    ackedSince.push(operation);
    totals.acked++;
    totals.records += operation.parts;
    if (operation.counter) counts.set(operation.counter, (counts.get(operation.counter) ?? 0) + 1);
    else all.set(operation.label, operation.parts);
    if (waiting && --waiting.left === 0) waiting.done();
  };

  const writer = async (index: number) => {
    for (let n = 0; !ending; n++) {
      await gate.promise;
      const operation = operationOf(index, n);
      pending.set(operation.label, operation);
      if (await untilAnswered(operation)) acknowledge(operation);
      else pending.delete(operation.label);
    }
  };

  /** True when it is done; false when the server refused it, which no kill excuses. */
  const untilAnswered = async (operation: Operation): Promise<boolean> => {
    for (let tries = 0; ; tries++) {
      const answer = await attempt(url, operation);
      if (answer && answer.status < 300) {
        if (tries > 0 && answer.headers.get("idempotency-replayed") === "true") totals.unknownDone++;
        return true;
      }
      const doneBefore = answer?.status === 409 && tries > 0 && !operation.keyed;
      if (doneBefore) {
        totals.unknownDone++;
        return true;
      }
      if (answer && answer.status !== 503 && answer.status !== 409) {
        wrong.push(`${operation.method} ${operation.path} -> ${answer.status} ${answer.text.slice(0, 300)}`);
        return false;
      }
      if (tries === 0) totals.unknown++;
      await new Promise((resolve) => setTimeout(resolve, 20));
      await gate.promise;
    }
  };

  return {
    all,
    counts,
    wrong,
    get acked() {
      return totals.acked;
    },
    get records() {
      return totals.records;
    },
    get unknown() {
      return totals.unknown;
    },
    get unknownDone() {
      return totals.unknownDone;
    },
    async start() {
      for (let index = 0; index < size; index++)
        expectStatus(await call(url, "POST", "/v1/collections/counters/records", { id: `c${index}`, n: 0 }), 201);
      running = Promise.all(Array.from({ length: size }, (_, index) => writer(index)));
    },
    acknowledged: (left: number) =>
      new Promise<void>((done) => {
        waiting = { left, done };
      }),
    closeGate() {
      gate = Promise.withResolvers<void>();
    },
    openGate: () => gate.resolve(),
    pending: () => [...pending.values()],
    takeAcked() {
      const taken = ackedSince;
      ackedSince = [];
      return taken;
    },
    async finish() {
      ending = true;
      await running;
    },
  };
}

/** A quarter of the writers each: single records, arrays, atomic batches over two collections, increments. */
function operationOf(writer: number, n: number): Operation {
  const label = `w${writer}-${n}`;
  const parts = (count: number, from = 0, of = count) =>
    Array.from({ length: count }, (_, part) => ({ op: label, part: from + part, parts: of }));
  const create = { label, method: "POST", path: ledger, keyed: true };
  switch (writer % 4) {
    case 0: {
      const [single] = parts(1);
      // Every other one without a key but with an id of its own: a repeat is told that the id is taken.
      return n % 2 === 0
        ? { ...create, parts: 1, body: single }
        : { ...create, parts: 1, body: { id: label, ...single }, keyed: false };
    }
    case 1:
      return { ...create, parts: 20, body: parts(20) };
    case 2: {
      const operations = [
        ...parts(3, 0, 6).map((body) => ({ op: "create", collection: "ledger", body })),
        ...parts(3, 3, 6).map((body) => ({ op: "create", collection: "copies", body })),
      ];
      return { ...create, parts: 6, path: "/v1/batch", body: { mode: "atomic", operations } };
    }
    default: {
      const counter = `c${writer}`;
      const path = `/v1/collections/counters/records/${counter}`;
      return { label, parts: 0, method: "PATCH", path, body: { n: { $increment: 1 } }, keyed: true, counter };
    }
  }
}

async function attempt(url: string, { method, path, body, keyed, label }: Operation): Promise<Answer | undefined> {
  return call(url, method, path, body, keyed ? { headers: { "idempotency-key": label } } : {}).catch(() => undefined);
}

function createJudge(connection: pg.ClientConfig) {
  const lost: string[] = [];
  const torn: string[] = [];
  const duplicated: string[] = [];
  const bothTables = `SELECT op, part, parts FROM public.ledger UNION ALL SELECT op, part, parts FROM public.copies`;

  /** Records there are of each operation. */
  const found = async (client: pg.Client, labels: readonly string[] | null) => {
    const { rows } = await client.query<{ op: string; records: number; distinct: number }>(
      `SELECT op, count(*)::int AS records, count(DISTINCT part)::int AS distinct
       FROM (${bothTables}) AS r WHERE $1::text[] IS NULL OR op = ANY($1) GROUP BY op`,
      [labels],
    );
    return new Map(rows.map((row) => [row.op, row]));
  };
  const compare = (label: string, parts: number, there: { records: number; distinct: number } | undefined) => {
    if (there === undefined) lost.push(label);
    else if (there.distinct < parts) torn.push(label);
    else if (there.records > parts) duplicated.push(label);
  };

  return {
    lost,
    torn,
    duplicated,
    afterKill: (acked: readonly Operation[], pending: readonly Operation[]) =>
      connected(connection, async (client) => {
        const rows = await found(client, [...acked, ...pending].map(({ label }) => label)); // biome-ignore format: one line
        for (const { label, parts, counter } of acked) if (!counter) compare(label, parts, rows.get(label));
        for (const { label, parts } of pending) if (rows.has(label)) compare(label, parts, rows.get(label));
      }),
    atEnd: (all: ReadonlyMap<string, number>, counts: ReadonlyMap<string, number>) =>
      connected(connection, async (client) => {
        const rows = await found(client, null);
        for (const [label, parts] of all) compare(label, parts, rows.get(label));
        for (const label of rows.keys()) if (!all.has(label)) duplicated.push(`${label} was never acknowledged`);
        const counters = await client.query<{ id: string; n: string }>("SELECT id, n FROM public.counters");
        for (const { id, n } of counters.rows) {
          const off = Number(n) - (counts.get(id) ?? 0);
          if (off < 0) lost.push(`${id}: ${-off} increments`);
          if (off > 0) duplicated.push(`${id}: ${off} increments`);
        }
      }),
  };
}

async function connected<T>(connection: pg.ClientConfig, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client(connection);
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

function expectStatus(answer: Answer, status: number): void {
  if (answer.status !== status) throw new Error(`${answer.status} instead of ${status}: ${answer.text}`);
}
