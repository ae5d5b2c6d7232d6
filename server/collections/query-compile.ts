// One statement per shape of question: what is selected, which rows, in which order, from where on.
import type { CursorKeys } from "./cursor.ts";
import { anyOf, type Condition, servedByIndex, withoutImplied } from "./query-served.ts";
import { and, type CompiledStatement, type SqlText } from "./query-sql.ts";
import { queryLimits, type RecordQuery, type SortKey } from "./query-types.ts";
import { isJoined, knownField, tableOf } from "./record-fields.ts";
import type { Cells } from "./record-render.ts";
import {
  aliasRow,
  compileSelection,
  orderBy,
  type Selection,
  sortExpression,
  wantedOf,
  withId,
} from "./record-select.ts";
import type { Schema } from "./types.ts";
import { allowed, allowedClauses } from "./visibility.ts";
import { filterClauses } from "./visibility-filter.ts";
import type { Build, Row } from "./visibility-types.ts";

export interface CompiledList {
  readonly statement: CompiledStatement;
  readonly selection: Selection;
  /** Where in a row the texts of the sort keys stand. */
  readonly keysAt: readonly number[];
  /** Where the version of a plain record stands; its id comes first. */
  readonly versionAt: number | undefined;
  readonly limit: number;
}

export interface CompiledGet {
  readonly statement: CompiledStatement;
  readonly selection: Selection;
  /** Where the version stands. */
  readonly versionAt: number;
}

/** `after`: only the null pattern of the cursor's keys matters to the text; the keys themselves are bound. */
export function compileList(
  build: Build,
  schema: Schema,
  query: RecordQuery,
  after: CursorKeys | undefined,
): CompiledList {
  const row = aliasRow(schema, "t");
  const limit = query.limit ?? queryLimits.pageDefault;
  const selection = compileSelection(build, row, wantedOf(query.fields, query.expand), { top: true, rows: limit });
  const columns = [...selection.columns];
  const keys = sortKeys(build, row, query.sort ?? []);
  const keysAt = keys.map(({ text }) => {
    const known = columns.indexOf(text);
    return known >= 0 ? known : columns.push(text) - 1;
  });
  const versionAt = selection.plain ? columns.indexOf(`${row.column("version")}::text`) : undefined;
  const members = membership(build, row, query);
  const where = and([...members.map(anyOf), after && afterCursor(build.sql, keys, after)]);
  // The limit stands in the text: a bound one would leave the planner guessing how much is wanted. One row more tells
  // whether there is a next page.
  const text = `SELECT ${selectList(columns)} FROM ${tableOf(schema)} t WHERE ${where} ORDER BY ${orderBy(build, row, query.sort ?? [])} LIMIT ${limit + 1}`;
  const statement = build.sql.finish(text, query.filter === undefined, servedByIndex(row, members, keys));
  return { statement, selection, keysAt, versionAt, limit };
}

/** A column's value is sent as text anyway; a cast would have Postgres make that text twice. */
const selectList = (columns: readonly string[]): string =>
  columns.map((column) => column.replace(/^(t\."\w+")::text$/, "$1")).join(", ");

export function compileCount(build: Build, schema: Schema, query: RecordQuery): CompiledStatement {
  const where = and(membership(build, aliasRow(schema, "t"), query).map(anyOf));
  const text = `SELECT count(*)::text FROM ${tableOf(schema)} t WHERE ${where}`;
  return build.sql.finish(text, query.filter === undefined);
}

/** The rule comes first in the text; Postgres may ask in any order, which is why no condition may raise. */
function membership(build: Build, row: Row, query: RecordQuery): readonly Condition[] {
  const filter = query.filter === undefined ? [] : filterClauses(build, query.filter, query.params, row);
  return withoutImplied([...allowedClauses(build, "list", row), ...filter]);
}

export function compileGet(build: Build, schema: Schema, query: Pick<RecordQuery, "fields" | "expand">): CompiledGet {
  const row = aliasRow(schema, "t");
  const selection = compileSelection(build, row, wantedOf(query.fields, query.expand));
  const columns = [...selection.columns];
  const version = `${row.column("version")}::text`;
  const known = columns.indexOf(version);
  const versionAt = known >= 0 ? known : columns.push(version) - 1;
  const id = build.sql.bind("id", (env) => env.id);
  const where = and([`${row.column("id")} = ${id}`, allowed(build, "get", row)]);
  const text = `SELECT ${selectList(columns)} FROM ${tableOf(schema)} t WHERE ${where}`;
  return { statement: build.sql.finish(text, true), selection, versionAt };
}

interface KeyColumn {
  readonly sql: string;
  /** Postgres' own text of it, as the cursor carries it. */
  readonly text: string;
  readonly type: string;
  readonly nullable: boolean;
  readonly descending: boolean;
}

function sortKeys(build: Build, row: Row, sort: readonly SortKey[]): KeyColumn[] {
  return withId(sort).map((key) => {
    const { sql, nullable } = sortExpression(build, row, key);
    const field = knownField(row.schema, key.field, build.audience);
    const [column] = field && !isJoined(field) ? build.kinds(field).columns(field) : [];
    if (!column) throw new Error(`no column to sort by for ${key.field}`);
    const type = column.type.replace(/ COLLATE .*/, "");
    return {
      sql,
      nullable,
      descending: key.descending,
      type,
      text: type === "text" ? sql : `${/^\w+\."\w+"$/.test(sql) ? sql : `(${sql})`}::text`,
    };
  });
}

/**
 * Rows behind the cursor's. For keys a, b: `a >= $1 AND (a > $1 OR (a = $1 AND b > $2))`, whose first half an index can
 * use. Nulls stand last ascending and first descending: behind null ascending comes nothing, behind null descending
 * every value, and behind a value ascending also every null.
 */
function afterCursor(sql: SqlText, keys: readonly KeyColumn[], after: CursorKeys): string {
  const behind = (at: number): string => {
    const key = keys[at] as KeyColumn;
    const isNull = after[at] === null;
    const place = isNull ? "" : `${sql.bind(`cursor ${at}`, (env) => env.cursor?.[at])}::${key.type}`;
    const past = isNull
      ? key.descending ? `${key.sql} IS NOT NULL` : "false"
      : key.descending ? `${key.sql} < ${place}` : `${key.sql} > ${place}${key.nullable ? ` OR ${key.sql} IS NULL` : ""}`; // biome-ignore format: a table
    if (at === keys.length - 1) return past;
    const same = isNull ? `${key.sql} IS NULL` : `${key.sql} = ${place}`;
    const either = `${past} OR (${same} AND (${behind(at + 1)}))`;
    if (isNull || (key.nullable && !key.descending)) return either;
    return `${key.sql} ${key.descending ? "<=" : ">="} ${place} AND (${either})`;
  };
  return behind(0);
}

/** The cursor's keys of a row. */
export function keysOf(list: CompiledList, cells: Cells): CursorKeys {
  return list.keysAt.map((at) => cells[at] as string | null);
}
