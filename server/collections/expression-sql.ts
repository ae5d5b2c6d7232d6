// Typed tree to SQL that cannot raise. Three mutually recursive questions about a node, each with a file of its own:
//
//   truth(n)      SQL that is TRUE exactly where n is true      \  elsewhere FALSE or NULL, so either stands in WHERE as it
//   falsehood(n)  SQL that is TRUE exactly where n is false     /  is; an error is neither           (expression-truth.ts)
//   value(n)      SQL of the value, NULL for null and for an error                                   (expression-value.ts)
//
// This file is the door, and keeps what one compilation knows: rows, elements, aliases, and how much it has written.
import {
  CelError,
  type Checked,
  limits,
  type Node,
  type RowNumber,
  THE_ROW,
  THE_STORED_ROW,
} from "@landfall/client/cel";
import type { Compilation, CompileOptions, RowSource, Value } from "./expression-parts.ts";
import { falsehoodSql, truthSql } from "./expression-truth.ts";
import { valueSql } from "./expression-value.ts";

export type { CompileOptions, RowSource } from "./expression-parts.ts";

/** SQL that is TRUE exactly where the expression is true; FALSE or NULL elsewhere. Fit for WHERE as it stands. */
export function compileTruth(checked: Checked, options: CompileOptions): string {
  return new Compiler(options).truth(checked.node);
}

/** The same as clauses: each must hold, and does where one of its alternatives is TRUE. `a && (b || c)`: [[a], [b, c]]. */
export function compileClauses(checked: Checked, options: CompileOptions): Clauses {
  return new Compiler(options).clauses(checked.node);
}

export type Clauses = readonly (readonly string[])[];

/** SQL that is TRUE exactly where the expression is false. */
export function compileFalsehood(checked: Checked, options: CompileOptions): string {
  return new Compiler(options).falsehood(checked.node);
}

/** SQL of the value, NULL for null and for an error, with the SQL type of `pgTypeOf(checked.node.type)`. */
export function compileValue(checked: Checked, options: CompileOptions): string {
  return new Compiler(options).value(checked.node).sql;
}

/** Visits of nodes; only trees whose conditions nest in conditions come near. */
const visitsMax = 20_000;

class Compiler implements Compilation {
  readonly options: CompileOptions;
  readonly #rows = new Map<RowNumber, RowSource>();
  readonly #elements = new Map<number, Value>();
  #aliases = 0;
  #visits = 0;

  constructor(options: CompileOptions) {
    this.options = options;
    this.#rows.set(THE_ROW, options.row);
    if (options.before) this.#rows.set(THE_STORED_ROW, options.before);
  }

  truth(node: Node): string {
    return this.#bounded(truthSql(this, node));
  }

  clauses(node: Node): Clauses {
    const clauses = operands(node, "and").map((clause) => operands(clause, "or").map((one) => this.truth(one)));
    this.#bounded(clauses.flat().join(" AND "));
    return clauses;
  }

  falsehood(node: Node): string {
    return this.#bounded(falsehoodSql(this, node));
  }

  value(node: Node): Value {
    const value = valueSql(this, node);
    this.#bounded(value.sql);
    if (value.error !== undefined) this.#bounded(value.error);
    return value;
  }

  row(number: RowNumber): RowSource {
    const row = this.#rows.get(number);
    if (!row)
      throw new Error(number === THE_STORED_ROW ? "the expression names before, but none is given" : "unbound row");
    return row;
  }

  bindRow(number: RowNumber, row: RowSource): void {
    this.#rows.set(number, row);
  }

  element(slot: number): Value {
    const value = this.#elements.get(slot);
    if (!value) throw new Error("unbound element");
    return value;
  }

  bindElement(slot: number, value: Value): void {
    this.#elements.set(slot, value);
  }

  alias(): string {
    this.#aliases += 1;
    return `${this.options.aliasPrefix ?? "e"}${this.#aliases}`;
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
}

function operands(node: Node, kind: "and" | "or"): readonly Node[] {
  return node.k === kind ? node.args.flatMap((arg) => operands(arg, kind)) : [node];
}
