// What reader, writer and doors of this room share: the current schemas, how to compile against them, how to run a
// statement when a schema changed under it.
import type { KeyObject } from "node:crypto";
import type { Actor, RecordAction } from "../kernel/actor.ts";
import type { Context } from "../kernel/context.ts";
import type { Db, TextResult } from "../kernel/db/index.ts";
import type { Denials } from "./denial.ts";
import type { FieldKinds } from "./field-kinds.ts";
import { type CompiledStatement, type Env, SqlText } from "./query-sql.ts";
import { errors } from "./record-errors.ts";
import { type Audience, audienceOf, inScope } from "./record-fields.ts";
import { retried } from "./record-retry.ts";
import { isStaleSchema } from "./schemas.ts";
import type { Schema, Schemas } from "./types.ts";
import { mayAsk } from "./visibility.ts";
import type { Build } from "./visibility-types.ts";

/** Definitions as the definitions' half of the room keeps them. */
export interface SchemaSource {
  current(): Schemas;
  /** Reads them again, when a statement met a table that is no longer as remembered. */
  refresh(): Promise<unknown>;
}

export interface Room {
  readonly schemas: SchemaSource;
  readonly kinds: FieldKinds;
  /** A promise only until it was read once. */
  readonly cursorSecret: () => KeyObject | Promise<KeyObject>;
  /** The change log's epoch, the first part of every ETag. */
  readonly epoch: () => string;
  /** Wakes the ticker after a commit. */
  readonly ring: () => void;
  readonly denials: Denials;
  readonly newId: () => string;
  /** A moment, not the same for everybody, before a write that collided is tried again. */
  readonly pauseBeforeRetry: (attempt: number) => Promise<void>;
}

/** The epoch as it stands in ETags, whose parts are split at `.` and `-`. */
export const epochOf = (room: Pick<Room, "epoch">): string => room.epoch().replace(/[^A-Za-z0-9]/g, "");

/** The same request on another connection: a transaction that a batch or an import opened. */
export function withDb(ctx: Context, db: Db): Context {
  const { actor, requestId, door, nowMs, mutationId, explain } = ctx;
  return {
    ...{ actor, requestId, door, nowMs, db },
    get log() {
      return ctx.log;
    },
    get signal() {
      return ctx.signal;
    },
    ...(mutationId === undefined ? {} : { mutationId }),
    ...(explain === undefined ? {} : { explain }),
  };
}

const audiences = new WeakMap<Actor, Audience>();

export function audienceIn(ctx: Context): Audience {
  let audience = audiences.get(ctx.actor);
  if (!audience) {
    audience = audienceOf(ctx.actor);
    audiences.set(ctx.actor, audience);
  }
  return audience;
}

/** The schema, or the one 404 that also stands for "not for you". */
export function schemaFor(room: Room, ctx: Context, collection: string, action: RecordAction): Schema {
  const schema = room.schemas.current().byName.get(collection);
  if (!schema || !mayAsk(audienceIn(ctx), schema, action)) throw errors.record_not_found(unasked(ctx, schema, action));
  return schema;
}

/** For writes: a collection of which nothing is allowed to this caller is not there; otherwise a refusal may say so. */
export function schemaToWrite(room: Room, ctx: Context, collection: string, action: RecordAction): Schema {
  const schema = room.schemas.current().byName.get(collection);
  const audience = audienceIn(ctx);
  if (!schema || !actions.some((one) => mayAsk(audience, schema, one)))
    throw errors.record_not_found(unasked(ctx, schema, action));
  if (ctx.actor.scope?.readOnly) throw errors.record_forbidden();
  if (action === "create" && !mayAsk(audience, schema, "create")) {
    room.denials.note(ctx, schema, { action, clause: "no rule" });
    throw errors.record_forbidden(unasked(ctx, schema, action));
  }
  return schema;
}

/** To an admin who asks: what kept the rules from being asked at all. */
function unasked(ctx: Context, schema: Schema | undefined, action: RecordAction) {
  if (!ctx.explain) return {};
  const outside = schema && !inScope(audienceIn(ctx), schema, action);
  const message = !schema ? "no such collection" : outside ? "not in the scope" : "no rule";
  return { issues: [{ path: outside ? `scope.${action}` : `rules.${action}`, code: "denied", message }] };
}

const actions: readonly RecordAction[] = ["list", "get", "create", "update", "delete"];

export function newBuild(room: Room, audience: Audience): Build {
  return {
    sql: new SqlText(),
    schemas: room.schemas.current(),
    kinds: room.kinds,
    audience,
  };
}

/**
 * Does the work again when it collided with another's (record-retry.ts), and once when the schema it was compiled for has gone. Inside a transaction, which has failed with it,
 * and when definitions change faster than that, the caller is told to try again.
 */
export async function withFreshSchema<T>(room: Room, ctx: Context, whole: () => Promise<T>): Promise<T> {
  // In a transaction of somebody else locks stay, and with them the circle.
  const work = () => (ctx.db.inTransaction ? whole() : retried(room.pauseBeforeRetry, whole));
  try {
    return await work();
  } catch (error) {
    if (!isStaleSchema(error)) throw error;
    await room.schemas.refresh();
    if (ctx.db.inTransaction) throw changedMeanwhile(error);
    return work().catch((again) => {
      if (!isStaleSchema(again)) throw again;
      // Once or twice it is a race; again and again it is a table that does not fit its definition, which only a log shows.
      ctx.log.warn({ err: again }, "a statement does not fit the definitions just read");
      throw changedMeanwhile(again);
    });
  }
}

const changedMeanwhile = (cause: unknown) => errors.record_definition_changed({ retryAfterSeconds: 1, cause });

export function runTexts(ctx: Context, statement: CompiledStatement, env: Env): Promise<TextResult> {
  return ctx.db.texts(statement.run(env));
}
