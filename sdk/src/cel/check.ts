// From tree to typed nodes: resolves names, gives every node one type, refuses what would fail for its types. Names are in
// check-names.ts, functions in check-calls.ts, literals in check-literals.ts, the meeting of two types in check-types.ts.

import { arithmetic, negated } from "./check-arithmetic.ts";
import { callOf, typeTest } from "./check-calls.ts";
import { literalOf, operand, paramNode } from "./check-literals.ts";
import { memberOf, nameOf, rangeOf } from "./check-names.ts";
import type { Bound, Scope } from "./check-scope.ts";
import { align, alignOrder, boolOf, elementOf, fail } from "./check-types.ts";
import { CelError, limits } from "./error.ts";
import type { Checked, Node } from "./node.ts";
import { usesOf, weigh } from "./node-walk.ts";
import type { Expr } from "./tree.ts";
import { type CheckEnv, types } from "./types.ts";

/**
 * Checks an expression that must be true or false.
 *
 * @example
 * ```ts
 * const posts = rowTypeOf({ name: "posts", fields: [{ name: "likes", type: "integer", required: true }] });
 * const env: CheckEnv = { mode: "filter", row: posts, collections: () => undefined };
 * const { class: kind, fields } = check(parse("likes > 5"), env);
 * console.log(kind, fields); // "rowLocal", [{ collection: "posts", field: "likes", hop: false }]
 * ```
 */
export function check(expr: Expr, env: CheckEnv): Checked {
  const node = boolOf(typed(expr, { env, bound: new Map(), free: 2, value: typed }), expr);
  return checkedOf(node, expr);
}

/**
 * Checks an expression of any type: computed values, group keys, sorts.
 *
 * @example
 * ```ts
 * const posts = rowTypeOf({ name: "posts", fields: [{ name: "likes", type: "integer", required: true }] });
 * const env: CheckEnv = { mode: "filter", row: posts, collections: () => undefined };
 * console.log(checkValue(parse("likes + 1"), env).node.type.kind); // "int"
 * ```
 */
export function checkValue(expr: Expr, env: CheckEnv): Checked {
  return checkedOf(typed(expr, { env, bound: new Map(), free: 2, value: typed }), expr);
}

function checkedOf(node: Node, expr: Expr): Checked {
  const cost = weigh(node);
  if (cost > limits.costMax) {
    throw new CelError("expression_too_costly", `The expression costs ${cost} of at most ${limits.costMax}.`, {
      place: expr,
      advice: "Search through fewer collections, or not inside one another.",
    });
  }
  return { node, cost, ...usesOf(node) };
}

function typed(expr: Expr, scope: Scope): Node {
  const [first, second, third] = expr.args as [Expr, Expr, Expr];
  switch (expr.op) {
    case "value":
      return literal(expr);
    case "double":
      return { k: "const", type: types.double, value: expr.args[0] };
    case "param":
      return paramNode(String(expr.args[0]), expr, scope.env);
    case "name":
      return nameOf(expr, scope);
    case ".":
      return memberOf(expr, scope);
    case "[]":
      return item(expr, scope);
    case "list":
    case "map":
      return literalOf(expr, scope);
    case "!":
      return { k: "not", type: types.bool, a: boolOf(typed(first, scope), first) };
    case "neg":
      return negated(typed(first, scope), expr);
    case "&&":
    case "||":
      return {
        k: expr.op === "&&" ? "and" : "or",
        type: types.bool,
        args: (expr.args as Expr[]).map((arg) => boolOf(typed(arg, scope), arg)),
      };
    case "?:": {
      const [a, b] = align(typed(second, scope), typed(third, scope), expr);
      const type = a.type.kind === "null" ? b.type : a.type;
      return { k: "cond", type, test: boolOf(typed(first, scope), first), a, b };
    }
    case "==":
    case "!=": {
      const equal = equality(expr, scope);
      return expr.op === "==" ? equal : { k: "not", type: types.bool, a: equal };
    }
    case "<":
    case "<=":
    case ">":
    case ">=":
      return order(expr, scope);
    case "in":
      return membership(expr, scope);
    case "+":
    case "-":
    case "*":
    case "/":
    case "%":
      return arithmetic(expr.op, typed(first, scope), typed(second, scope), expr);
    case "exists":
    case "all":
      return quantified(expr, scope);
    case "call":
      return callOf(expr, scope);
    default:
      return expr.op satisfies never;
  }
}

