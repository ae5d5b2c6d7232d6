// Typed tree to SQL. Three mutually recursive questions about a node:
//
//   truth(n)      SQL that is TRUE exactly where n is true      \  elsewhere FALSE or NULL, so either stands in WHERE as it
//   falsehood(n)  SQL that is TRUE exactly where n is false     /  is; an error is neither
//   value(n)      SQL of the value; its NULL means null on a plain read, an error on a strict function, and where both are
//                 possible `error` is a predicate that tells them apart
//
// Negation swaps the first two, so `!`, `exists` under `!` and three-valued corners stay exact, and `author == auth.id`
// stays `author = $1`, which an index serves. This file is long because the three questions call each other.
import {
  CelError,
  type Checked,
  compilePattern,
  formatTime,
  limits,
  type Node,
  type Range,
  type RowNumber,
  THE_ROW,
  THE_STORED_ROW,
  type Type,
} from "@landfall/client/cel";
import { itemSql, matchesSql, strictSql } from "./expression-calls.ts";
import type { Binder } from "./expression-slots.ts";

/** Where the fields of a row come from. */
export interface RowSource {
  /** SQL of one column by its SQL name (`title`, `place_lat`): `r."title"`, or a bound value of a row being written. */
  column(name: string): string;
  /** SQL of the ids of a `many` relation field, `text[]` in order. Absent: read from the join table by `column("id")`. */
  links?(field: string): string;
}

export interface CompileOptions {
  readonly binder: Binder;
  readonly row: RowSource;
  readonly before?: RowSource;
  /** SQL name of a collection's table, quoted: `public."posts"`. Must know every collection the expression reads. */
  table(collection: string): string;
  /** SQL name of the join table of a `many` relation, quoted: `public."posts__tags"`. */
  joinTable(collection: string, field: string): string;
  /** For client expressions: a condition on each other record that is read, its list rule. Absent: system rights. */
  hop?(collection: string, row: RowSource): string | undefined;
  /** For client expressions: a condition for reading this field of this row. False makes the read an error. */
  guard?(collection: string, field: string, row: RowSource): string | undefined;
  /** Prefix of the aliases of sub-selects, so that nested compilations do not meet. */
  readonly aliasPrefix?: string;
}

/** SQL that is TRUE exactly where the expression is true; FALSE or NULL elsewhere. Fit for WHERE as it stands. */
export function compileTruth(checked: Checked, options: CompileOptions): string {
  return new Compiler(options).truth(checked.node);
}

/** SQL that is TRUE exactly where the expression is false. */
export function compileFalsehood(checked: Checked, options: CompileOptions): string {
  return new Compiler(options).falsehood(checked.node);
}

/** SQL of the value, NULL for null and for an error, with the SQL type of `pgTypeOf(checked.node.type)`. */
export function compileValue(checked: Checked, options: CompileOptions): string {
  return new Compiler(options).value(checked.node).sql;
}

/** The SQL type in which values of a type are computed. */
export function pgTypeOf(type: Type): string {
  if (type.kind === "list") return `${pgTypeOf(type.of ?? { kind: "string" })}[]`;
  return pgTypes[type.kind];
}

const pgTypes = {
  null: "text",
  bool: "bool",
  int: "int8",
  double: "float8",
  decimal: "numeric",
  string: "text",
  relation: "text",
  timestamp: "timestamptz",
  duration: "int8",
  json: "jsonb",
  geo: "float8[]",
} as const;

interface Value {
  readonly sql: string;
  readonly nullable: boolean;
  readonly fallible: boolean;
  /** TRUE where the value is an error, else FALSE; set when NULL alone does not tell. */
  readonly error?: string;
}

const sure = (sql: string): Value => ({ sql, nullable: false, fallible: false });
const fallible = (sql: string): Value => ({ sql, nullable: false, fallible: true });
const jsonNull = "'null'::jsonb";
/** Visits of nodes; only trees whose conditions nest in conditions come near. */
const visitsMax = 20_000;

class Compiler {
  readonly #options: CompileOptions;
  readonly #binder: Binder;
  readonly #rows = new Map<RowNumber, RowSource>();
  readonly #elements = new Map<number, Value>();
  #aliases = 0;
  #visits = 0;

  constructor(options: CompileOptions) {
    this.#options = options;
    this.#binder = options.binder;
    this.#rows.set(THE_ROW, options.row);
    if (options.before) this.#rows.set(THE_STORED_ROW, options.before);
  }

