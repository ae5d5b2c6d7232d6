// Many new records in one statement, all or nothing. Every column is one array parameter, so the text does not depend on
// how many records there are; rules are judged for each row, and one that fails keeps all of them out.
import type { Context } from "../kernel/context.ts";
import type { Db, TextRow } from "../kernel/db/index.ts";
import { type Issue, Problem } from "../kernel/errors/index.ts";
import { textColumn } from "./field-text.ts";
import { QueryCache } from "./query-cache.ts";
import { and, type CompiledStatement, type Env, quote, statementName } from "./query-sql.ts";
import { BulkColumns, type BulkLayout, bulkLayout } from "./record-bulk-columns.ts";
import { type CompiledBulkRefusal, compileBulkRefusal, refusedOf } from "./record-bulk-refusal.ts";
import { errors } from "./record-errors.ts";
import { type Audience, isJoined, joinTableOf, tableOf, writeRule } from "./record-fields.ts";
import { audienceIn, newBuild, type Room, schemaToWrite, withFreshSchema } from "./record-room.ts";
import { aliasRow, compileSelection, type Selection, wantedOf } from "./record-select.ts";
import { explainSqlError } from "./record-sql-errors.ts";
import type { Change } from "./record-values.ts";
import type { WriteOptions } from "./record-write.ts";
import { actorContext, currentTime, insertConditions } from "./record-write-sql.ts";
import type { FieldDefinition, Schema } from "./types.ts";
import type { Build, Row } from "./visibility-types.ts";

export const bulkMax = 1_000;

export interface BulkOptions extends WriteOptions {
  /** Nobody reads the records that come back: imports. Their text is empty. */
  readonly silent?: boolean;
}

export interface MadeRecord {
  readonly id: string;
  readonly version: string;
  /** JSON of the record as the caller may see it, in octets (kernel/octets.ts). */
  readonly octets: string;
}

export interface BulkWriter {
  createMany(
    ctx: Context,
    collection: string,
    bodies: readonly unknown[],
    options?: BulkOptions,
  ): Promise<MadeRecord[]>;
  /** Which of them alone would be refused, and with which problem; by their place. */
  refusals(
    ctx: Context,
    collection: string,
    bodies: readonly unknown[],
    options?: BulkOptions,
  ): Promise<ReadonlyMap<number, Problem>>;
}

interface CompiledBulk {
  readonly insert: CompiledStatement;
  readonly refusal: CompiledBulkRefusal;
  readonly selection: Selection;
  /** Where id and version stand in a row. */
  readonly idAt: number;
  readonly versionAt: number;
  readonly reread: CompiledStatement;
  readonly layout: BulkLayout;
}

export function bulkWriter(room: Room): BulkWriter {
  const cache = new QueryCache<CompiledBulk>();
  const compiledFor = (audience: Audience, schema: Schema, { silent = false }: BulkOptions) =>
    cache.get(room.schemas.current(), `${audience.key} ${schema.name}${silent ? " silent" : ""}`, () =>
      compileBulk(room, audience, schema, silent),
    );

  const columnsFor = (
    { layout }: CompiledBulk,
    schema: Schema,
    audience: Audience,
    { forgiving = false }: BulkOptions,
  ) => new BulkColumns(layout, { schema, kinds: room.kinds, audience, forgiving, newId: room.newId });

  return {
    createMany: (ctx, collection, bodies, options = {}) =>
      withFreshSchema(room, ctx, async () => {
        const schema = schemaToWrite(room, ctx, collection, "create");
        const audience = audienceIn(ctx);
        const compiled = compiledFor(audience, schema, options);
        const columns = columnsFor(compiled, schema, audience, options);
        addAll(columns, bodies);
        const { ids } = columns;
        const env: Env = { ctx, values: columns.values() };
        const firstRefused = async () => {
          const given = bodies.map((body, place) => ({ body, id: ids[place] as string, at: `/${place}` }));
          for await (const [, problem] of refusedOf(room, ctx, schema, compiled.refusal, { env, given }))
            return problem;
          return undefined;
        };
        const written = await writeAll(ctx, schema, compiled, env, columns).catch(async (error) => {
          // Postgres names the value, not the record; whoever was refused by something else than a constraint is not found.
          const named = new Set(bodies.flatMap((body) => Object.keys(body as object)));
          throw (
            (constraintCodes.has(error.code) && (await firstRefused())) || explainSqlError(error, schema, named, "/0")
          );
        });
        if (!written) throw (await firstRefused()) ?? errors.record_busy({ retryAfterSeconds: 1 });
        room.ring();
        return written;
      }),

    refusals: (ctx, collection, bodies, options = {}) =>
      withFreshSchema(room, ctx, async () => {
        const schema = schemaToWrite(room, ctx, collection, "create");
        const audience = audienceIn(ctx);
        const compiled = compiledFor(audience, schema, options);
        const columns = columnsFor(compiled, schema, audience, options);
        const found = new Map<number, Problem>();
        const places: number[] = [];
        bodies.forEach((body, place) => {
          try {
            columns.add(body, "/0");
            places.push(place);
          } catch (error) {
            if (!(error instanceof Problem)) throw error;
            found.set(place, error);
          }
        });
        if (places.length === 0) return found;
        const env: Env = { ctx, values: columns.values() };
        const given = places.map((place, n) => ({ body: bodies[place], id: columns.ids[n] as string, at: "/0" }));
        for await (const [n, problem] of refusedOf(room, ctx, schema, compiled.refusal, { env, given }))
          found.set(places[n] as number, problem);
        return found;
      }),
  };
}

