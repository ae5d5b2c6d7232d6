// Test support: the room on a real database, with collections made through their own writer and a context for any actor.
import { createSecretKey } from "node:crypto";
import { compilePattern } from "@landfall/client/cel";
import type { Logger } from "pino";
import { beforeAll } from "vitest";
import type { TestDatabase } from "../../test/support/database.ts";
import { type Actor, anonymous, service } from "../kernel/actor.ts";
import { announce, installCapture, removeCapture } from "../kernel/changelog/capture.ts";
import { systemClock } from "../kernel/clock.ts";
import type { Context } from "../kernel/context.ts";
import { Problem } from "../kernel/errors/index.ts";
import { uuidv7 } from "../kernel/ids.ts";
import { textOfOctets } from "../kernel/octets.ts";
import type { CollectionInput } from "./definition-shape.ts";
import { createCollection, type DefinitionTools, dropCollection } from "./definition-write.ts";
import { denialLog } from "./denial.ts";
import { checkRule } from "./expression-env.ts";
import { fieldKinds } from "./field-kinds.ts";
import { parseFlatQuery } from "./query-parse.ts";
import { type BulkWriter, bulkWriter } from "./record-bulk.ts";
import { type RecordReader, recordReader } from "./record-read.ts";
import type { Room } from "./record-room.ts";
import { type RecordWriter, recordWriter } from "./record-write.ts";
import { createSchemaRegistry, type SchemaRegistry } from "./schemas-registry.ts";

export interface Testbed {
  readonly room: Room;
  readonly reader: RecordReader;
  readonly writer: RecordWriter;
  readonly bulk: BulkWriter;
  readonly registry: SchemaRegistry;
  /** How often the doorbell was rung. */
  readonly rung: () => number;
  ctx(actor?: Actor, extra?: Partial<Context>): Context;
  define(input: Omit<Partial<CollectionInput>, "name"> & { readonly name: string }): Promise<void>;
  drop(name: string): Promise<void>;
  /** The page of a flat query, parsed. */
  list(actor: Actor, collection: string, query?: Parameters<typeof parseFlatQuery>[0]): Promise<Page>;
}

export interface Page {
  readonly items: Record<string, unknown>[];
  readonly nextCursor: string | null;
  readonly count?: number;
}

export const user = (id: string, extra: Partial<Actor["auth"]> = {}): Actor => ({
  kind: "user",
  label: `user:${id}`,
  passesRules: false,
  seesHidden: false,
  auth: { id, signedIn: true, roles: [], teams: [], claims: {}, ...extra },
});
export { anonymous, service as admin };

export function recordTestbed(
  database: TestDatabase,
  collections: readonly Parameters<Testbed["define"]>[0][] = [],
): Testbed {
  let bed: Testbed | undefined;
  const get = () => {
    if (!bed) throw new Error("the testbed is ready from beforeAll on");
    return bed;
  };
  beforeAll(async () => {
    bed = await createTestbed(database);
    for (const collection of collections) await bed.define(collection);
  });
  return {
    get room() { return get().room; },
    get reader() { return get().reader; },
    get writer() { return get().writer; },
    get bulk() { return get().bulk; },
    get registry() { return get().registry; },
    rung: () => get().rung(),
    ctx: (actor, extra) => get().ctx(actor, extra),
    define: (input) => get().define(input),
    drop: (name) => get().drop(name),
    list: (actor, collection, query) => get().list(actor, collection, query),
  }; // biome-ignore format: getters in a row
}

export async function createTestbed({ db }: Pick<TestDatabase, "db">, newId = () => uuidv7()): Promise<Testbed> {
  const registry = createSchemaRegistry({ db, pollMs: 3_600_000, onError: (error) => expectNothing(error) });
  await registry.run();
  const pattern = (source: string) => {
    const compiled = compilePattern(source);
    return (text: string) => compiled.test(text) === true;
  };
  const kinds = fieldKinds(pattern);
  const tools: DefinitionTools = {
    kindOf: kinds,
    compilePattern: pattern,
    checkRule(schemas, schema, operation, text) {
      checkRule(schemas, schema, text, { operation });
      return [];
    },
    capture: { install: installCapture, remove: removeCapture, announce },
    followers: [],
    lockTimeoutMs: 2_000,
  };
  let rung = 0;
  const secret = createSecretKey(Buffer.alloc(32, 7));
  const room: Room = {
    schemas: registry,
    kinds,
    cursorSecret: () => secret,
    epoch: () => "e1",
    ring: () => {
      rung += 1;
    },
    denials: denialLog({ db, clock: systemClock, every: () => () => {} }),
    newId,
    pauseBeforeRetry: async () => {},
  };
  const reader = recordReader(room);
  const ctx = (actor: Actor = service, extra: Partial<Context> = {}): Context => ({
    actor,
    requestId: "r1",
    door: "rest",
    nowMs: Date.now(),
    db,
    log: silent,
    signal: new AbortController().signal,
    ...extra,
  });
  return {
    room,
    reader,
    writer: recordWriter(room),
    bulk: bulkWriter(room),
    registry,
    rung: () => rung,
    ctx,
    async define(input) {
      const whole = { kind: "base", fields: [], indexes: [], rules: {}, preconditionRequired: false, ...input };
      await createCollection(db, whole as CollectionInput, tools, { actor: "service", request: "setup" });
      await registry.refresh();
    },
    async drop(name) {
      await dropCollection(db, name, tools, { confirmLoss: true, tags: { actor: "service", request: "setup" } });
      await registry.refresh();
    },
    async list(actor, collection, query = {}) {
      const { items, ...rest } = await reader.page(ctx(actor), collection, parseFlatQuery(query));
      return { ...rest, items: items.map((octets) => JSON.parse(textOfOctets(octets))) };
    },
  };
}

const expectNothing = (error: unknown) => {
  throw error;
};

const nothing = () => {};
const silent = { info: nothing, warn: nothing, error: nothing, debug: nothing } as unknown as Logger;

/** `403 record_forbidden`, or `ok` when it did not fail. */
export async function outcome(work: Promise<unknown>): Promise<string> {
  try {
    await work;
    return "ok";
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    const issues = error.issues.map(({ path, code }) => `${path} ${code}`).join(", ");
    return `${error.status} ${error.code}${issues && `: ${issues}`}`;
  }
}