function literal(expr: Expr): Node {
  const value = expr.args[0];
  if (value === null) return { k: "const", type: types.null, value };
  if (typeof value === "string") return { k: "const", type: types.string, value };
  if (typeof value === "boolean") return { k: "const", type: types.bool, value };
  if (Number.isSafeInteger(value)) return { k: "const", type: types.int, value: (value as number) + 0 };
  return { k: "const", type: types.double, value };
}

function equality(expr: Expr, scope: Scope): Node {
  const test = typeTest(expr, scope);
  if (test) return test;
  const [left, right] = expr.args as [Expr, Expr];
  const [a, b] = align(operand(left, scope), operand(right, scope), expr);
  return { k: "eq", type: types.bool, a, b };
}

function order(expr: Expr, scope: Scope): Node {
  const [left, right] = expr.args as [Expr, Expr];
  const [x, y] = alignOrder(typed(left, scope), typed(right, scope), expr);
  const swap = expr.op === ">" || expr.op === ">=";
  const orEqual = expr.op === "<=" || expr.op === ">=";
  return { k: "less", type: types.bool, a: swap ? y : x, b: swap ? x : y, orEqual };
}

function membership(expr: Expr, scope: Scope): Node {
  const [left, right] = expr.args as [Expr, Expr];
  const a = operand(left, scope);
  if (right.op === "map") throw fail(right, "Expected a list after in, found a map.", "Write 'a' in ['a', 'b'].");
  if (right.op === "list" && right.args.some((arg) => !isLiteral(arg as Expr))) {
    // A list of fields and the like is asked one by one: `x in [a, b]` is `x == a || x == b`.
    const args = (right.args as Expr[]).map((arg): Node => {
      const [x, y] = align(a, operand(arg, scope), arg);
      return { k: "eq", type: types.bool, a: x, b: y };
    });
    return args.length === 1 ? (args[0] as Node) : { k: "or", type: types.bool, args };
  }
  return elementOf(a, typed(right, scope), expr);
}

const isLiteral = (expr: Expr): boolean => (expr.op === "value" && expr.args[0] !== null) || expr.op === "double";

function item(expr: Expr, scope: Scope): Node {
  const [left, right] = expr.args as [Expr, Expr];
  const list = typed(left, scope);
  const index = typed(right, scope);
  if (list.type.kind === "json" && index.k === "const" && typeof index.value === "string") {
    return { k: "member", type: types.json, a: list, key: index.value };
  }
  if (index.type.kind !== "int") throw fail(right, "A list is indexed by an integer.", "Count from 0: tags[0].");
  if (list.type.kind === "json") return { k: "call", fn: "item", type: types.json, args: [list, index] };
  if (list.type.kind !== "list" || !list.type.of)
    throw fail(expr, "Only lists and json have items.", "Use a dot for a field.");
  return { k: "call", fn: "item", type: list.type.of, args: [list, index] };
}

function quantified(expr: Expr, scope: Scope): Node {
  const [over, name, condition] = expr.args as [Expr, string, Expr];
  const { range, element } = rangeOf(over, scope);
  if (["auth", "before", "request", "collection", "now"].includes(name) || scope.env.row.fields.has(name)) {
    throw fail(expr, `The variable ${name} hides another name.`, "Choose another name for the variable.");
  }
  const slot = scope.free;
  const bound: Bound =
    "fields" in element ? { k: "row", row: slot, rowType: element } : { k: "element", slot, type: element };
  const inner: Scope = { ...scope, bound: new Map(scope.bound).set(name, bound), free: slot + 1 };
  const body = boolOf(typed(condition, inner), condition);
  return { k: expr.op === "all" ? "all" : "exists", type: types.bool, range, slot, body };
}
