// CPU of one read and of one list, ours against a bare named statement of pg with the same columns: what the reader adds.
// Usage: DATABASE_URL=postgres://… node test/bench/records/read-cpu.ts   (makes and drops a collection of its own)
import { createSecretKey } from "node:crypto";
import { compilePattern } from "@landfall/client/cel";
import type { Logger } from "pino";
import { createCollection, dropCollection } from "../../../server/collections/definition-write.ts";
import { denialLog } from "../../../server/collections/denial.ts";
import { checkRule } from "../../../server/collections/expression-env.ts";
import { fieldKinds } from "../../../server/collections/field-kinds.ts";
import { bulkWriter } from "../../../server/collections/record-bulk.ts";
import { recordReader } from "../../../server/collections/record-read.ts";
import type { Room } from "../../../server/collections/record-room.ts";
import { recordWriter } from "../../../server/collections/record-write.ts";
import { createSchemaRegistry } from "../../../server/collections/schemas-registry.ts";
import { announce, installCapture, removeCapture } from "../../../server/kernel/changelog/index.ts";
import { systemClock } from "../../../server/kernel/clock.ts";
import type { Context } from "../../../server/kernel/context.ts";
import { migrate } from "../../../server/kernel/db/migrate.ts";
import { createDb } from "../../../server/kernel/db/pool.ts";
import { uuidv7 } from "../../../server/kernel/ids.ts";

const db = createDb({
  connection: { connectionString: process.env.DATABASE_URL },
  ...{ max: 10, statementTimeoutMs: 20_000, lockTimeoutMs: 5_000, idleInTransactionTimeoutMs: 20_000 },
  ...{ acquireTimeoutMs: 10_000, prepare: true },
});
await migrate(db);
const pattern = (source: string) => (text: string) => compilePattern(source).test(text) === true;
const kinds = fieldKinds(pattern);
const tools = {
  ...{ kindOf: kinds, compilePattern: pattern, followers: [], lockTimeoutMs: 2_000 },
  checkRule(schemas: never, schema: never, operation: never, text: string) {
    checkRule(schemas, schema, text, { operation });
    return [];
  },
  capture: { install: installCapture, remove: removeCapture, announce },
} as unknown as Parameters<typeof createCollection>[2];
const tags = { actor: "service", request: "bench" };
const registry = createSchemaRegistry({ db, pollMs: 3_600_000, onError: () => {} });
await registry.run();
const name = "benchPosts";
const fields = [
  { name: "title", type: "text", required: true },
  { name: "body", type: "text" },
  { name: "status", type: "select", values: ["draft", "open"] },
  { name: "author", type: "text" },
  { name: "likes", type: "integer" },
];
const rule = "status == 'open' || author == auth.id";
const rules = { list: rule, create: "author == auth.id", update: "author == auth.id" };
await createCollection(
  db,
  {
    name,
    kind: "base",
    fields,
    indexes: [{ fields: ["status", "createdAt"] }],
    rules,
    preconditionRequired: false,
  } as never,
  tools,
  tags,
);
await registry.refresh();

const secret = createSecretKey(Buffer.alloc(32, 1));
const room: Room = {
  ...{
    schemas: registry,
    kinds,
    cursorSecret: () => secret,
    epoch: () => "e1",
    ring: () => {},
    pauseBeforeRetry: async () => {},
    newId: () => uuidv7(),
  },
  denials: denialLog({ db, clock: systemClock, every: () => () => {} }),
};
const log = { info() {} } as unknown as Logger;
const actor = {
  kind: "user",
  label: "user:u1",
  passesRules: false,
  seesHidden: false,
  auth: { id: "u1", signedIn: true, roles: [], teams: [], claims: {} },
} as const;
const ctx: Context = {
  actor,
  requestId: "r",
  door: "rest",
  nowMs: Date.now(),
  db,
  log,
  signal: new AbortController().signal,
};
const admin: Context = {
  ...ctx,
  actor: { ...actor, kind: "service", label: "service", passesRules: true, seesHidden: true },
};
const bulk = bulkWriter(room);
for (let chunk = 0; chunk < 10; chunk++) {
  const rows = Array.from({ length: 1_000 }, (_, n) => ({
    id: `p${chunk}-${n}`,
    title: `Title ${n}`,
    body: "x".repeat(300),
    status: n % 3 ? "open" : "draft",
    author: `u${n % 50}`,
    likes: n,
  }));
  await bulk.createMany(admin, name, rows, { silent: true });
}
await db.query({ text: `ANALYZE "${name}"` });

const reader = recordReader(room);
const writer = recordWriter(room);
const columns = `id, title, body, status, author, likes::text, "createdAt"::text, "updatedAt"::text, version::text`;
const id = () => `p${Math.floor(Math.random() * 10)}-1`;
const bare = {
  read: () => db.texts({ name: "bare_read", text: `SELECT ${columns} FROM "${name}" t WHERE id = $1`, values: [id()] }),
  list: () =>
    db.texts({
      name: "bare_list",
      text: `SELECT ${columns} FROM "${name}" t WHERE status = $1 ORDER BY "createdAt" DESC LIMIT 30`,
      values: ["open"],
    }),
  update: () =>
    db.texts({
      name: "bare_update",
      text: `UPDATE "${name}" SET likes = likes + 1 WHERE id = $1 RETURNING ${columns}`,
      values: [id()],
    }),
  create: () =>
    db.texts({
      name: "bare_create",
      text: `INSERT INTO "${name}" (id, title, author) VALUES ($1, 'a', 'u1') RETURNING ${columns}`,
      values: [uuidv7()],
    }),
};
const query = { filter: "status == 'open'", sort: [{ field: "createdAt", descending: true }] };
const ours = {
  read: () => reader.read(ctx, name, id()),
  list: () => reader.page(ctx, name, query),
  update: () => writer.update(admin, name, id(), { likes: { $increment: 1 } }),
  create: () => writer.create(ctx, name, { title: "a", author: "u1" }),
};

/** Microseconds of this process per call, with ten in flight. */
async function cpu(work: () => Promise<unknown>, count: number): Promise<number> {
  const before = process.cpuUsage();
  let left = count;
  await Promise.all(Array.from({ length: 10 }, async () => { while (left-- > 0) await work(); })); // biome-ignore format: one loop
  const used = process.cpuUsage(before);
  return (used.user + used.system) / count;
}

const median = (list: readonly number[]) => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)] as number;
const figures: Record<string, unknown> = {};
for (const operation of ["read", "list", "update", "create"] as const) {
  const count = operation === "list" ? 500 : 1_500;
  await cpu(bare[operation], count);
  await cpu(ours[operation], count);
  const rounds = { bare: [] as number[], ours: [] as number[] };
  for (let round = 0; round < 5; round++) {
    rounds.bare.push(await cpu(bare[operation], count));
    rounds.ours.push(await cpu(ours[operation], count));
  }
  figures[operation] = {
    bareUs: Math.round(median(rounds.bare) * 10) / 10,
    oursUs: Math.round(median(rounds.ours) * 10) / 10,
  };
}
await dropCollection(db, name, tools, { confirmLoss: true, tags } as never);
process.stdout.write(`${JSON.stringify(figures)}\n`);
await registry.stop();
await db.stop();
