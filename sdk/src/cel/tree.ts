// The expression tree as Landfall writes it: what the parser makes, what the SDK builds from typed filters, and what
// `records:query` accepts as `{op, args}`. Version 1; an op is never removed or given another meaning within a version.
import { CelError, limits, type Place } from "./error.ts";

/**
 * The version of the tree as it travels; a server refuses one it does not know.
 *
 * @example
 * ```ts
 * console.log(TREE_VERSION); // 1
 * ```
 */
export const TREE_VERSION = 1;

/**
 * The ops and their args:
 * - `value` [null | boolean | number | string]: a literal; a whole number is an int, another one a double. `double` [number]
 * - `name` [identifier]; `param` [name]; `.` [expr, key]; `[]` [expr, expr]; `list` [...exprs]; `map` [key, expr, key, expr, …]
 * - `!` `neg` [expr]; `&&` `||` [two or more exprs]; `?:` [test, then, else]
 * - `==` `!=` `<` `<=` `>` `>=` `in` `+` `-` `*` `/` `%` [left, right]
 * - `call` [function name, ...exprs]: `x.startsWith(y)` is call ["startsWith", x, y]
 * - `exists` `all` [range, variable name, body]
 *
 * @example
 * ```ts
 * const comparisons: Op[] = ["<", "<=", ">", ">="];
 * console.log(comparisons.includes(parse("likes > 5").op)); // true
 * ```
 */
export type Op =
  | "value"
  | "double"
  | "name"
  | "param"
  | "."
  | "[]"
  | "list"
  | "map"
  | "!"
  | "neg"
  | "&&"
  | "||"
  | "?:"
  | "=="
  | "!="
  | "<"
  | "<="
  | ">"
  | ">="
  | "in"
  | "+"
  | "-"
  | "*"
  | "/"
  | "%"
  | "call"
  | "exists"
  | "all";

/**
 * What an operator is given.
 *
 * @example
 * ```ts
 * const isExpr = (arg: Arg): arg is Expr => typeof arg === "object" && arg !== null;
 * console.log(parse("likes > 5").args.map(isExpr)); // [true, true]
 * ```
 */
export type Arg = Expr | string | number | boolean | null;

/**
 * An expression as a tree, not yet checked.
 *
 * @example
 * ```ts
 * const tree: Expr = parse("likes > 5");
 * console.log(tree.op, tree.args.length); // ">", 2
 * ```
 */
export interface Expr extends Place {
  readonly op: Op;
  readonly args: readonly Arg[];
}

/**
 * The JSON form. `v` stands on the root only; absent means version 1.
 *
 * @example
 * ```ts
 * const sent: WireExpr = { op: ">", args: [{ op: "name", args: ["likes"] }, { op: "value", args: [5] }] };
 * console.log(fromWire(sent).op); // ">"
 * ```
 */
export interface WireExpr {
  readonly v?: number;
  readonly op: string;
  readonly args: readonly unknown[];
}

type Shape = readonly ("expr" | "name" | "key" | "literal" | "number" | "exprs" | "pairs")[];

const pair: Shape = ["expr", "expr"];
/** What each op's args must be; `exprs` takes the rest, and so does `pairs`, a key and an expr at a time. */
const shapes: ReadonlyMap<string, Shape> = new Map<Op, Shape>([
  ["value", ["literal"]],
  ["double", ["number"]],
  ["name", ["name"]],
  ["param", ["name"]],
  [".", ["expr", "key"]],
  ["[]", pair],
  ["list", ["exprs"]],
  ["map", ["pairs"]],
  ["!", ["expr"]],
  ["neg", ["expr"]],
  ["&&", ["expr", "expr", "exprs"]],
  ["||", ["expr", "expr", "exprs"]],
  ["?:", ["expr", "expr", "expr"]],
  ...(["==", "!=", "<", "<=", ">", ">=", "in", "+", "-", "*", "/", "%"] as const).map((op): [Op, Shape] => [op, pair]),
  ["call", ["name", "exprs"]],
  ["exists", ["expr", "name", "expr"]],
  ["all", ["expr", "name", "expr"]],
]);

const identifier = /^[A-Za-z][A-Za-z0-9_]{0,62}$/;

/**
 * The tree as JSON, ready for `records:query`.
 *
 * @example
 * ```ts
 * console.log(JSON.stringify(toWire(parse("likes > 5"))));
 * ```
 */
export function toWire(expr: Expr): WireExpr {
  return { v: TREE_VERSION, ...strip(expr) };
}

function strip(expr: Expr): { op: string; args: unknown[] } {
  return { op: expr.op, args: expr.args.map((arg) => (isExpr(arg) ? strip(arg) : arg)) };
}

export function isExpr(arg: unknown): arg is Expr {
  return typeof arg === "object" && arg !== null;
}

/**
 * Validates a tree from outside. Never recurses deeper than the depth bound, copies only what it knows, trusts nothing.
 *
 * @example
 * ```ts
 * const tree = fromWire({ op: ">", args: [{ op: "name", args: ["likes"] }, { op: "value", args: [5] }] });
 * console.log(tree.op); // ">"
 * ```
 */
