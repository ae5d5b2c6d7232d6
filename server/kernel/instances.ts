// How many server processes share this database. General limits are per process, divided by this number, so that two nodes
// together allow what one would.
import type { Db } from "./db/index.ts";
import type { Service } from "./lifecycle.ts";

export interface Instances extends Service {
  /** Processes alive at the last look, this one included; 1 before the first. */
  count(): number;
}

export interface InstancesOptions {
  readonly db: Db;
  /** Names this process; any text that no other process has. */
  readonly id: string;
  /** What a newer server that wants to migrate must know of this one. */
  readonly version: string;
  readonly everyMs: number;
  /** Told when a sign of life cannot be given; the last count stays in use. */
  readonly onError: (error: unknown) => void;
}

export function createInstances({ db, id, version, everyMs, onError }: InstancesOptions): Instances {
  let known = 1;
  let timer: NodeJS.Timeout | undefined;
  let looking: Promise<void> = Promise.resolve();

  const look = async () => {
    known = await signOfLife(db, { id, version, silentMs: 3 * everyMs });
  };
  return {
    name: "instances",
    count: () => known,
    async run() {
      await look();
      timer = setInterval(() => {
        looking = look().catch(onError);
      }, everyMs);
      timer.unref();
    },
    async drain() {
      clearInterval(timer);
      await looking;
    },
    async stop() {
      clearInterval(timer);
      await db.query({ text: "DELETE FROM landfall.instance WHERE id = $1", values: [id] }).catch(onError);
    },
  };
}

/** Writes our own row, forgets those silent for long, and counts. The database's clock alone decides, so skew does not matter. */
async function signOfLife(
  db: Db,
  { id, version, silentMs }: { readonly id: string; readonly version: string; readonly silentMs: number },
): Promise<number> {
  const [row] = await db.query<{ count: number }>({
    name: "instance_alive",
    text: `WITH gone AS (DELETE FROM landfall.instance WHERE id <> $1 AND "seenAt" < now() - $2 * interval '1 millisecond'),
                own AS (INSERT INTO landfall.instance (id, "seenAt", version) VALUES ($1, now(), $3)
                        ON CONFLICT (id) DO UPDATE SET "seenAt" = now())
           SELECT 1 + count(*) AS count FROM landfall.instance
           WHERE id <> $1 AND "seenAt" >= now() - $2 * interval '1 millisecond'`,
    values: [id, silentMs, version],
  });
  return row?.count ?? 1;
}
