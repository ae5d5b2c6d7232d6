// The JavaScript back end: a typed tree becomes closures over JSON values once, then answers for row after row. Row-local
// only: what reads other records is decided by Postgres. Strict functions are in evaluate-calls.ts.
import { type Bindings, fault, isValue, type Run } from "./bindings.ts";
import { strictCall } from "./evaluate-calls.ts";
import type { Checked, EqNode, Node } from "./node.ts";
import { THE_STORED_ROW } from "./node.ts";
import type { Type } from "./types.ts";
import { compareDecimal, compareText, equalJson, isPlain, parseTime } from "./values.ts";

/**
 * An expression as a function; {@link evaluator} makes it.
 *
 * @example
 * ```ts
 * const auth = { signedIn: false, roles: [], teams: [], claims: {} };
 * const isPopular: Evaluator = evaluator(check(parse("likes > 5"), env));
 * const rows = [{ likes: 7 }, { likes: 2 }];
 * console.log(rows.filter((row) => isPopular({ row, auth, nowMs: Date.now() }) === true)); // [{ likes: 7 }]
 * ```
 */
export type Evaluator = (bindings: Bindings) => unknown;

/**
 * Builds the evaluator. A rule or filter holds when it answers exactly `true`.
 *
 * @example
 * ```ts
 * const posts = rowTypeOf({ name: "posts", fields: [{ name: "likes", type: "integer", required: true }] });
 * const env: CheckEnv = { mode: "filter", row: posts, collections: () => undefined };
 * const isPopular = evaluator(check(parse("likes > 5"), env));
 * const auth = { signedIn: false, roles: [], teams: [], claims: {} };
 * console.log(isPopular({ row: { likes: 7 }, auth, nowMs: Date.now() })); // true
 * ```
 */
export function evaluator(checked: Checked): Evaluator {
  if (checked.class === "relational") throw new Error("a relational expression is decided by Postgres");
  const run = build(checked.node);
  return (bindings) => run({ ...bindings, elements: [] });
}

export function build(node: Node): Run {
  switch (node.k) {
    case "const":
      return () => node.value;
    case "param":
      return param(node.name, node.type);
    case "make":
      return made(node.parts.map(build), node.keys);
    case "auth":
      return ({ auth }) => auth[node.path] ?? fault;
    case "request":
      return node.path === "time" ? ({ nowMs }) => nowMs : ({ door }) => door ?? fault;
    case "field":
    case "links": {
      const { field, type, row } = node;
      return (frame) => fromJson((row === THE_STORED_ROW ? frame.before : frame.row)?.[field], type);
    }
    case "element":
      return ({ elements }) => elements[node.slot];
    case "and":
      return logic(node.args.map(build), false);
    case "or":
      return logic(node.args.map(build), true);
    case "not": {
      const a = build(node.a);
      return (frame) => negate(a(frame));
    }
    case "cond":
      return conditional(build(node.test), build(node.a), build(node.b));
    case "eq":
      return equality(node);
    case "less": {
      const [a, b, order] = [build(node.a), build(node.b), orderOf(node.a.type)];
      return (frame) => less(a(frame), b(frame), order, node.orEqual);
    }
    case "in": {
      const [a, list, same] = [build(node.a), build(node.list), sameOf(node.a.type)];
      return (frame) => contains(a(frame), list(frame), same);
    }
    case "member": {
      const a = build(node.a);
      return (frame) => memberOf(a(frame), node.key);
    }
    case "has": {
      const a = build(node.a);
      return (frame) => isValue(a(frame));
    }
    case "orNull": {
      const [a, b] = [build(node.a), build(node.b)];
      return (frame) => a(frame) ?? b(frame);
    }
    case "call":
      return strictCall(node, node.args.map(build));
    case "exists":
    case "all":
      return quantified(node);
    case "follow":
      throw new Error("a relational expression is decided by Postgres");
    default:
      return node satisfies never;
  }
}