export function fromWire(json: unknown): Expr {
  if (isObject(json) && json.v !== undefined && json.v !== TREE_VERSION) {
    throw refuse(
      { pos: 0, path: "/v" },
      "This server knows version 1 of the expression tree.",
      "Send v: 1 or leave it out.",
    );
  }
  const count = { nodes: 0, clauses: 0 };
  return read(json, "", 1, count);
}

interface Count {
  nodes: number;
  clauses: number;
}

function read(json: unknown, path: string, depth: number, count: Count): Expr {
  const place = { pos: 0, path };
  if (depth > limits.depthMax) throw tooDeep(place);
  count.nodes += 1;
  if (count.nodes > limits.nodesMax) throw tooManyNodes(place);
  if (!isObject(json)) throw refuse(place, "A node must be an object {op, args}.", "See docs/protocol/expressions.md.");
  const op: unknown = Object.hasOwn(json, "op") ? json.op : undefined;
  const given: unknown = Object.hasOwn(json, "args") ? json.args : undefined;
  for (const key of Object.keys(json)) {
    if (key === "op" || key === "args" || (key === "v" && path === "")) continue;
    throw refuse(place, "A node has no members but op and args.", "Remove the others.");
  }
  const shape = typeof op === "string" ? shapes.get(op) : undefined;
  if (!shape)
    throw refuse({ pos: 0, path: `${path}/op` }, "Unknown op.", "See the list of ops in docs/protocol/expressions.md.");
  if (!Array.isArray(given)) throw refuse(place, "args must be an array.", "See docs/protocol/expressions.md.");
  if (op === "&&" || op === "||") countClauses(count, given.length, place);
  if (given.length > limits.listMax * (op === "map" ? 2 : 1)) throw listTooLong(place);
  if (op === "map" && given.length % 2 > 0) {
    throw refuse(place, "map takes a key and a value, as often as you like.", "See docs/protocol/expressions.md.");
  }
  const open = shape.at(-1) === "exprs" || shape.at(-1) === "pairs";
  const least = open ? shape.length - 1 : shape.length;
  if (given.length < least || (!open && given.length > least)) {
    throw refuse(place, `${op} takes ${open ? "at least " : ""}${least} args.`, "See docs/protocol/expressions.md.");
  }
  const args = given.map((arg: unknown, i) => {
    const listed = shape[Math.min(i, shape.length - 1)] ?? "expr";
    const wants = listed === "pairs" ? (i % 2 === 0 ? "key" : "expr") : listed;
    const at = `${path}/args/${i}`;
    return wants === "expr" || wants === "exprs" ? read(arg, at, depth + 1, count) : readScalar(arg, wants, at);
  });
  return { op: op as Op, args, pos: 0, path };
}

function readScalar(arg: unknown, wants: "name" | "key" | "literal" | "number", path: string): Arg {
  const place = { pos: 0, path };
  if (wants === "name") {
    if (typeof arg === "string" && identifier.test(arg)) return arg;
    throw refuse(place, "A name must be letters, digits and underscores, at most 63.", "Names start with a letter.");
  }
  if (wants === "number") {
    if (typeof arg === "number" && Number.isFinite(arg)) return arg;
    throw refuse(place, "Expected a finite number.", "Send a JSON number.");
  }
  if (typeof arg === "string") return checkText(arg, place);
  if (wants === "literal" && (arg === null || typeof arg === "boolean")) return arg;
  if (wants === "literal" && typeof arg === "number" && Number.isFinite(arg)) return arg;
  throw refuse(
    place,
    wants === "key" ? "Expected a key." : "Expected null, a boolean, a number or a string.",
    "Use list for lists.",
  );
}

/** U+0000 and lone surrogates exist in no stored value; a text with one is a mistake or an attack. */
export function checkText(text: string, place: Place): string {
  if (text.length > limits.textLengthMax) {
    throw new CelError("expression_too_long", `A text may have ${limits.textLengthMax} characters.`, {
      place,
      advice: "Shorten it.",
    });
  }
  if (text.includes("\0") || !text.isWellFormed()) {
    throw new CelError("expression_literal", "A text may hold neither U+0000 nor a lone surrogate.", {
      place,
      advice: "Remove it.",
    });
  }
  return text;
}

export function countClauses(count: { clauses: number }, more: number, place: Place): void {
  count.clauses += more;
  if (count.clauses > limits.clausesMax) {
    throw new CelError("expression_too_many_clauses", `An expression may have ${limits.clausesMax} clauses.`, {
      place,
      advice: "Use `in` with a list for many values of one field, or ask in several requests.",
    });
  }
}

export function tooDeep(place: Place): CelError {
  return new CelError("expression_too_deep", `An expression may be nested ${limits.depthMax} deep.`, {
    place,
    advice: "Flatten it: `a && b && c` is one level.",
  });
}

export function listTooLong(place: Place): CelError {
  return new CelError("expression_too_long", `A list or map may have ${limits.listMax} elements.`, {
    place,
    advice: "Ask in several requests.",
  });
}

function tooManyNodes(place: Place): CelError {
  return new CelError("expression_too_long", `A tree may have ${limits.nodesMax} nodes.`, {
    place,
    advice: "Shorten it.",
  });
}

function refuse(place: Place, message: string, advice: string): CelError {
  return new CelError("expression_tree", message, { place, advice });
}

function isObject(json: unknown): json is { [key: string]: unknown } {
  return typeof json === "object" && json !== null && !Array.isArray(json);
}
