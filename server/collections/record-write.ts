// The only writer of records. One statement judges the rules against the stored and the new row and writes, so nothing
// slips in between; when it gives no row back, a second look finds out why.
import type { RecordAction } from "../kernel/actor.ts";
import type { Context } from "../kernel/context.ts";
import type { Db } from "../kernel/db/index.ts";
import { Problem } from "../kernel/errors/index.ts";
import { QueryCache } from "./query-cache.ts";
import { compileGet } from "./query-compile.ts";
import type { Env } from "./query-sql.ts";
import { boundCascade } from "./record-cascade.ts";
import { errors } from "./record-errors.ts";
import { isJoined } from "./record-fields.ts";
import { recordId } from "./record-id.ts";
import { writeLists } from "./record-lists.ts";
import { etagOf } from "./record-read.ts";
import { refusalOf } from "./record-refusal.ts";
import { audienceIn, newBuild, type Room, schemaToWrite, withFreshSchema } from "./record-room.ts";
import { explainSqlError, isTakenId } from "./record-sql-errors.ts";
import { type Change, type Input, type InputOptions, patch as parsePatch, wholeRecord } from "./record-values.ts";
import { answeredFields, compileDelete, compileWrite, type WritePlan } from "./record-write-sql.ts";
import { type CompiledWrite, textsOf } from "./record-write-values.ts";
import type { Schema } from "./types.ts";

export interface Precondition {
  /** Versions of which the record must have one, or `*`: whatever is there. */
  readonly ifMatch?: "*" | readonly string[];
  /** Only create. */
  readonly ifNoneMatch?: boolean;
}

export interface WriteOptions extends Precondition {
  /** Imports pass over the system fields of an exported record. */
  readonly forgiving?: boolean;
}

export interface WriteResult {
  readonly id: string;
  /** JSON of the record as the caller may see it. */
  readonly text: string;
  readonly etag: string;
  readonly version: string;
  readonly created: boolean;
}

export interface RecordWriter {
  create(ctx: Context, collection: string, body: unknown, options?: WriteOptions): Promise<WriteResult>;
  update(ctx: Context, collection: string, id: string, body: unknown, options?: WriteOptions): Promise<WriteResult>;
  /** PATCH with `upsert=true`: merges into the record, or creates it. */
  upsert(ctx: Context, collection: string, id: string, body: unknown, options?: WriteOptions): Promise<WriteResult>;
  /** PUT: the record is the body, absent fields take their default. */
  replace(ctx: Context, collection: string, id: string, body: unknown, options?: WriteOptions): Promise<WriteResult>;
  remove(ctx: Context, collection: string, id: string, options?: Precondition): Promise<void>;
}

/** A row can appear or go between a write and the look at why it found none. */
const attemptsMax = 4;