/** A unique value or a reference. */
const constraintCodes = new Set(["23505", "23503", "23001"]);

/** What is wrong with any of them is told of all together. */
function addAll(columns: BulkColumns, bodies: readonly unknown[]): void {
  const issues: Issue[] = [];
  let malformed = false;
  bodies.forEach((body, index) => {
    try {
      columns.add(body, `/${index}`);
    } catch (error) {
      if ((error as Problem).code === "record_invalid") malformed = true;
      else if ((error as Problem).code !== "record_unprocessable") throw error;
      if (issues.length < 100) issues.push(...(error as Problem).issues);
    }
  });
  if (issues.length > 0) throw (malformed ? errors.record_invalid : errors.record_unprocessable)({ issues });
}

async function writeAll(
  ctx: Context,
  schema: Schema,
  compiled: CompiledBulk,
  env: Env,
  { ids, lists }: BulkColumns,
): Promise<MadeRecord[] | undefined> {
  const work = async (db: Db) => {
    const { rows } = await db.octets(compiled.insert.run(env));
    if (rows.length < ids.length) return undefined;
    if (lists.size === 0) return inOrder(compiled, rows, ids);
    for (const field of schema.fields) {
      const given = lists.get(field);
      if (given) await insertLists(db, schema, field, given, ids);
    }
    const again = await db.octets(compiled.reread.run(env));
    return inOrder(compiled, again.rows, ids);
  };
  return lists.size > 0 || ctx.db.inTransaction ? ctx.db.transaction(work) : work(ctx.db);
}

function inOrder(
  { selection, idAt, versionAt }: CompiledBulk,
  rows: readonly TextRow[],
  ids: readonly string[],
): MadeRecord[] {
  let byId: Map<string, TextRow> | undefined;
  const find = (id: string) => {
    byId ??= new Map(rows.map((row) => [row[idAt] as string, row]));
    return byId.get(id);
  };
  return ids.map((id, at) => {
    // Postgres gives them back as they were inserted, though it does not promise to.
    const row = (rows[at]?.[idAt] === id ? rows[at] : find(id)) as TextRow;
    return { id, version: row[versionAt] as string, octets: selection.render(row) };
  });
}

async function insertLists(
  db: Db,
  schema: Schema,
  field: FieldDefinition,
  given: ReadonlyMap<number, readonly string[]>,
  ids: readonly string[],
): Promise<void> {
  const rows = [...given].flatMap(([at, list]) => list.map((target, n) => [ids[at], target, n + 1]));
  const text = `INSERT INTO ${joinTableOf(schema.name, field.name)} (owner, target, position)
    SELECT x.owner, x.target, x.position FROM unnest($1::text[], $2::text[], $3::int4[]) x(owner, target, position)`;
  const values = [0, 1, 2].map((column) => rows.map((row) => row[column]));
  await db.texts({ text, values, name: statementName(text) });
}

