// What is the value of a node? SQL whose NULL means null on a plain read and an error on a strict function; where both are
// possible `error` is a predicate that tells them apart.
import { compilePattern, formatTime, type Node, type Type } from "@landfall/client/cel";
import { itemSql, matchesSql, strictSql } from "./expression-calls.ts";
import {
  type Compilation,
  certain,
  errorOf,
  fallible,
  fieldSql,
  joined,
  jsonNull,
  jsonRead,
  pgTypeOf,
  rowAlias,
  sure,
  typedNull,
  type Value,
} from "./expression-parts.ts";

export function valueSql(c: Compilation, node: Node): Value {
  switch (node.k) {
    case "const":
      return constant(c, node);
    case "param":
      return sure(parameter(c, node));
    case "make":
      return made(c, node);
    case "auth": {
      const sql = c.options.binder.bind({ kind: "auth", path: node.path }, pgTypeOf(node.type));
      return node.path === "id" || node.path === "device" ? fallible(sql) : sure(sql);
    }
    case "request":
      return sure(c.options.binder.bind({ kind: "request", path: node.path }, pgTypeOf(node.type)));
    case "field":
      return fieldOf(c, node);
    case "element":
      return c.element(node.slot);
    case "follow":
      return followed(c, node);
    case "links":
      return linksOf(c, node);
    case "cond":
      return conditional(c, node);
    case "member":
      return jsonRead(`(${c.value(node.a).sql} -> ${boundText(c, node.key)})`);
    case "orNull":
      return orNull(c, node);
    case "call":
      return callOf(c, node);
    default:
      return fallible(`CASE WHEN ${c.truth(node)} THEN TRUE WHEN ${c.falsehood(node)} THEN FALSE END`);
  }
}

function constant(c: Compilation, node: Node & { k: "const" }): Value {
  if (node.type.kind === "null") return { sql: "NULL", nullable: true, fallible: false };
  return sure(c.options.binder.bind({ kind: "literal", value: literalOf(node.value, node.type) }, pgTypeOf(node.type)));
}

function parameter(c: Compilation, { name, type }: Node & { k: "param" }): string {
  const json = type.kind === "json" ? { json: true as const } : {};
  return c.options.binder.bind({ kind: "param", name, ...json }, pgTypeOf(type));
}

/** An error in any part is one of the whole; SQL's NULL in a part becomes JSON's. */
function made(c: Compilation, node: Node & { k: "make" }): Value {
  const errors: string[] = [];
  const sql = built(c, node, errors);
  return errors.length === 0 ? sure(sql) : fallible(`CASE WHEN NOT (${errors.join(" OR ")}) THEN ${sql} END`);
}

function built(c: Compilation, node: Node, errors: string[]): string {
  if (node.k !== "make") {
    const part = c.value(node);
    if (part.fallible) errors.push(errorOf(part));
    return part.sql;
  }
  const parts = node.parts.map((part) => built(c, part, errors));
  return node.keys === undefined
    ? `to_jsonb(ARRAY[${parts.join(", ")}]::jsonb[])`
    : jsonObject(node.keys.map((key, i) => [boundText(c, key), parts[i] as string]));
}

function boundText(c: Compilation, text: string): string {
  return c.options.binder.bind({ kind: "literal", value: text }, "text");
}

function fieldOf(c: Compilation, node: Node & { k: "field" }): Value {
  const row = c.row(node.row);
  const read = fieldSql(row, node.field, node.type, node.date);
  const guard = c.options.guard?.(node.collection, node.field, row);
  if (guard === undefined) return { sql: read, nullable: node.nullable, fallible: false };
  const sql = `CASE WHEN ${guard} THEN ${read} END`;
  return node.nullable ? { sql, nullable: true, fallible: true, error: `((${guard}) IS NOT TRUE)` } : fallible(sql);
}

function followed(c: Compilation, node: Node & { k: "follow" }, alsoRead?: string): Value {
  const alias = c.alias();
  const row = rowAlias(alias);
  const where = joined([
    `${row.column("id")} = ${c.value(node.id).sql}`,
    c.options.hop?.(node.collection, row),
    c.options.guard?.(node.collection, node.field, row),
    alsoRead === undefined ? undefined : c.options.guard?.(node.collection, alsoRead, row),
  ]);
  const from = `FROM ${c.options.table(node.collection)} AS ${alias} WHERE ${where}`;
  const sql = `(SELECT ${fieldSql(row, node.field, node.type, node.date)} ${from})`;
  if (!node.nullable) return fallible(sql);
  return { sql, nullable: true, fallible: true, error: `(NOT EXISTS (SELECT 1 ${from}))` };
}