export function recordWriter(room: Room): RecordWriter {
  const writes = new QueryCache<CompiledWrite>();
  const deletes = new QueryCache<CompiledWrite>();

  async function run(ctx: Context, given: WritePlan, action: RecordAction, id: string, options: Precondition) {
    const plan = standsAlone(ctx, given) ? { ...given, alone: true } : given;
    const values = valuesOf(room, plan);
    const env: Env = { ctx, id, values, ...versionsOf(options) };
    const key = keyOf(ctx, plan);
    const compiled = writes.get(room.schemas.current(), key, () => compileWrite(newBuild(room, audienceIn(ctx)), plan));
    for (let attempt = 1; ; attempt++) {
      const written = await atomically(ctx, compiled.joins, (db) => perform(room, ctx, db, plan, compiled, env)).catch(
        (error) => {
          if (options.ifNoneMatch && isTakenId(error, plan.schema)) throw errors.record_exists({ cause: error });
          throw explainSqlError(error, plan.schema, plan.named);
        },
      );
      if (written) {
        room.ring();
        return written;
      }
      const refusal = await refusalOf(room, ctx, plan, action, env);
      if (refusal) throw refusal;
      if (attempt === attemptsMax) throw errors.record_busy({ retryAfterSeconds: 1 });
    }
  }

  return {
    create: (ctx, collection, body, options = {}) =>
      withFreshSchema(room, ctx, () => {
        const schema = schemaToWrite(room, ctx, collection, "create");
        const input = wholeRecord(body, inputOptions(room, ctx, schema, options));
        const plan: WritePlan = { schema, insert: input.changes, named: namesOf(body), match: "none" };
        return run(ctx, plan, "create", input.id ?? room.newId(), {});
      }),

    update: (ctx, collection, id, body, options = {}) =>
      withFreshSchema(room, ctx, () => {
        const schema = schemaToWrite(room, ctx, collection, "update");
        requirePrecondition(schema, options);
        if (!recordId.test(id)) throw errors.record_not_found();
        const input = sameId(parsePatch(body, inputOptions(room, ctx, schema, options)), id);
        const plan: WritePlan = { schema, update: input.changes, named: namesOf(body), match: matchOf(options) };
        return run(ctx, plan, "update", id, options);
      }),

    upsert: (ctx, collection, id, body, options = {}) =>
      withFreshSchema(room, ctx, () => {
        const schema = schemaToWrite(room, ctx, collection, "update");
        requirePrecondition(schema, options);
        const settings = inputOptions(room, ctx, schema, options);
        const input = sameId(parsePatch(body, settings), validId(id));
        const named = namesOf(body);
        if (options.ifMatch !== undefined) {
          const plan: WritePlan = { schema, update: input.changes, named, match: matchOf(options) };
          return run(ctx, plan, "update", id, options).catch(lostWhenMissing);
        }
        const insert = insertable(input, settings);
        if (options.ifNoneMatch) {
          if (insert instanceof Problem) throw insert;
          return run(ctx, { schema, insert, named, match: "none" }, "create", id, options);
        }
        const plan: WritePlan = { schema, update: input.changes, named, match: "none" };
        if (!(insert instanceof Problem)) return run(ctx, { ...plan, insert }, "update", id, options);
        // What is no whole record can still be merged into one; where there is none to see, it says what it lacks.
        return run(ctx, plan, "update", id, options).catch((error) => {
          throw error instanceof Problem && error.code === "record_not_found" ? insert : error;
        });
      }),

    replace: (ctx, collection, id, body, options = {}) =>
      withFreshSchema(room, ctx, () => {
        const schema = schemaToWrite(room, ctx, collection, "update");
        requirePrecondition(schema, options);
        const input = sameId(wholeRecord(body, inputOptions(room, ctx, schema, options)), validId(id));
        const named = namesOf(body);
        const insert = options.ifMatch === undefined ? { insert: input.changes } : {};
        const update = options.ifNoneMatch ? {} : { update: replacing(ctx, input.changes, named) };
        const plan: WritePlan = { schema, named, match: matchOf(options), ...insert, ...update };
        const writing = run(ctx, plan, options.ifNoneMatch ? "create" : "update", id, options);
        return options.ifMatch === undefined ? writing : writing.catch(lostWhenMissing);
      }),

    remove: (ctx, collection, id, options = {}) =>
      withFreshSchema(room, ctx, async () => {
        const schema = schemaToWrite(room, ctx, collection, "delete");
        requirePrecondition(schema, options);
        if (!recordId.test(id)) throw errors.record_not_found();
        const plan = { schema, match: matchOf(options), named: new Set<string>(), deletes: true };
        const env: Env = { ctx, id, ...versionsOf(options) };
        const key = `${audienceIn(ctx).key} ${schema.name} ${plan.match}`;
        const compiled = deletes.get(room.schemas.current(), key, () =>
          compileDelete(newBuild(room, audienceIn(ctx)), plan),
        );
        const cascades = boundCascade(room.schemas.current(), schema);
        // What hangs on a record is counted for those who may delete it: to others neither the work nor its result is owed.
        const before = cascades && (await refusalOf(room, ctx, plan, "delete", env));
        if (before) throw before;
        for (let attempt = 1; ; attempt++) {
          if (await removeOne(ctx, schema, compiled, { env, cascades })) return room.ring();
          const refusal = await refusalOf(room, ctx, plan, "delete", env);
          if (refusal) throw refusal;
          if (attempt === attemptsMax) throw errors.record_busy({ retryAfterSeconds: 1 });
        }
      }),
  };
}

