// The one statement of a write. The rules stand in its WHERE: asked of the stored row and of the new values as
// expressions, so that after a concurrent change Postgres asks them again against the row it really changes.
//
//   UPDATE posts t SET likes = t.likes + $6
//   WHERE t.id = $5 AND <visible t> AND <rule over t> AND <rule over t.likes + $6, …> AND t.version = ANY($7)
//     AND set_config('landfall.actor', $1, true) IS NOT NULL …     who writes, for the capture trigger
//   RETURNING <select list>
import { textColumn } from "./field-text.ts";
import { and, type CompiledStatement, quote, type SqlText } from "./query-sql.ts";
import { type Audience, inScope, isJoined, joinTableOf, tableOf } from "./record-fields.ts";
import { aliasRow, compileSelection, wantedOf } from "./record-select.ts";
import type { Change } from "./record-values.ts";
import { type CompiledWrite, newValue } from "./record-write-values.ts";
import type { FieldDefinition, Schema } from "./types.ts";
import { allowed, type Clause, clauses, mayAsk, presence, readable, settable, updateClauses } from "./visibility.ts";
import type { Build, Row } from "./visibility-types.ts";

/** What the text depends on; the values themselves are bound. */
export interface WritePlan {
  readonly schema: Schema;
  /** A new row, whole. */
  readonly insert?: readonly Change[];
  /** What changes of a stored row. */
  readonly update?: readonly Change[];
  /** Fields the caller named: only these are theirs to answer for. */
  readonly named: ReadonlySet<string>;
  /** `version`: the stored row must have one of the versions given. `any`: there must be a stored row. */
  readonly match: "none" | "version" | "any";
  /** The statement is its own transaction, so that no earlier write can have left settings behind. */
  readonly alone?: boolean;
}

/** Why a row was not written; asked one by one when it was not. */
export interface Condition {
  readonly why: "missing" | "relation" | "rule" | "field" | "version" | "range";
  readonly field?: FieldDefinition;
  /** The part of the rule that is asked. */
  readonly clause?: string;
  readonly sql: string;
}

export function compileWrite(build: Build, plan: WritePlan): CompiledWrite {
  const row = aliasRow(plan.schema, "t");
  const joins = [...(plan.insert ?? []), ...(plan.update ?? [])].some(({ field }) => isJoined(field));
  const selection = compileSelection(build, row, wantedOf(answeredFields(build.audience, plan), undefined));
  // A list of relations is written behind the row and draws another version, so the row is read again then.
  const columns = joins ? [] : [...selection.columns];
  const text = `${row.column("version")}::text`;
  const known = columns.indexOf(text);
  const version = known >= 0 ? known : columns.push(text) - 1;
  const returning = columns.join(", ");
  const update = plan.update && updateSql(build, plan, plan.update, returning);
  const insert = (also: string) => insertSql(build, plan, plan.insert ?? [], returning, also);
  const whole =
    update && plan.insert
      ? `WITH u AS (${update}), i AS (${insert(afterUpdate(plan.schema))})
        SELECT 'u', u.* FROM u UNION ALL SELECT 'i', i.* FROM i`
      : (update ?? insert(""));
  return {
    statement: build.sql.finish(whole, true),
    selection,
    versionAt: version,
    marked: update !== undefined && plan.insert !== undefined,
    inserts: update === undefined,
    joins,
  };
}

/** A write that may have met a stored record shows it only to those who may get it; to others it is named. Undefined: whole. */
export function answeredFields(audience: Audience, { schema, update }: Pick<WritePlan, "schema" | "update">) {
  return update && !inScope(audience, schema, "get") ? ["id", "version"] : undefined;
}

/**
 * The insert of an upsert comes after its update, which it reads. A row that appears or goes in between leaves both
 * without a row; the writer then looks again.
 */
const afterUpdate = (schema: Schema) =>
  ` AND NOT EXISTS (SELECT FROM u) AND NOT EXISTS (SELECT FROM ${tableOf(schema)} s WHERE s.id = v.id) ON CONFLICT (id) DO NOTHING`;

