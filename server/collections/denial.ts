// Denials: each one is a log line, and the last ones stand in a table that admins read in the console. Writing them is
// batched and bounded, so that an attacker who is refused a million times costs next to nothing.
import type { RecordAction } from "../kernel/actor.ts";
import type { Clock } from "../kernel/clock.ts";
import type { Context } from "../kernel/context.ts";
import type { Db } from "../kernel/db/index.ts";
import { uuidv7 } from "../kernel/ids.ts";
import type { Service } from "../kernel/lifecycle.ts";
import { type Denial, insertDenials, trimDenials } from "./denial-store.ts";
import type { Schema } from "./types.ts";

export interface DenialInput {
  readonly action: RecordAction;
  /** Part of the rule that was not true; "no rule" when the action is for admins only. */
  readonly clause: string;
  readonly rule?: string | undefined;
  readonly record?: string | undefined;
  readonly field?: string | undefined;
}

export interface Denials extends Service {
  note(ctx: Context, schema: Schema, denial: DenialInput): void;
  /** Writes what is waiting; tests and the list route need not wait for the interval. */
  flush(): Promise<void>;
}

export interface DenialOptions {
  readonly db: Db;
  readonly clock: Clock;
  /** Starts an interval and gives its end. */
  readonly every: (ms: number, work: () => void) => () => void;
}

const waitingMax = 500;
const keptMax = 5_000;
const flushMs = 1_000;

export function denialLog({ db, clock, every }: DenialOptions): Denials {
  let waiting: Denial[] = [];
  let dropped = 0;
  let end = () => {};
  let flushing = Promise.resolve();

  const write = async () => {
    const batch = waiting;
    const lost = dropped;
    waiting = [];
    dropped = 0;
    if (batch.length === 0) return;
    await insertDenials(db, batch, lost);
    await trimDenials(db, keptMax);
  };
  // A table that cannot be written must not fail requests; the log line has been written already.
  const flush = () => {
    flushing = flushing.then(write).catch(() => {});
    return flushing;
  };

  return {
    name: "denials",
    note(ctx, schema, { action, clause, rule, record, field }) {
      const { actor, requestId, door } = ctx;
      if (ctx.explain) return;
      ctx.log.info({ collection: schema.name, operation: action, clause, field, actor: actor.label, door }, "denied");
      if (waiting.length >= waitingMax) {
        dropped += 1;
        return;
      }
      waiting.push({
        id: uuidv7(clock.now()),
        at: new Date(clock.now()).toISOString(),
        collection: schema.name,
        operation: action,
        clause,
        rule: rule ?? null,
        record: record ?? null,
        field: field ?? null,
        actor: actor.label,
        request: requestId,
        door,
      });
    },
    flush,
    async run() {
      end = every(flushMs, () => void flush());
    },
    async drain() {
      await flush();
    },
    async stop() {
      end();
      await flushing;
    },
  };
}
