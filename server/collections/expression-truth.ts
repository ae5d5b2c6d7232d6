// When is a node true, and when is it false? Two questions with SQL of their own, since an error is neither: negation swaps
// them, so `!`, `exists` under `!` and three-valued corners stay exact, and `author == auth.id` stays `author = $1`, which
// an index serves.
import { formatTime, type Node } from "@landfall/client/cel";
import { type Compilation, certain, joined, sure, type Value } from "./expression-parts.ts";
import { noneWhere, someWhere, storedLinks } from "./expression-range.ts";

/** SQL that is TRUE exactly where the node is true. */
export function truthSql(c: Compilation, node: Node): string {
  switch (node.k) {
    case "const":
      return node.value === true ? "TRUE" : "FALSE";
    case "and":
      return `(${node.args.map((arg) => c.truth(arg)).join(" AND ")})`;
    case "or":
      return `(${node.args.map((arg) => c.truth(arg)).join(" OR ")})`;
    case "not":
      return c.falsehood(node.a);
    case "cond":
      return `((${c.truth(node.test)} AND ${c.truth(node.a)}) OR (${c.falsehood(node.test)} AND ${c.truth(node.b)}))`;
    case "eq":
      return equality(c, node.a, node.b, true);
    case "less":
      return order(c, node.a, node.b, node.orEqual ? "<=" : "<");
    case "in":
      return membership(c, node.a, node.list, true);
    case "has":
      return `(${c.value(node.a).sql}) IS NOT NULL`;
    case "exists":
      return someWhere(c, node.range, node.slot, () => c.truth(node.body));
    case "all":
      return noneWhere(c, node.range, node.slot, () => c.truth(node.body));
    default:
      return c.value(node).sql;
  }
}

/** SQL that is TRUE exactly where the node is false. */
export function falsehoodSql(c: Compilation, node: Node): string {
  switch (node.k) {
    case "const":
      return node.value === false ? "TRUE" : "FALSE";
    case "and":
      return `(${node.args.map((arg) => c.falsehood(arg)).join(" OR ")})`;
    case "or":
      return `(${node.args.map((arg) => c.falsehood(arg)).join(" AND ")})`;
    case "not":
      return c.truth(node.a);
    case "cond":
      return `((${c.truth(node.test)} AND ${c.falsehood(node.a)}) OR (${c.falsehood(node.test)} AND ${c.falsehood(node.b)}))`;
    case "eq":
      return equality(c, node.a, node.b, false);
    case "less":
      return order(c, node.a, node.b, node.orEqual ? ">" : ">=");
    case "in":
      return membership(c, node.a, node.list, false);
    case "has":
      return `(${c.value(node.a).sql}) IS NULL`;
    case "exists":
      return noneWhere(c, node.range, node.slot, () => c.falsehood(node.body));
    case "all":
      return someWhere(c, node.range, node.slot, () => c.falsehood(node.body));
    default:
      return `(NOT ${c.value(node).sql})`;
  }
}

/** Plain `=` wherever its NULL can only mean "not true"; the exact forms only where null may meet null. */
function equality(c: Compilation, a: Node, b: Node, wanted: boolean): string {
  const day = wanted ? (dayColumn(c, a, b) ?? dayColumn(c, b, a)) : undefined;
  if (day !== undefined) return day;
  const [x, y] = comparable(c, a, b);
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
function order(c: Compilation, a: Node, b: Node, operator: string): string {
  const [x, y] = comparable(c, a, b);
  const text = a.type.kind === "string" || a.type.kind === "relation";
  return `${x.sql} ${operator} ${y.sql}${text && !y.sql.endsWith("::date") && !x.sql.endsWith("::date") ? ' COLLATE "C"' : ""}`;
}

/** A date column beside a literal day is compared as a date, which its index serves: the order is the same. */
function comparable(c: Compilation, a: Node, b: Node): readonly [Value, Value] {
  const [day, other] = isDay(a) ? [a, b] : [b, a];
  if (!isDay(day) || (other.k !== "field" && other.k !== "follow") || !other.date) return [c.value(a), c.value(b)];
  const literal = sure(c.options.binder.bind({ kind: "literal", value: day.value }, "date"));
  const column = c.value({ ...other, date: false });
  return day === a ? [literal, column] : [column, literal];
}

/** A date column beside a parameter: a text that names no day equals none of its values. */
function dayColumn(c: Compilation, column: Node, text: Node): string | undefined {
  if (column.k !== "field" || !column.date || column.type.kind !== "string") return undefined;
  if (text.k !== "param" && text.k !== "auth") return undefined;
  return `${c.value({ ...column, date: false }).sql} = landfall.expr_day(${c.value(text).sql})`;
}

function membership(c: Compilation, a: Node, list: Node, wanted: boolean): string {
  const x = c.value(a);
  const stored = list.k === "links" ? storedLinks(c, list) : undefined;
  if (stored) {
    const found = `EXISTS (SELECT 1 FROM ${stored.from} AND ${stored.target} = ${x.sql})`;
    return wanted ? found : joined([...certain(x), `NOT ${found}`]);
  }
  const y = c.value(list);
  // A list of another record is a subquery, and ANY over one of those asks its rows: inside coalesce it is an array.
  const found = `${x.sql} = ANY (${list.k === "follow" ? `coalesce(${y.sql})` : y.sql})`;
  return wanted ? found : joined([...certain(x), ...certain(y), `(${found}) IS NOT TRUE`]);
}

function isDay(node: Node): node is Node & { k: "const" } {
  if (node.k !== "const" || typeof node.value !== "string") return false;
  if (!/^\d{4}-\d{2}-\d{2}$/.test(node.value) || node.value < "0001-01-01") return false;
  const ms = Date.parse(`${node.value}T00:00:00Z`);
  return !Number.isNaN(ms) && formatTime(ms).startsWith(node.value);
}