/** Nothing ran before it on this connection since the last commit, and nothing will run behind it until the next. */
function standsAlone(ctx: Context, { insert = [], update = [] }: WritePlan): boolean {
  if (ctx.db.inTransaction || ctx.mutationId !== undefined) return false;
  return !insert.some(({ field }) => isJoined(field)) && !update.some(({ field }) => isJoined(field));
}

/** A statement alone commits by itself. In a transaction of the caller's a failure is that transaction's: whoever goes on behind it opens a savepoint. */
function atomically<T>(ctx: Context, several: boolean, work: (db: Db) => Promise<T>): Promise<T> {
  return several && !ctx.db.inTransaction ? ctx.db.transaction(work) : work(ctx.db);
}

async function perform(room: Room, ctx: Context, db: Db, plan: WritePlan, compiled: CompiledWrite, env: Env) {
  const { rows } = await db.texts(compiled.statement.run(env));
  const row = rows[0];
  if (!row) return undefined;
  const created = compiled.marked ? row[0] === "i" : compiled.inserts;
  const cells = compiled.marked ? row.slice(1) : row;
  if (compiled.joins) {
    await writeLists(db, plan.schema, env.id as string, (created ? plan.insert : plan.update) ?? []);
    return readBack(room, ctx, db, plan, env, created);
  }
  const text = compiled.selection.render(cells);
  const version = cells[compiled.versionAt] as string;
  return resultOf(room, plan.schema, env, { text, version, created, plain: compiled.selection.plain });
}

/** The record after its lists were written. Its writer has just been judged, so no rule is asked again. */
async function readBack(room: Room, ctx: Context, db: Db, plan: WritePlan, env: Env, created: boolean) {
  const { schema } = plan;
  const audience = { ...audienceIn(ctx), passesRules: true, scope: undefined };
  const fields = answeredFields(audienceIn(ctx), plan);
  const get = compileGet(newBuild(room, audience), schema, fields ? { fields } : {});
  const { rows } = await db.texts(get.statement.run(env));
  const row = rows[0];
  if (!row) throw errors.record_busy({ retryAfterSeconds: 1 });
  const text = get.selection.render(row);
  return resultOf(room, schema, env, {
    text,
    version: row[get.versionAt] as string,
    created,
    plain: get.selection.plain,
  });
}

function resultOf(
  room: Room,
  schema: Schema,
  env: Env,
  written: { text: string; version: string; created: boolean; plain: boolean },
): WriteResult {
  const { text, version, created, plain } = written;
  return {
    id: env.id as string,
    text,
    version,
    created,
    etag: etagOf(room, schema, version, plain ? undefined : text),
  };
}

async function removeOne(
  ctx: Context,
  schema: Schema,
  compiled: CompiledWrite,
  { env, cascades }: { readonly env: Env; readonly cascades: ReturnType<typeof boundCascade> },
): Promise<boolean> {
  const work = async (db: Db) => {
    const { rows } = await db.texts(compiled.statement.run(env));
    return rows.length > 0;
  };
  try {
    if (!cascades) return await atomically(ctx, false, work);
    return await atomically(ctx, true, async (tx) => {
      await cascades(tx, env.id as string);
      return work(tx);
    });
  } catch (error) {
    const code = (error as { code?: string }).code;
    if (code === "23503" || code === "23001") throw errors.record_in_use({ cause: error });
    throw explainSqlError(error, schema, new Set());
  }
}

function inputOptions(room: Room, ctx: Context, schema: Schema, { forgiving }: WriteOptions) {
  const base = { schema, kinds: room.kinds, audience: audienceIn(ctx) };
  return forgiving ? { ...base, forgiving } : base;
}

const namesOf = (body: unknown): ReadonlySet<string> => new Set(Object.keys(body as object));

