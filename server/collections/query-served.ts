// Which lists an index answers whole: it holds the rows asked for side by side and in the order asked for. The same plan is
// then the best one for every value, which spares planning each run (`oneForAll` in query-sql.ts).
import { indexColumns } from "./definition-names.ts";
import type { Row } from "./visibility-types.ts";

/** Holds where one of its alternatives does. */
export type Condition = readonly string[];

export const anyOf = (condition: Condition): string =>
  condition.length === 1 ? (condition[0] as string) : `(${condition.map((one) => `(${one})`).join(" OR ")})`;

/**
 * Without those that another one makes true. A rule `status == 'open' || author == auth.id` says nothing more about the
 * rows of a filter `status == 'open'`. Where a condition is null or false, so is the whole, with and without the implied one.
 */
export function withoutImplied(conditions: readonly Condition[]): readonly Condition[] {
  const certain = new Set(conditions.filter((one) => one.length === 1).map(([only]) => only));
  return conditions.filter((one) => one.length === 1 || !one.some((alternative) => certain.has(alternative)));
}

export interface OrderKey {
  readonly sql: string;
  readonly descending: boolean;
}

/** Whether all conditions are `column = value` and some index holds just these columns and then the keys of the order. */
export function servedByIndex(row: Row, conditions: readonly Condition[], keys: readonly OrderKey[]): boolean {
  const { schema } = row;
  const equal = new Set<string>();
  for (const condition of conditions) {
    const column = condition.length === 1 ? equalsValue.exec(condition[0] as string)?.[1] : undefined;
    if (column === undefined) return false;
    equal.add(column);
  }
  // An index is read from either end, but not from both.
  if (keys.some((key) => key.descending !== keys[0]?.descending)) return false;
  const order = keys.map((key) => key.sql).filter((sql) => !equal.has(sql));
  return [...schema.indexes.map((index) => indexColumns(schema, index)), ["id"]].some((names) => {
    const columns = names.map((name) => row.column(name));
    const [fixed, sorted] = [columns.slice(0, equal.size), columns.slice(equal.size)];
    return fixed.every((column) => equal.has(column)) && order.every((column, at) => column === sorted[at]);
  });
}

/** A stored column and a bound value of one type, as `expression-sql.ts` writes them. */
const equalsValue = /^(\w+\."\w+") = \uE000\d+;::\w+$/;