export function compileDelete(build: Build, plan: Pick<WritePlan, "schema" | "match">): CompiledWrite {
  const t = aliasRow(plan.schema, "t");
  const conditions = deleteConditions(build, plan).map(({ sql }) => sql);
  const where = and([`t.id = ${bindId(build.sql)}`, ...conditions, ...actorConditions(build.sql)]);
  const text = `DELETE FROM ${tableOf(plan.schema)} AS t WHERE ${where} RETURNING ${t.column("version")}::text`;
  const selection = { columns: [], render: () => "", plain: false };
  return {
    statement: build.sql.finish(text, true),
    selection,
    versionAt: 0,
    marked: false,
    inserts: false,
    joins: false,
  };
}

/** Who writes, for the capture triggers, once for a statement of many rows: `FROM ctx` sees to it. */
export const actorContext = (sql: SqlText): string =>
  `WITH ctx AS MATERIALIZED (SELECT ${settingCalls(sql, "bulk").join(", ")})`;

/**
 * The same for one row, as conditions that always hold: a row is written after its conditions were asked, and triggers run
 * after that. It saves a join with `ctx`.
 */
const actorConditions = (sql: SqlText, alone = false): string[] =>
  settingCalls(sql, alone ? "alone" : "row").map((call) => `${call} IS NOT NULL`);

/**
 * Inside a transaction all settings are written each time, since an earlier write may have left others. A statement alone
 * finds none, so only who writes is said.
 */
function settingCalls(sql: SqlText, capture: "row" | "bulk" | "alone"): string[] {
  const settings = [
    ["actor", sql.bind("actor", ({ ctx }) => ctx.actor.label)],
    ["request", sql.bind("request", ({ ctx }) => ctx.requestId)],
  ];
  if (capture !== "alone") {
    settings.push(["mutation", sql.bind("mutation", ({ ctx }) => ctx.mutationId ?? "")]);
    settings.push(["bulk", capture === "bulk" ? "'on'" : "''"]);
  }
  return settings.map(([name, value]) => `set_config('landfall.${name}', ${value}, true)`);
}

const bindId = (sql: SqlText) => sql.bind("id", (env) => env.id);

function updateSql(build: Build, plan: WritePlan, changes: readonly Change[], returning: string): string {
  const { assignments } = newRow(build, plan.schema, changes);
  const conditions = updateConditions(build, plan).map(({ sql }) => sql);
  const where = and([`t.id = ${bindId(build.sql)}`, ...conditions, ...actorConditions(build.sql, plan.alone)]);
  // A patch that changes only lists still asks the rules of the row and locks it.
  const set = assignments.length > 0 ? assignments.join(", ") : "id = t.id";
  return `UPDATE ${tableOf(plan.schema)} AS t SET ${set} WHERE ${where} RETURNING ${returning}`;
}

function insertSql(build: Build, plan: WritePlan, changes: readonly Change[], returning: string, also: string): string {
  const { columns, row, names } = insertedRow(build, plan.schema, changes);
  const conditions = insertConditions(build, plan, row).map(({ sql }) => sql);
  const where = and([...conditions, ...actorConditions(build.sql, plan.alone)]);
  const list = names.map(quote).join(", ");
  return `INSERT INTO ${tableOf(plan.schema)} AS t (${list}) SELECT ${names.map((name) => `v.${quote(name)}`).join(", ")} FROM (SELECT ${columns.join(", ")}) v WHERE ${where}${also} RETURNING ${returning}`;
}