function compileBulk(room: Room, audience: Audience, schema: Schema, silent: boolean): CompiledBulk {
  const insert = newBuild(room, audience);
  const guarded = schema.fields.filter((field) => writeRule(field, audience) !== undefined);
  const names = new Set(schema.fields.map(({ name }) => name));
  const conditionsIn = (build: Build, row: Row) =>
    insertConditions(build, { schema, named: names, insert: everyField(schema) }, row).map((condition) => {
      const flag = condition.why === "field" ? guarded.indexOf(condition.field as FieldDefinition) : -1;
      return flag < 0 ? condition : { ...condition, sql: `v._named${flag} = 'f' OR (${condition.sql})` };
    });
  const rows = rowsSql(insert, schema, guarded);
  const conditions = conditionsIn(insert, rows.row);
  const judged = and(conditions.map(({ sql }) => sql));
  const t = aliasRow(schema, "t");
  const shown = (build: Build) =>
    silent
      ? { columns: [], render: () => "", plain: true }
      : compileSelection(build, t, wantedOf(undefined, undefined));
  const selection = shown(insert);
  const { columns: returned, idAt, versionAt } = placed(selection, t);
  const list = rows.columns.map(quote).join(", ");
  const values = rows.columns.map((name) => `v.${quote(name)}`).join(", ");
  const all = judged === "true" ? "" : ` WHERE NOT EXISTS (SELECT FROM v WHERE (${judged}) IS NOT TRUE)`;
  const text = `${actorContext(insert.sql)}, v AS MATERIALIZED (${rows.sql})
    INSERT INTO ${tableOf(schema)} AS t (${list}) SELECT ${values} FROM ctx, v${all} RETURNING ${returned.join(", ")}`;

  const refusal = newBuild(room, audience);
  const asked = rowsSql(refusal, schema, guarded);
  const questions = conditionsIn(refusal, asked.row);
  const reread = newBuild(room, audience);
  const again = placed(shown(reread), t);
  const ids = reread.sql.bind("c0", (env) => env.values?.c0?.[0]);
  return {
    insert: insert.sql.finish(text, true),
    refusal: compileBulkRefusal(refusal, schema, asked.sql, questions),
    reread: reread.sql.finish(
      `SELECT ${again.columns.join(", ")} FROM ${tableOf(schema)} t WHERE t.id = ANY(${ids}::text[])`,
      true,
    ),
    selection,
    idAt,
    versionAt,
    layout: bulkLayout(insert, schema, guarded),
  };
}

/** The columns of a selection with id and version among them, and where those two stand. */
function placed(selection: Selection, row: Row) {
  const columns = [...selection.columns];
  const place = (column: string) => {
    const at = columns.indexOf(column);
    return at >= 0 ? at : columns.push(column) - 1;
  };
  return { idAt: place(row.column("id")), versionAt: place(`${row.column("version")}::text`), columns };
}

/** Every field once; what is in it does not matter to the text. */
const everyField = (schema: Schema): Change[] =>
  schema.fields.filter(({ type }) => type !== "autodate").map((field) => ({ field, kind: "set", value: null }));

/**
 * The given rows as a table: array parameters side by side, in the order of BulkColumns, each value cast to its column's type. Columns of our own begin
 * with an underscore, which no field does.
 */
function rowsSql(build: Build, schema: Schema, guarded: readonly FieldDefinition[]) {
  const arrays: string[] = [];
  const cells: string[] = [];
  const columns = ["id"];
  const array = () => {
    const at = arrays.length;
    const bound = build.sql.bind(`c${at}`, (env) => env.values?.[`c${at}`]?.[0]);
    // Behind a sub-select, or the planner reads the whole array to learn how many rows there will be.
    arrays.push(`(SELECT ${bound}::text[])`);
    return `x.c${at}`;
  };
  const lists = new Set<string>();
  cells.push(`${array()}::${textColumn} AS id`);
  for (const { field } of everyField(schema)) {
    if (isJoined(field)) {
      lists.add(field.name);
      cells.push(`${array()}::text[] AS ${quote(field.name)}`);
      continue;
    }
    for (const { name, type } of build.kinds(field).columns(field)) {
      columns.push(name);
      cells.push(`${array()}::${type} AS ${quote(name)}`);
    }
  }
  guarded.forEach((_field, at) => {
    cells.push(`${array()} AS _named${at}`);
  });
  for (const field of schema.fields) {
    if (field.type !== "autodate") continue;
    columns.push(field.name);
    cells.push(`${currentTime} AS ${quote(field.name)}`);
  }
  cells.push(`${currentTime} AS "createdAt"`, `${currentTime} AS "updatedAt"`, "1::int8 AS version", "x.n AS _n");
  const names = arrays.map((_array, at) => `c${at}`).join(", ");
  const sql = `SELECT ${cells.join(", ")} FROM unnest(${arrays.join(", ")}) WITH ORDINALITY x(${names}, n)`;
  const row: Row = { ...aliasRow(schema, "v"), list: (name) => (lists.has(name) ? `v.${quote(name)}` : undefined) };
  return { sql, columns, row };
}
