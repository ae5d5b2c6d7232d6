// Clients that work through a load balancer while servers come and go: half of them use the SDK with one retry, half plain
// fetch with one retry. The ledger says at the end that nothing failed, nothing is lost and nothing was done twice.
import { createClient, defineSchema, increment } from "@landfall/client";
import pg from "pg";
import { call, serviceKey } from "./server.ts";

export interface RollingLoad {
  /** Resolves when so many further requests are answered. */
  answered(count: number): Promise<void>;
  end(): Promise<RollingResult>;
}

export interface RollingResult {
  readonly answered: number;
  /** Plain requests that needed their one retry. */
  readonly retried: number;
  /** Calls that failed in spite of it. */
  readonly failed: readonly string[];
  readonly lost: readonly string[];
  readonly twice: readonly string[];
}

const schema = defineSchema({
  collections: {
    parcels: { fields: { label: { type: "text", required: true }, part: { type: "integer" } } },
    tallies: { fields: { n: { type: "integer", required: true } } },
  },
});

/** Makes what the clients write to. */
export async function prepareRollingLoad(url: string): Promise<void> {
  const parcels = { name: "parcels", fields: [{ name: "label", type: "text", required: true }, { name: "part", type: "integer" }], indexes: [{ fields: ["label"] }] }; // biome-ignore format: one definition
  const tallies = { name: "tallies", fields: [{ name: "n", type: "integer", required: true }] };
  for (const collection of [parcels, tallies]) {
    const { status, text } = await call(url, "POST", "/v1/collections", { kind: "base", ...collection });
    if (status !== 201) throw new Error(`${status}: ${text}`);
  }
  // The other server may take a second to hear of the collection.
  for (let n = 0; n < clients; n++)
    for (let status = 0; status !== 201; )
      ({ status } = await call(url, "POST", "/v1/collections/tallies/records", { id: `t${n}`, n: 0 }));
  for (const { name } of [parcels, tallies])
    for (let known = 0; known < 10; )
      known = (await call(url, "GET", `/v1/collections/${name}/records`)).status === 200 ? known + 1 : 0;
}

const clients = 6;

/** Once per database: what it counts begins at nothing. */
export function startRollingLoad(url: string, connection: pg.ClientConfig): RollingLoad {
  const lf = createClient({ url, schema, token: serviceKey, retries: 1 });
  const made = new Map<string, number>();
  const tallies = new Map<string, number>();
  const failed: string[] = [];
  const totals = { answered: 0, retried: 0 };
  let waiting: { left: number; done: () => void } | undefined;
  let ending = false;

  const noted = async (what: string, work: () => Promise<unknown>, parts?: { label: string; count: number }) => {
    try {
      await work();
      if (parts) made.set(parts.label, parts.count);
    } catch (error) {
      const { code, message, cause } = error as { code?: string; message: string; cause?: Error };
      failed.push(
        `${what}: ${code ?? ""} ${message} ${cause?.message ?? ""} ${(cause?.cause as Error)?.message ?? ""}`,
      );
    }
    totals.answered++;
    if (waiting && --waiting.left === 0) waiting.done();
  };
  const counted = (id: string) => tallies.set(id, (tallies.get(id) ?? 0) + 1);

  const withSdk = async (client: number) => {
    for (let n = 0; !ending; n++) {
      const label = `s${client}-${n}`;
      await noted(`create ${label}`, () => lf.from("parcels").create({ label, part: 0 }), { label, count: 1 });
      await noted(`list ${label}`, async () => {
        const { items } = await lf.from("parcels").filter({ label }).list();
        if (items.length !== 1) throw new Error(`${items.length} of what was just written`);
      });
      const id = `t${client}`;
      await noted(`increment ${id}`, () =>
        lf
          .from("tallies")
          .update(id, { n: increment(1) })
          .then(() => counted(id)),
      );
      const both = `${label}-b`;
      const pair = (b: { from(name: "parcels"): { create(input: { label: string; part: number }): unknown } }) => [b.from("parcels").create({ label: both, part: 0 }), b.from("parcels").create({ label: both, part: 1 })]; // biome-ignore format: one pair
      await noted(`batch ${both}`, () => lf.batch(pair as never), { label: both, count: 2 });
    }
  };
  const withFetch = async (client: number) => {
    for (let n = 0; !ending; n++) {
      const label = `f${client}-${n}`;
      const headers = { "idempotency-key": label };
      const records = "/v1/collections/parcels/records";
      await noted(`POST ${label}`, () => twice(() => call(url, "POST", records, { label, part: 0 }, { headers }), totals), { label, count: 1 }); // biome-ignore format: one call
      await noted(`GET ${label}`, () => twice(() => call(url, "GET", `${records}?limit=5`), totals));
      const many = `${label}-m`;
      const parts = Array.from({ length: 10 }, (_, part) => ({ label: many, part }));
      await noted(`POST ${many}`, () => twice(() => call(url, "POST", records, parts, { headers: { "idempotency-key": many } }), totals), { label: many, count: 10 }); // biome-ignore format: one call
    }
  };
  const running = Promise.all(Array.from({ length: clients }, (_, n) => (n % 2 === 0 ? withSdk(n) : withFetch(n))));

  return {
    answered: (left) =>
      new Promise((done) => {
        waiting = { left, done };
      }),
    async end() {
      ending = true;
      await running;
      return { ...totals, failed: failed.slice(0, 20), ...(await compare(connection, made, tallies)) };
    },
  };
}

/** One retry of what a client may repeat: a lost connection, and a server or proxy that says later. */
async function twice(send: () => ReturnType<typeof call>, totals: { retried: number }): Promise<void> {
  const once = async () => {
    const answer = await send();
    if (answer.status >= 300) throw new Error(`${answer.status} ${answer.text.slice(0, 200)}`);
  };
  try {
    await once();
  } catch {
    totals.retried++;
    await new Promise((resolve) => setTimeout(resolve, 50));
    await once();
  }
}

async function compare(
  connection: pg.ClientConfig,
  made: ReadonlyMap<string, number>,
  tallies: ReadonlyMap<string, number>,
) {
  // biome-ignore format: one line
  const client = new pg.Client(connection);
  await client.connect();
  try {
    const text = `SELECT label, count(*)::int AS count FROM public.parcels GROUP BY label`;
    const { rows } = await client.query<{ label: string; count: number }>(text);
    const there = new Map(rows.map(({ label, count }) => [label, count]));
    const sums = await client.query<{ id: string; n: string }>("SELECT id, n FROM public.tallies");
    const off = sums.rows.map(({ id, n }) => ({ id, by: Number(n) - (tallies.get(id) ?? 0) }));
    const lost = [...made].filter(([label, count]) => (there.get(label) ?? 0) < count).map(([label]) => label);
    const twice = [...there].filter(([label, count]) => count > (made.get(label) ?? 0)).map(([label]) => label);
    return {
      lost: [...lost, ...off.filter(({ by }) => by < 0).map(({ id, by }) => `${id}: ${-by}`)],
      twice: [...twice, ...off.filter(({ by }) => by > 0).map(({ id, by }) => `${id}: ${by}`)],
    };
  } finally {
    await client.end();
  }
}
