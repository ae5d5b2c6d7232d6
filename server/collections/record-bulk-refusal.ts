// Which of many new records cannot be, and why, asked of all of them in one statement: the conditions of the rules, the
// unique values that are stored or given twice, the targets of their relations.
import type { Context } from "../kernel/context.ts";
import type { Problem } from "../kernel/errors/index.ts";
import { indexColumns, indexName, primaryKeyName } from "./definition-names.ts";
import { and, type CompiledStatement, type Env, quote } from "./query-sql.ts";
import { isJoined, tableOf } from "./record-fields.ts";
import { verdict } from "./record-refusal.ts";
import type { Room } from "./record-room.ts";
import { missingTarget, takenProblem } from "./record-sql-errors.ts";
import type { Condition } from "./record-write-sql.ts";
import type { FieldDefinition, Schema } from "./types.ts";
import type { Build } from "./visibility-types.ts";

export interface CompiledBulkRefusal {
  readonly statement: CompiledStatement;
  /** The questions, in the order in which a record alone would meet them. */
  readonly conditions: readonly Condition[];
  readonly unique: readonly Unique[];
  readonly relations: readonly FieldDefinition[];
}

/** The constraint and the columns whose values together stand once. */
interface Unique {
  readonly constraint: string;
  readonly columns: readonly string[];
}

/** `rows` is a query of the given records, numbered by `_n`; `conditions` speak of it as `v`. */
export function compileBulkRefusal(
  build: Build,
  schema: Schema,
  rows: string,
  conditions: readonly Condition[],
): CompiledBulkRefusal {
  const unique = uniquesOf(schema);
  const relations = schema.fields.filter(({ type }) => type === "relation");
  const asked = [
    ...conditions.map(({ sql }) => `((${sql}) IS TRUE)`),
    ...unique.map(({ columns }) => unstored(build, schema, columns)),
    ...relations.map((field) => targetThere(build, schema, field)),
  ];
  const names = asked.map((_sql, at) => `_a${at}`);
  const columns = asked.map((sql, at) => `${sql} AS ${names[at]}`).join(", ");
  // Of those that give a value twice the first is taken, unless something else keeps it out.
  const first = unique.map(({ columns }) => {
    const keys = columns.map((name) => `f.${quote(name)}`);
    const known = and(keys.map((key) => `${key} IS NOT NULL`));
    return `NOT (f._fits AND ${known} AND row_number() OVER (PARTITION BY f._fits, ${keys.join(", ")} ORDER BY f._n) > 1)`;
  });
  const answers = ["f._n", ...names.map((name) => `f.${name}`), ...first].map((sql) => `(${sql})::text`).join(", ");
  const text = `WITH v AS MATERIALIZED (${rows}), a AS (SELECT v.*${columns && `, ${columns}`} FROM v),
    f AS (SELECT a.*, (${and(names)}) AS _fits FROM a) SELECT ${answers} FROM f ORDER BY f._n`;
  return { statement: build.sql.finish(text, false), conditions, unique, relations };
}

/** In the order of their making, which is the order in which Postgres asks them. */
function uniquesOf(schema: Schema): Unique[] {
  const declared = schema.indexes.filter(({ unique }) => unique === true);
  return [
    { constraint: primaryKeyName(schema.name), columns: ["id"] },
    ...declared.map((index) => ({ constraint: indexName(schema.name, index), columns: indexColumns(schema, index) })),
  ];
}

function unstored(build: Build, schema: Schema, columns: readonly string[]): string {
  const alias = build.sql.alias();
  const equal = columns.map((name) => `${alias}.${quote(name)} = v.${quote(name)}`).join(" AND ");
  return `NOT EXISTS (SELECT FROM ${tableOf(schema)} ${alias} WHERE ${equal})`;
}

/** Records of one statement may point at each other. */
function targetThere(build: Build, schema: Schema, field: FieldDefinition): string {
  const target = build.schemas.byName.get(field.collection ?? "");
  if (!target) return "true";
  const alias = build.sql.alias();
  const own = (id: string) => (target.name === schema.name ? ` OR ${id} IN (SELECT w.id FROM v w)` : "");
  const there = (id: string) =>
    `(EXISTS (SELECT FROM ${tableOf(target)} ${alias} WHERE ${alias}.id = ${id})${own(id)})`;
  const value = `v.${quote(field.name)}`;
  if (!isJoined(field)) return `(${value} IS NULL OR ${there(value)})`;
  return `NOT EXISTS (SELECT FROM unnest(${value}) x(id) WHERE NOT ${there("x.id")})`;
}

export interface Given {
  readonly body: unknown;
  readonly id: string;
  /** JSON Pointer of the record, as its problem names it. */
  readonly at: string;
}

/** The records that cannot be, by their place, in order. */
export async function* refusedOf(
  room: Room,
  ctx: Context,
  schema: Schema,
  { statement, conditions, unique, relations }: CompiledBulkRefusal,
  { env, given }: { readonly env: Env; readonly given: readonly Given[] },
): AsyncGenerator<readonly [number, Problem]> {
  const { rows } = await ctx.db.texts(statement.run(env));
  for (const [number, ...answer] of rows) {
    const place = Number(number) - 1;
    const { body, id, at } = given[place] as Given;
    const named = new Set(Object.keys(body as object));
    const told = verdict(room, ctx, { schema }, { conditions, answer, operation: "create", id, at });
    const rest = answer.slice(conditions.length);
    const clash = unique.find((_one, n) => rest[n] !== "true" || rest[unique.length + relations.length + n] !== "true");
    const dangling = relations.find((_field, n) => rest[unique.length + n] !== "true");
    const problem =
      told ??
      (clash && takenProblem(schema, clash.constraint, named, at)) ??
      (dangling && missingTarget(dangling, named.has(dangling.name) ? `${at}/${dangling.name}` : at));
    if (problem) yield [place, problem as Problem];
  }
}