  truth(node: Node): string {
    return this.#bounded(this.#truth(node));
  }

  falsehood(node: Node): string {
    return this.#bounded(this.#falsehood(node));
  }

  value(node: Node): Value {
    const value = this.#value(node);
    this.#bounded(value.sql);
    if (value.error !== undefined) this.#bounded(value.error);
    return value;
  }

  /** Text and visits are bounded while they grow, so that a small expression cannot make a large statement. */
  #bounded(sql: string): string {
    this.#visits += 1;
    if (sql.length <= limits.sqlLengthMax && this.#visits <= visitsMax) return sql;
    throw new CelError(
      "expression_too_costly",
      `The expression needs more than ${limits.sqlLengthMax} characters of SQL.`,
      {
        advice: "Nest fewer conditions in one another.",
      },
    );
  }

  #truth(node: Node): string {
    switch (node.k) {
      case "const":
        return node.value === true ? "TRUE" : "FALSE";
      case "and":
        return `(${node.args.map((arg) => this.truth(arg)).join(" AND ")})`;
      case "or":
        return `(${node.args.map((arg) => this.truth(arg)).join(" OR ")})`;
      case "not":
        return this.falsehood(node.a);
      case "cond":
        return `((${this.truth(node.test)} AND ${this.truth(node.a)}) OR (${this.falsehood(node.test)} AND ${this.truth(node.b)}))`;
      case "eq":
        return this.#equal(node.a, node.b, true);
      case "less":
        return this.#less(node.a, node.b, node.orEqual ? "<=" : "<");
      case "in":
        return this.#inList(node.a, node.list, true);
      case "has":
        return `(${this.value(node.a).sql}) IS NOT NULL`;
      case "exists":
        return this.#someWhere(node.range, node.slot, () => this.truth(node.body));
      case "all":
        return this.#noneWhere(node.range, node.slot, () => this.truth(node.body));
      default:
        return this.value(node).sql;
    }
  }

  #falsehood(node: Node): string {
    switch (node.k) {
      case "const":
        return node.value === false ? "TRUE" : "FALSE";
      case "and":
        return `(${node.args.map((arg) => this.falsehood(arg)).join(" OR ")})`;
      case "or":
        return `(${node.args.map((arg) => this.falsehood(arg)).join(" AND ")})`;
      case "not":
        return this.truth(node.a);
      case "cond":
        return `((${this.truth(node.test)} AND ${this.falsehood(node.a)}) OR (${this.falsehood(node.test)} AND ${this.falsehood(node.b)}))`;
      case "eq":
        return this.#equal(node.a, node.b, false);
      case "less":
        return this.#less(node.a, node.b, node.orEqual ? ">" : ">=");
      case "in":
        return this.#inList(node.a, node.list, false);
      case "has":
        return `(${this.value(node.a).sql}) IS NULL`;
      case "exists":
        return this.#noneWhere(node.range, node.slot, () => this.falsehood(node.body));
      case "all":
        return this.#someWhere(node.range, node.slot, () => this.falsehood(node.body));
      default:
        return `(NOT ${this.value(node).sql})`;
    }
  }

  /** Plain `=` wherever its NULL can only mean "not true"; the exact forms only where null may meet null. */
  #equal(a: Node, b: Node, wanted: boolean): string {
    const day = wanted ? (this.#dayColumn(a, b) ?? this.#dayColumn(b, a)) : undefined;
    if (day !== undefined) return day;
    const [x, y] = this.#comparable(a, b);
    if (wanted && !(x.nullable && y.nullable)) return `${x.sql} = ${y.sql}`;
    if (!wanted && !x.nullable && !y.nullable) return `${x.sql} <> ${y.sql}`;
    const isNull = x.sql === "NULL" ? y.sql : y.sql === "NULL" ? x.sql : undefined;
    const test =
      isNull === undefined
        ? `${x.sql} IS ${wanted ? "NOT " : ""}DISTINCT FROM ${y.sql}`
        : `${isNull} IS ${wanted ? "" : "NOT "}NULL`;
    return joined([...certain(x), ...certain(y), test]);
  }

  /** NULL on either side is an error, so both directions are the plain operator. */
  #less(a: Node, b: Node, operator: string): string {
    const [x, y] = this.#comparable(a, b);
    const text = a.type.kind === "string" || a.type.kind === "relation";
    return `${x.sql} ${operator} ${y.sql}${text && !y.sql.endsWith("::date") && !x.sql.endsWith("::date") ? ' COLLATE "C"' : ""}`;
  }

  /** A date column beside a literal day is compared as a date, which its index serves: the order is the same. */
  #comparable(a: Node, b: Node): readonly [Value, Value] {
    const [day, other] = isDay(a) ? [a, b] : [b, a];
    if (!isDay(day) || (other.k !== "field" && other.k !== "follow") || !other.date)
      return [this.value(a), this.value(b)];
    const literal = sure(this.#binder.bind({ kind: "literal", value: day.value }, "date"));
    const column = this.#value({ ...other, date: false });
    return day === a ? [literal, column] : [column, literal];
  }

  /** A date column beside a parameter: a text that names no day equals none of its values. */
  #dayColumn(column: Node, text: Node): string | undefined {
    if (column.k !== "field" || !column.date || column.type.kind !== "string") return undefined;
    if (text.k !== "param" && text.k !== "auth") return undefined;
    return `${this.#value({ ...column, date: false }).sql} = landfall.expr_day(${this.value(text).sql})`;
  }

  #inList(a: Node, list: Node, wanted: boolean): string {
    const x = this.value(a);
    const stored = list.k === "links" ? this.#storedLinks(list) : undefined;
    if (stored) {
      const found = `EXISTS (SELECT 1 FROM ${stored.from} AND ${stored.target} = ${x.sql})`;
      return wanted ? found : joined([...certain(x), `NOT ${found}`]);
    }
    const y = this.value(list);
    const found = `${x.sql} = ANY (${y.sql})`;
    return wanted ? found : joined([...certain(x), ...certain(y), `(${found}) IS NOT TRUE`]);
  }

  #someWhere(range: Range, slot: number, condition: () => string): string {
    const { from } = this.#range(range, slot);
    return `EXISTS (SELECT 1 FROM ${from} AND ${condition()})`;
  }

  /** No member that is undecided or decides the other way; the range itself must be certain. */
  #noneWhere(range: Range, slot: number, condition: () => string): string {
    const { from, certain: ok } = this.#range(range, slot);
    return joined([...ok, `NOT EXISTS (SELECT 1 FROM ${from} AND (${condition()}) IS NOT TRUE)`]);
  }

  /** `from` ends in a WHERE that further conditions may join. */
  #range(range: Range, slot: number): { readonly from: string; readonly certain: readonly string[] } {
    const alias = this.#alias();
    if (range.k === "list") return this.#listRange(range.list, slot, alias);
    const row = rowAlias(alias);
    this.#rows.set(slot, row);
    const visible = this.#options.hop?.(range.collection, row);
    const table = `${this.#options.table(range.collection)} AS ${alias}`;
    if (range.k === "rows") return { from: `${table} WHERE ${joined([visible ?? "TRUE"])}`, certain: [] };
    const owner = this.value(range.owner);
    const readable = this.#options.guard?.(range.collection, range.field, row);
    const points = range.many
      ? `${row.column("id")} IN (SELECT j.owner FROM ${this.#options.joinTable(range.collection, range.field)} AS j WHERE j.target = ${owner.sql})`
      : `${row.column(range.field)} = ${owner.sql}`;
    const from = `${table} WHERE ${joined([points, visible, readable])}`;
    return { from, certain: certain(owner) };
  }

  #listRange(list: Node, slot: number, alias: string): { readonly from: string; readonly certain: readonly string[] } {
    const stored = list.k === "links" ? this.#storedLinks(list, alias) : undefined;
    if (stored) {
      this.#elements.set(slot, sure(stored.target));
      return { from: stored.from, certain: [] };
    }
    const value = this.value(list);
    if (list.type.kind !== "json") {
      this.#elements.set(slot, elementOf(`${alias}.v`, list.type));
      return { from: `unnest(${value.sql}) AS ${alias}(v) WHERE TRUE`, certain: certain(value) };
    }
    this.#elements.set(slot, elementOf(`${alias}.v`, { kind: "list", of: list.type }));
    const array = `jsonb_typeof(${value.sql}) = 'array'`;
    const from = `jsonb_array_elements(CASE WHEN ${array} THEN ${value.sql} ELSE '[]'::jsonb END) AS ${alias}(v) WHERE TRUE`;
    return { from, certain: [array] };
  }

  /** The join table of the row's own links, when they are read from there without a condition. */
  #storedLinks(
    node: Node & { k: "links" },
    alias = this.#alias(),
  ): { readonly from: string; readonly target: string } | undefined {
    const row = node.row === undefined ? undefined : this.#row(node.row);
    if (!row || row.links || this.#options.guard?.(node.collection, node.field, row)) return undefined;
    const table = this.#options.joinTable(node.collection, node.field);
    return { from: `${table} AS ${alias} WHERE ${alias}.owner = ${row.column("id")}`, target: `${alias}.target` };
  }

  #value(node: Node): Value {
    switch (node.k) {
      case "const":
        return this.#constant(node);
      case "param":
        return sure(this.#parameter(node));
      case "make":
        return this.#made(node);
      case "auth": {
        const sql = this.#binder.bind({ kind: "auth", path: node.path }, pgTypeOf(node.type));
        return node.path === "id" || node.path === "device" ? fallible(sql) : sure(sql);
      }
      case "request":
        return sure(this.#binder.bind({ kind: "request", path: node.path }, pgTypeOf(node.type)));
      case "field":
        return this.#field(node);
      case "element":
        return this.#element(node.slot);
      case "follow":
        return this.#follow(node);
      case "links":
        return this.#links(node);
      case "cond":
        return this.#conditional(node);
      case "member":
        return jsonRead(`(${this.value(node.a).sql} -> ${this.#literal(node.key)})`);
      case "orNull":
        return this.#orNull(node);
      case "call":
        return this.#call(node);
      default:
        return fallible(`CASE WHEN ${this.truth(node)} THEN TRUE WHEN ${this.falsehood(node)} THEN FALSE END`);
    }
  }

  #constant(node: Node & { k: "const" }): Value {
    if (node.type.kind === "null") return { sql: "NULL", nullable: true, fallible: false };
    return sure(this.#binder.bind({ kind: "literal", value: literalOf(node.value, node.type) }, pgTypeOf(node.type)));
  }

  #parameter({ name, type }: Node & { k: "param" }): string {
    const json = type.kind === "json" ? { json: true as const } : {};
    return this.#binder.bind({ kind: "param", name, ...json }, pgTypeOf(type));
  }

  /** An error in any part is one of the whole; SQL's NULL in a part becomes JSON's. */
  #made(node: Node & { k: "make" }): Value {
    const errors: string[] = [];
    const sql = this.#built(node, errors);
    return errors.length === 0 ? sure(sql) : fallible(`CASE WHEN NOT (${errors.join(" OR ")}) THEN ${sql} END`);
  }

  #built(node: Node, errors: string[]): string {
    if (node.k !== "make") {
      const part = this.value(node);
      if (part.fallible) errors.push(errorOf(part));
      return part.sql;
    }
    const parts = node.parts.map((part) => this.#built(part, errors));
    return node.keys === undefined
      ? `to_jsonb(ARRAY[${parts.join(", ")}]::jsonb[])`
      : jsonObject(node.keys.map((key, i) => [this.#literal(key), parts[i] as string]));
  }

  #literal(text: string): string {
    return this.#binder.bind({ kind: "literal", value: text }, "text");
  }

  #field(node: Node & { k: "field" }): Value {
    const row = this.#row(node.row);
    const read = fieldSql(row, node.field, node.type, node.date);
    const guard = this.#options.guard?.(node.collection, node.field, row);
    if (guard === undefined) return { sql: read, nullable: node.nullable, fallible: false };
    const sql = `CASE WHEN ${guard} THEN ${read} END`;
    return node.nullable ? { sql, nullable: true, fallible: true, error: `((${guard}) IS NOT TRUE)` } : fallible(sql);
  }

  #follow(node: Node & { k: "follow" }, alsoRead?: string): Value {
    const alias = this.#alias();
    const row = rowAlias(alias);
    const where = joined([
      `${row.column("id")} = ${this.value(node.id).sql}`,
      this.#options.hop?.(node.collection, row),
      this.#options.guard?.(node.collection, node.field, row),
      alsoRead === undefined ? undefined : this.#options.guard?.(node.collection, alsoRead, row),
    ]);
    const from = `FROM ${this.#options.table(node.collection)} AS ${alias} WHERE ${where}`;
    const sql = `(SELECT ${fieldSql(row, node.field, node.type, node.date)} ${from})`;
    if (!node.nullable) return fallible(sql);
    return { sql, nullable: true, fallible: true, error: `(NOT EXISTS (SELECT 1 ${from}))` };
  }

  #links(node: Node & { k: "links" }): Value {
    const row = node.row === undefined ? undefined : this.#row(node.row);
    const guard = row && this.#options.guard?.(node.collection, node.field, row);
    const given = row?.links?.(node.field);
    if (given !== undefined)
      return guard === undefined ? sure(given) : fallible(`CASE WHEN ${guard} THEN ${given} END`);
    const owner = node.owner.k === "follow" ? this.#follow(node.owner, node.field) : this.value(node.owner);
    const alias = this.#alias();
    const table = this.#options.joinTable(node.collection, node.field);
    const read = `ARRAY(SELECT ${alias}.target FROM ${table} AS ${alias} WHERE ${alias}.owner = ${owner.sql} ORDER BY ${alias}.position)`;
    const conditions = [...certain(owner), ...(guard === undefined ? [] : [guard])];
    return conditions.length === 0 ? sure(read) : fallible(`CASE WHEN ${joined(conditions)} THEN ${read} END`);
  }

  #conditional(node: Node & { k: "cond" }): Value {
    const [yes, no] = [this.truth(node.test), this.falsehood(node.test)];
    const [a, b] = [this.value(node.a), this.value(node.b)];
    const sql = `CASE WHEN ${yes} THEN ${typedNull(a.sql, node.type)} WHEN ${no} THEN ${typedNull(b.sql, node.type)} END`;
    if (!a.nullable && !b.nullable) return fallible(sql);
    const error = `(CASE WHEN ${yes} THEN ${errorOf(a)} WHEN ${no} THEN ${errorOf(b)} ELSE TRUE END)`;
    return { sql, nullable: true, fallible: true, error };
  }

  #orNull(node: Node & { k: "orNull" }): Value {
    const a = this.value(node.a);
    // The default is not even compiled where it cannot be needed: a parameter that stands in no text has no type.
    if (!a.nullable) return a;
    const b = this.value(node.b);
    const either = `coalesce(${a.sql}, ${b.sql})`;
    const sql = a.fallible ? `CASE WHEN NOT ${errorOf(a)} THEN ${either} END` : either;
    const error = `(${errorOf(a)} OR ((${a.sql}) IS NULL AND ${errorOf(b)}))`;
    const mayFail = a.fallible || b.fallible;
    if (!mayFail) return { sql, nullable: b.nullable, fallible: false };
    return b.nullable ? { sql, nullable: true, fallible: true, error } : fallible(sql);
  }

  #call(node: Node & { k: "call" }): Value {
    const [first, second] = node.args as [Node, Node];
    switch (node.fn) {
      case "matches":
        return fallible(matchesSql(this.value(first).sql, constantText(second), this.#binder));
      case "distance":
        return fallible(`landfall.expr_distance(${[...this.#place(first), ...this.#place(second)].join(", ")})`);
      case "jsonType": {
        const a = this.value(first);
        const sql = `coalesce(jsonb_typeof(${a.sql}), 'null')`;
        return a.fallible ? fallible(`CASE WHEN NOT ${errorOf(a)} THEN ${sql} END`) : sure(sql);
      }
      case "inJson": {
        const a = this.value(first);
        const sql = `landfall.expr_json_in(coalesce(${a.sql}, ${jsonNull}), ${this.value(second).sql})`;
        return fallible(a.fallible ? `CASE WHEN NOT ${errorOf(a)} THEN ${sql} END` : sql);
      }
      case "item": {
        const [list, index] = [this.value(first).sql, this.value(second).sql];
        if (first.type.kind === "json") return jsonRead(`landfall.expr_json_item(${list}, ${index})`);
        const item = itemSql(list, index);
        return node.type.kind === "json" ? jsonRead(`(${item})`) : fallible(item);
      }
      case "toDouble":
      case "toDecimal":
      case "toJson": {
        // A change of form keeps null null: equality with it is two-valued.
        const a = this.value(first);
        return { ...a, sql: strictSql(node.fn, [a.sql]) };
      }
      default:
        return fallible(
          strictSql(
            node.fn,
            node.args.map((arg) => this.value(arg).sql),
          ),
        );
    }
  }

  /** Latitude and longitude of a place without building the pair where it stands in columns. */
  #place(node: Node): readonly [string, string] {
    const row = node.k === "field" ? this.#row(node.row) : undefined;
    if (row && node.k === "field" && !this.#options.guard?.(node.collection, node.field, row)) {
      return [row.column(`${node.field}_lat`), row.column(`${node.field}_lng`)];
    }
    const { sql } = this.value(node);
    return [`(${sql})[1]`, `(${sql})[2]`];
  }

  #row(number: RowNumber): RowSource {
    const row = this.#rows.get(number);
    if (!row)
      throw new Error(number === THE_STORED_ROW ? "the expression names before, but none is given" : "unbound row");
    return row;
  }

  #element(slot: number): Value {
    const value = this.#elements.get(slot);
    if (!value) throw new Error("unbound element");
    return value;
  }

  #alias(): string {
    this.#aliases += 1;
    return `${this.#options.aliasPrefix ?? "e"}${this.#aliases}`;
  }
}