/** A row that is not stored yet, as the subquery `v`. The trigger's own fields are shown to rules as they will be. */
export function insertedRow(build: Build, schema: Schema, changes: readonly Change[]) {
  const names = ["id"];
  const columns = [`${bindId(build.sql)}::${textColumn} AS id`];
  const lists = new Map<string, string>();
  changes.forEach((change, index) => {
    const value = newValue(build, change, `i${index}`, undefined, schema);
    if (isJoined(change.field)) lists.set(change.field.name, value.list as string);
    for (const [name, sql] of value.columns) {
      names.push(name);
      columns.push(`${sql} AS ${quote(name)}`);
    }
  });
  for (const field of schema.fields) {
    if (field.type !== "autodate") continue;
    names.push(field.name);
    columns.push(`${currentTime} AS ${quote(field.name)}`);
  }
  columns.push(`${currentTime} AS "createdAt"`, `${currentTime} AS "updatedAt"`, "1::int8 AS version");
  const row: Row = { ...aliasRow(schema, "v"), list: (field) => lists.get(field) };
  return { names, columns, row };
}

export const currentTime = "date_trunc('milliseconds', now())";

/** The stored row with the changes applied, as expressions over `t`. */
function newRow(build: Build, schema: Schema, changes: readonly Change[]) {
  const stored = aliasRow(schema, "t");
  const columns = new Map<string, string>();
  const lists = new Map<string, string>();
  const guards: Condition[] = [];
  changes.forEach((change, index) => {
    const value = newValue(build, change, `u${index}`, stored, schema);
    if (value.list) lists.set(change.field.name, value.list);
    for (const [name, sql] of value.columns) columns.set(name, sql);
    if (value.guard) guards.push({ why: "range", field: change.field, sql: value.guard });
  });
  for (const field of schema.fields) {
    if (field.type === "autodate" && field.on === "update") columns.set(field.name, currentTime);
  }
  const row: Row = {
    schema,
    column: (name) => (columns.has(name) ? `(${columns.get(name)})` : stored.column(name)),
    list: (field) => lists.get(field),
  };
  return { row, guards, assignments: [...columns].map(([name, sql]) => `${quote(name)} = ${sql}`) };
}

export function updateConditions(build: Build, plan: WritePlan): Condition[] {
  const { schema, named } = plan;
  const before = aliasRow(schema, "t");
  const { row, guards } = newRow(build, schema, plan.update ?? []);
  const conditions: Condition[] = asConditions("missing", presence(build, "update", before));
  (plan.update ?? []).forEach(({ field, kind }, index) => {
    if (!named.has(field.name)) return;
    // What an operator leaves in a list is not the caller's to answer for, only what it adds.
    const added = kind === "append" && isJoined(field) ? newValue(build, { field, kind: "set", value: null }, `u${index}`, undefined, schema).list : row.list?.(field.name); // biome-ignore format: one line
    const sql = kind === "remove" ? "true" : targetVisible(build, field, { row, before, ids: added });
    conditions.push({ why: "relation", field, sql });
    conditions.push({ why: "field", field, sql: settable(build, field, { row, before }) });
  });
  conditions.push(...asConditions("rule", updateClauses(build, { row, before })), ...guards);
  return [...conditions, ...versionCondition(build, plan)];
}

function asConditions(why: "missing" | "rule", asked: readonly Clause[]): Condition[] {
  return asked.map(({ text, sql }) => ({ why, clause: text, sql }));
}

export function insertConditions(
  build: Build,
  plan: Pick<WritePlan, "schema" | "named" | "insert">,
  row: Row,
): Condition[] {
  const conditions: Condition[] = [];
  for (const { field } of plan.insert ?? []) {
    if (!plan.named.has(field.name)) continue;
    conditions.push({ why: "relation", field, sql: targetVisible(build, field, { row, ids: row.list?.(field.name) }) });
    conditions.push({ why: "field", field, sql: settable(build, field, { row }) });
  }
  return [...conditions, ...asConditions("rule", clauses(build, "create", row))];
}

export function deleteConditions(build: Build, plan: Pick<WritePlan, "schema" | "match">): Condition[] {
  const stored = aliasRow(plan.schema, "t");
  return [
    ...asConditions("missing", presence(build, "delete", stored)),
    ...asConditions("rule", clauses(build, "delete", stored)),
    ...versionCondition(build, plan),
  ];
}