function linksOf(c: Compilation, node: Node & { k: "links" }): Value {
  const row = node.row === undefined ? undefined : c.row(node.row);
  const guard = row && c.options.guard?.(node.collection, node.field, row);
  const given = row?.links?.(node.field);
  if (given !== undefined) return guard === undefined ? sure(given) : fallible(`CASE WHEN ${guard} THEN ${given} END`);
  const owner = node.owner.k === "follow" ? followed(c, node.owner, node.field) : c.value(node.owner);
  const alias = c.alias();
  const table = c.options.joinTable(node.collection, node.field);
  const read = `ARRAY(SELECT ${alias}.target FROM ${table} AS ${alias} WHERE ${alias}.owner = ${owner.sql} ORDER BY ${alias}.position)`;
  const conditions = [...certain(owner), ...(guard === undefined ? [] : [guard])];
  return conditions.length === 0 ? sure(read) : fallible(`CASE WHEN ${joined(conditions)} THEN ${read} END`);
}

function conditional(c: Compilation, node: Node & { k: "cond" }): Value {
  const [yes, no] = [c.truth(node.test), c.falsehood(node.test)];
  const [a, b] = [c.value(node.a), c.value(node.b)];
  const sql = `CASE WHEN ${yes} THEN ${typedNull(a.sql, node.type)} WHEN ${no} THEN ${typedNull(b.sql, node.type)} END`;
  if (!a.nullable && !b.nullable) return fallible(sql);
  const error = `(CASE WHEN ${yes} THEN ${errorOf(a)} WHEN ${no} THEN ${errorOf(b)} ELSE TRUE END)`;
  return { sql, nullable: true, fallible: true, error };
}

function orNull(c: Compilation, node: Node & { k: "orNull" }): Value {
  const a = c.value(node.a);
  // The default is not even compiled where it cannot be needed: a parameter that stands in no text has no type.
  if (!a.nullable) return a;
  const b = c.value(node.b);
  const either = `coalesce(${a.sql}, ${b.sql})`;
  const sql = a.fallible ? `CASE WHEN NOT ${errorOf(a)} THEN ${either} END` : either;
  const error = `(${errorOf(a)} OR ((${a.sql}) IS NULL AND ${errorOf(b)}))`;
  const mayFail = a.fallible || b.fallible;
  if (!mayFail) return { sql, nullable: b.nullable, fallible: false };
  return b.nullable ? { sql, nullable: true, fallible: true, error } : fallible(sql);
}

function callOf(c: Compilation, node: Node & { k: "call" }): Value {
  const [first, second] = node.args as [Node, Node];
  switch (node.fn) {
    case "matches":
      return fallible(matchesSql(c.value(first).sql, constantText(second), c.options.binder));
    case "distance":
      return fallible(`landfall.expr_distance(${[...placeOf(c, first), ...placeOf(c, second)].join(", ")})`);
    case "jsonType": {
      const a = c.value(first);
      const sql = `coalesce(jsonb_typeof(${a.sql}), 'null')`;
      return a.fallible ? fallible(`CASE WHEN NOT ${errorOf(a)} THEN ${sql} END`) : sure(sql);
    }
    case "inJson": {
      const a = c.value(first);
      const sql = `landfall.expr_json_in(coalesce(${a.sql}, ${jsonNull}), ${c.value(second).sql})`;
      return fallible(a.fallible ? `CASE WHEN NOT ${errorOf(a)} THEN ${sql} END` : sql);
    }
    case "item": {
      const [list, index] = [c.value(first).sql, c.value(second).sql];
      if (first.type.kind === "json") return jsonRead(`landfall.expr_json_item(${list}, ${index})`);
      const item = itemSql(list, index);
      return node.type.kind === "json" ? jsonRead(`(${item})`) : fallible(item);
    }
    case "toDouble":
    case "toDecimal":
    case "toJson": {
      // A change of form keeps null null: equality with it is two-valued.
      const a = c.value(first);
      return { ...a, sql: strictSql(node.fn, [a.sql]) };
    }
    default:
      return fallible(
        strictSql(
          node.fn,
          node.args.map((arg) => c.value(arg).sql),
        ),
      );
  }
}

/** Latitude and longitude of a place without building the pair where it stands in columns. */
function placeOf(c: Compilation, node: Node): readonly [string, string] {
  const row = node.k === "field" ? c.row(node.row) : undefined;
  if (row && node.k === "field" && !c.options.guard?.(node.collection, node.field, row)) {
    return [row.column(`${node.field}_lat`), row.column(`${node.field}_lng`)];
  }
  const { sql } = c.value(node);
  return [`(${sql})[1]`, `(${sql})[2]`];
}

/** A function takes 100 arguments, so entries are put together 50 at a time; no key stands twice. */
function jsonObject(entries: readonly (readonly [string, string])[]): string {
  const chunks = Array.from({ length: Math.ceil(entries.length / 50) }, (_, i) => entries.slice(i * 50, i * 50 + 50));
  return `(${chunks.map((chunk) => `jsonb_build_object(${chunk.flat().join(", ")})`).join(" || ")})`;
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
