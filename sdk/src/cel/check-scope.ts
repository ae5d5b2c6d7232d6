// What a check carries down the tree.
import type { Node } from "./node.ts";
import type { Expr } from "./tree.ts";
import type { CheckEnv, RowType, Type } from "./types.ts";

/** What a name bound by exists or all stands for. */
export type Bound =
  | { readonly k: "row"; readonly row: number; readonly rowType: RowType }
  | { readonly k: "element"; readonly slot: number; readonly type: Type };

export interface Scope {
  readonly env: CheckEnv;
  readonly bound: ReadonlyMap<string, Bound>;
  /** Next free row number or element slot. */
  readonly free: number;
  /** Types a sub-expression. Handed down, so that the parts of the checker do not import each other in a circle. */
  readonly value: (expr: Expr, scope: Scope) => Node;
}
