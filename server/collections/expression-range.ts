// What do exists and all go through? Rows of a collection, rows that point here, the targets of a relation, a list: each a
// FROM and WHERE that further conditions may join.
import type { Node, Range } from "@landfall/client/cel";
import { type Compilation, certain, elementOf, joined, rowAlias, sure } from "./expression-parts.ts";

export function someWhere(c: Compilation, range: Range, slot: number, condition: () => string): string {
  const { from } = rangeSql(c, range, slot);
  return `EXISTS (SELECT 1 FROM ${from} AND ${condition()})`;
}

/** No member that is undecided or decides the other way; the range itself must be certain. */
export function noneWhere(c: Compilation, range: Range, slot: number, condition: () => string): string {
  const { from, certain: ok } = rangeSql(c, range, slot);
  return joined([...ok, `NOT EXISTS (SELECT 1 FROM ${from} AND (${condition()}) IS NOT TRUE)`]);
}

/** `from` ends in a WHERE that further conditions may join. */
function rangeSql(
  c: Compilation,
  range: Range,
  slot: number,
): { readonly from: string; readonly certain: readonly string[] } {
  const alias = c.alias();
  if (range.k === "list") return listRange(c, range.list, slot, alias);
  const row = rowAlias(alias);
  c.bindRow(slot, row);
  const visible = c.options.hop?.(range.collection, row);
  const table = `${c.options.table(range.collection)} AS ${alias}`;
  if (range.k === "rows") return { from: `${table} WHERE ${joined([visible ?? "TRUE"])}`, certain: [] };
  const owner = c.value(range.owner);
  const readable = c.options.guard?.(range.collection, range.field, row);
  const points = range.many
    ? `${row.column("id")} IN (SELECT j.owner FROM ${c.options.joinTable(range.collection, range.field)} AS j WHERE j.target = ${owner.sql})`
    : `${row.column(range.field)} = ${owner.sql}`;
  const from = `${table} WHERE ${joined([points, visible, readable])}`;
  return { from, certain: certain(owner) };
}

function listRange(
  c: Compilation,
  list: Node,
  slot: number,
  alias: string,
): { readonly from: string; readonly certain: readonly string[] } {
  const stored = list.k === "links" ? storedLinks(c, list, alias) : undefined;
  if (stored) {
    c.bindElement(slot, sure(stored.target));
    return { from: stored.from, certain: [] };
  }
  const value = c.value(list);
  if (list.type.kind !== "json") {
    c.bindElement(slot, elementOf(`${alias}.v`, list.type));
    return { from: `unnest(${value.sql}) AS ${alias}(v) WHERE TRUE`, certain: certain(value) };
  }
  c.bindElement(slot, elementOf(`${alias}.v`, { kind: "list", of: list.type }));
  const array = `jsonb_typeof(${value.sql}) = 'array'`;
  const from = `jsonb_array_elements(CASE WHEN ${array} THEN ${value.sql} ELSE '[]'::jsonb END) AS ${alias}(v) WHERE TRUE`;
  return { from, certain: [array] };
}

/** The join table of the row's own links, when they are read from there without a condition. */
export function storedLinks(
  c: Compilation,
  node: Node & { k: "links" },
  alias = c.alias(),
): { readonly from: string; readonly target: string } | undefined {
  const row = node.row === undefined ? undefined : c.row(node.row);
  if (!row || row.links || c.options.guard?.(node.collection, node.field, row)) return undefined;
  const table = c.options.joinTable(node.collection, node.field);
  return { from: `${table} AS ${alias} WHERE ${alias}.owner = ${row.column("id")}`, target: `${alias}.target` };
}