function requirePrecondition(schema: Schema, options: Precondition): void {
  if (!schema.preconditionRequired || options.ifMatch !== undefined || options.ifNoneMatch) return;
  throw errors.record_precondition_required();
}

const matchOf = ({ ifMatch }: Precondition): WritePlan["match"] =>
  ifMatch === undefined ? "none" : ifMatch === "*" ? "any" : "version";

/**
 * PUT and upsert would have written without their If-Match, so the condition is what they failed by (RFC 9110 §13.2.1). An
 * invisible record is a missing one here too.
 */
function lostWhenMissing(error: unknown): never {
  throw error instanceof Problem && error.code === "record_not_found" ? errors.record_version_conflict() : error;
}

const versionsOf = ({ ifMatch }: Precondition): Pick<Env, "versions"> =>
  ifMatch === undefined || ifMatch === "*" ? {} : { versions: ifMatch };

function validId(id: string): string {
  if (recordId.test(id)) return id;
  const message = "Expected 1 to 64 letters, digits, _ or -.";
  throw errors.record_unprocessable({ issues: [{ path: "path.id", code: "format", message }] });
}

function sameId(input: Input, id: string): Input {
  if (input.id === undefined || input.id === id) return input;
  const message = "The id of a record cannot be changed.";
  throw errors.record_unprocessable({ issues: [{ path: "/id", code: "id_mismatch", message }] });
}

/**
 * PUT of a stored record resets what the body does not name, except what its caller may not touch: hidden fields, and
 * fields with a write rule that the caller did not claim.
 */
function replacing(ctx: Context, changes: readonly Change[], named: ReadonlySet<string>): Change[] {
  const { seesHidden } = audienceIn(ctx);
  return changes.filter(
    ({ field }) => seesHidden || named.has(field.name) || (!field.hidden && field.rules?.write === undefined),
  );
}

/** What an upsert would insert, or why it could not be. */
function insertable(input: Input, settings: InputOptions): readonly Change[] | Problem {
  try {
    return wholeRecord(asInserted(input), { ...settings, forgiving: true }).changes;
  } catch (error) {
    if (error instanceof Problem) return error;
    throw error;
  }
}

/** What a patch means for a record that is not there: operators start from nothing. */
function asInserted(input: Input): object {
  const body: [string, unknown][] = input.changes
    .filter(({ kind }) => kind !== "remove")
    .map(({ field, kind, value }) => [field.name, kind === "merge" ? withoutNulls(value) : value]);
  return Object.fromEntries(body);
}

function withoutNulls(value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  const kept = Object.entries(value).filter(([, member]) => member !== null);
  return Object.fromEntries(kept.map(([name, member]) => [name, withoutNulls(member)]));
}

function valuesOf(room: Room, plan: WritePlan): NonNullable<Env["values"]> {
  const values: { [key: string]: readonly (string | null)[] } = {};
  textsOf(room.kinds, plan.insert ?? []).forEach((texts, index) => {
    values[`i${index}`] = texts;
  });
  textsOf(room.kinds, plan.update ?? []).forEach((texts, index) => {
    values[`u${index}`] = texts;
  });
  return values;
}

/** The text depends on which fields change how, and on which of them the caller answers for. */
function keyOf(ctx: Context, plan: WritePlan): string {
  const shape = (changes: readonly Change[] | undefined) =>
    changes?.map(({ field, kind }) => `${field.name}:${kind}${owned(ctx, field, plan)}`).join() ?? "-";
  const way = `${plan.match}${plan.alone ? " alone" : ""}`;
  return `${audienceIn(ctx).key} ${plan.schema.name} ${way} ${shape(plan.insert)} ${shape(plan.update)}`;
}

function owned(ctx: Context, field: Change["field"], plan: WritePlan): string {
  const matters = field.type === "relation" || field.rules?.write !== undefined || isJoined(field);
  return matters && plan.named.has(field.name) && !(ctx.actor.passesRules && ctx.actor.seesHidden) ? "!" : "";
}