function versionCondition(build: Build, plan: Pick<WritePlan, "match">): Condition[] {
  if (plan.match !== "version") return [];
  return [
    { why: "version", sql: `t.version = ANY(${build.sql.bind("versions", (env) => `{${env.versions}}`)}::int8[])` },
  ];
}

interface Pointed {
  readonly row: Row;
  readonly before?: Row;
  /** For a list of relations: the ids it is given, as text[]. */
  readonly ids?: string | undefined;
}

/**
 * A relation can only be pointed at what the caller may see: otherwise the foreign key would tell which invisible
 * records exist. What the row holds already stays allowed where the caller may read it, and so does the caller's own id.
 */
function targetVisible(build: Build, field: FieldDefinition, { row, before, ids }: Pointed): string {
  const target = field.type === "relation" && build.schemas.byName.get(field.collection ?? "");
  const { audience } = build;
  // A key that passes the rules sees every record of the collections it is narrowed to, and of others none.
  if (!target || (audience.passesRules && mayAsk(audience, target, "get"))) return "true";
  const alias = build.sql.alias();
  const seen = allowed(build, "get", aliasRow(target, alias));
  const own = build.sql.bind("auth id", ({ ctx }) => ctx.actor.auth.id ?? null);
  const visible = (id: string) =>
    `EXISTS (SELECT FROM ${tableOf(target)} ${alias} WHERE ${alias}.id = ${id} AND (${seen} OR ${alias}.id = ${own}::text))`;
  // To keep a value that one may not read would be to guess it.
  const known = before && `(${readable(build, field, before)}) IS TRUE`;
  if (!isJoined(field)) {
    const id = row.column(field.name);
    const kept = before ? ` OR (${id} = ${before.column(field.name)} AND ${known})` : "";
    return `coalesce(${id} IS NULL${kept} OR ${visible(id)}, false)`;
  }
  const kept = before
    ? ` AND NOT (${known} AND x.id IN (SELECT j.target FROM ${joinTableOf(row.schema.name, field.name)} j WHERE j.owner = ${before.column("id")}))`
    : "";
  return `NOT EXISTS (SELECT FROM unnest(${ids}) x(id) WHERE NOT ${visible("x.id")}${kept})`;
}

export interface CompiledRefusal {
  /** Asked of the stored row, which matters to updates and deletes; its answer starts with `u`. */
  readonly stored: readonly Condition[];
  /** Asked of the row that was to be inserted; its answer starts with `i`. */
  readonly fresh: readonly Condition[];
  readonly statement: CompiledStatement;
}

/** Asks each condition by itself, after a write that found no row: 't' or 'f' for each, and no row when none is stored. */
export function compileRefusal(build: Build, plan: WritePlan & { readonly deletes?: boolean }): CompiledRefusal {
  const { schema } = plan;
  const stored = plan.deletes ? deleteConditions(build, plan) : plan.update && updateConditions(build, plan);
  const inserted = plan.insert && insertedRow(build, schema, plan.insert);
  const fresh = inserted ? insertConditions(build, plan, inserted.row) : [];
  const width = Math.max(stored?.length ?? 0, fresh.length);
  const ask = (mark: string, conditions: readonly Condition[]) => {
    const answers = conditions.map(({ sql }) => `(${sql})::text`);
    return `SELECT ${[`'${mark}'`, ...answers, ...Array(width - answers.length).fill("NULL")].join(", ")}`;
  };
  const questions: string[] = [];
  if (stored) questions.push(`${ask("u", stored)} FROM ${tableOf(schema)} t WHERE t.id = ${bindId(build.sql)}`);
  if (inserted) questions.push(`${ask("i", fresh)} FROM (SELECT ${inserted.columns.join(", ")}) v`);
  return { stored: stored ?? [], fresh, statement: build.sql.finish(questions.join(" UNION ALL "), false) };
}