function rowAlias(alias: string): RowSource {
  return { column: (name) => `${alias}."${name}"` };
}

/** Column names come from our own catalogue; field names hold letters and digits only. */
function fieldSql(row: RowSource, field: string, type: Type, date: boolean): string {
  if (type.kind === "geo") {
    const [lat, lng] = [row.column(`${field}_lat`), row.column(`${field}_lng`)];
    return `CASE WHEN ${lat} IS NOT NULL AND ${lng} IS NOT NULL THEN ARRAY[${lat}, ${lng}] END`;
  }
  const column = row.column(field);
  if (type.kind === "json") return `nullif(${column}, ${jsonNull})`;
  if (!date) return column;
  return type.kind === "list" ? `landfall.expr_dates(${column})` : `landfall.expr_date(${column})`;
}

/** A part of json: JSON's null is null, no value at all is an error. */
function jsonRead(sql: string): Value {
  return { sql: `nullif(${sql}, ${jsonNull})`, nullable: true, fallible: true, error: `(${sql} IS NULL)` };
}

/** A member of a list: never null, but for JSON's own null in a list of json. */
function elementOf(sql: string, list: Type): Value {
  return list.of?.kind === "json" ? { sql: `nullif(${sql}, ${jsonNull})`, nullable: true, fallible: false } : sure(sql);
}