/** Contract JSON to what the closures compute with: times are milliseconds; a field that is not there is an error. */
function fromJson(value: unknown, type: Type): unknown {
  if (value === undefined) return fault;
  if (type.kind === "timestamp") return typeof value === "string" ? (parseTime(value) ?? fault) : value;
  if (type.kind === "list" && type.of?.kind === "timestamp" && Array.isArray(value))
    return value.map((item) => parseTime(String(item)) ?? fault);
  return value;
}

function param(name: string, type: Type): Run {
  return ({ params }) => {
    const value = params && Object.hasOwn(params, name) ? params[name] : undefined;
    if (value === undefined) return fault;
    if (type.kind === "list" && type.of?.kind === "decimal" && Array.isArray(value)) return value.map(String);
    return type.kind === "decimal" ? String(value) : value;
  };
}

function made(parts: readonly Run[], keys: readonly string[] | undefined): Run {
  return (frame) => {
    const values = parts.map((part) => part(frame));
    if (values.includes(fault)) return fault;
    return keys === undefined ? values : Object.fromEntries(keys.map((key, i) => [key, values[i]]));
  };
}

/** && and || absorb errors: the deciding value wins wherever it stands. */
function logic(args: readonly Run[], decides: boolean): Run {
  return (frame) => {
    let answer: unknown = !decides;
    for (const arg of args) {
      const value = arg(frame);
      if (value === decides) return decides;
      if (value !== !decides) answer = fault;
    }
    return answer;
  };
}

const negate = (value: unknown): unknown => (typeof value === "boolean" ? !value : fault);

function conditional(test: Run, a: Run, b: Run): Run {
  return (frame) => {
    const decided = test(frame);
    return decided === true ? a(frame) : decided === false ? b(frame) : fault;
  };
}

function equality(node: EqNode): Run {
  const [a, b] = [build(node.a), build(node.b)];
  const same = sameOf(node.a.type.kind === "null" ? node.b.type : node.a.type);
  return (frame) => {
    const [x, y] = [a(frame), b(frame)];
    if (x === fault || y === fault) return fault;
    if (x === null || y === null) return x === y;
    return same(x, y);
  };
}

type Same = (x: unknown, y: unknown) => boolean;

function sameOf(type: Type): Same {
  switch (type.kind) {
    case "decimal":
      return (x, y) => compareDecimal(x as string, y as string) === 0;
    case "json":
      return equalJson;
    case "geo":
      return (x, y) => isPlain(x) && isPlain(y) && x.lat === y.lat && x.lng === y.lng;
    case "list": {
      const same = type.of ? sameOf(type.of) : equalJson;
      return (x, y) =>
        Array.isArray(x) && Array.isArray(y) && x.length === y.length && x.every((item, i) => same(item, y[i]));
    }
    default:
      return (x, y) => x === y;
  }
}

type Order = (x: unknown, y: unknown) => number;

function orderOf(type: Type): Order {
  if (type.kind === "string" || type.kind === "relation") return (x, y) => compareText(x as string, y as string);
  if (type.kind === "decimal") return (x, y) => compareDecimal(x as string, y as string);
  return (x, y) => ((x as number) < (y as number) ? -1 : x === y ? 0 : 1);
}

function less(x: unknown, y: unknown, order: Order, orEqual: boolean): unknown {
  if (!isValue(x) || !isValue(y)) return fault;
  const compared = order(x, y);
  return orEqual ? compared <= 0 : compared < 0;
}

function contains(x: unknown, list: unknown, same: Same): unknown {
  if (x === fault || !Array.isArray(list)) return fault;
  return x !== null && list.some((item) => same(x, item));
}

export function memberOf(object: unknown, key: string): unknown {
  return isPlain(object) && Object.hasOwn(object, key) ? object[key] : fault;
}

function quantified(node: Node & { k: "exists" | "all" }): Run {
  if (node.range.k !== "list") throw new Error("a relational expression is decided by Postgres");
  const [list, body] = [build(node.range.list), build(node.body)];
  const decides = node.k === "exists";
  return (frame) => {
    const items = list(frame);
    if (!Array.isArray(items)) return fault;
    let answer: unknown = !decides;
    for (const item of items) {
      frame.elements[node.slot] = item;
      const value = body(frame);
      if (value === decides) return decides;
      if (value !== !decides) answer = fault;
    }
    return answer;
  };
}