/** A function takes 100 arguments, so entries are put together 50 at a time; no key stands twice. */
function jsonObject(entries: readonly (readonly [string, string])[]): string {
  const chunks = Array.from({ length: Math.ceil(entries.length / 50) }, (_, i) => entries.slice(i * 50, i * 50 + 50));
  return `(${chunks.map((chunk) => `jsonb_build_object(${chunk.flat().join(", ")})`).join(" || ")})`;
}

function errorOf(value: Value): string {
  if (!value.fallible) return "FALSE";
  return value.error ?? `((${value.sql}) IS NULL)`;
}

/** Conditions under which the value is no error. */
function certain(value: Value): readonly string[] {
  if (!value.fallible) return [];
  return [value.error === undefined ? `(${value.sql}) IS NOT NULL` : `NOT ${value.error}`];
}

function joined(conditions: readonly (string | undefined)[]): string {
  const given = conditions.filter((condition) => condition !== undefined);
  return given.length === 1 && given[0] !== undefined
    ? given[0]
    : `(${given.map((each) => `(${each})`).join(" AND ")})`;
}

const typedNull = (sql: string, type: Type): string => (sql === "NULL" ? `NULL::${pgTypeOf(type)}` : sql);

function isDay(node: Node): node is Node & { k: "const" } {
  if (node.k !== "const" || typeof node.value !== "string") return false;
  if (!/^\d{4}-\d{2}-\d{2}$/.test(node.value) || node.value < "0001-01-01") return false;
  const ms = Date.parse(`${node.value}T00:00:00Z`);
  return !Number.isNaN(ms) && formatTime(ms).startsWith(node.value);
}

function constantText(node: Node): string {
  if (node.k !== "const" || typeof node.value !== "string")
    throw new Error("the checker lets only literal patterns through");
  compilePattern(node.value);
  return node.value;
}

/** A constant in the form its parameter takes. */
function literalOf(value: unknown, type: Type): unknown {
  if (type.kind === "json") return JSON.stringify(value);
  if (type.kind === "list") return (value as readonly unknown[]).map((item) => literalOf(item, type.of ?? type));
  if (type.kind === "timestamp") return formatTime(value as number);
  if (type.kind === "geo") return [(value as { lat: number }).lat, (value as { lng: number }).lng];
  return value;
}
