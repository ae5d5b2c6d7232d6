// Text to tree. cel-js reads the grammar; its nodes are converted at once into ours, so nothing else knows the library.
// A scan before it bounds what the library would recurse on, and turns `$name` into an identifier of the same length.
import { Environment } from "@marcbachmann/cel-js";
import { CelError, limits, type Place } from "./error.ts";
import { scan } from "./scan.ts";
import { type Arg, checkText, countClauses, type Expr, listTooLong, type Op, tooDeep } from "./tree.ts";

/** What cel-js hands back, as far as we read it. */
interface CelNode {
  readonly op: string;
  readonly args: unknown;
  readonly pos: number;
  readonly start: number;
  readonly end: number;
}

const grammar = new Environment({
  unlistedVariablesAreDyn: true,
  limits: {
    maxDepth: limits.depthMax * 4,
    maxAstNodes: limits.nodesMax * 2,
    maxListElements: limits.textLengthMax, // ours is counted in convert, whose error names it
    maxMapEntries: limits.textLengthMax,
    maxCallArguments: 8,
  },
});

/**
 * Parses an expression.
 *
 * @example
 * ```ts
 * console.log(parse("likes > 5").op); // ">"
 * ```
 */
export function parse(source: string): Expr {
  const root = read(source);
  try {
    return convert(root, 1, { clauses: 0, source });
  } catch (error) {
    throw error instanceof CelError ? error.within(source) : error;
  }
}

/**
 * The texts of the operands of the outermost `&&`, or the whole text: what a log names as the clause that denied. Each is
 * an expression of its own.
 *
 * @example
 * ```ts
 * console.log(clausesOf("status == 'open' && likes > 5")); // ["status == 'open'", "likes > 5"]
 * ```
 */
export function clausesOf(source: string): string[] {
  const root = read(source);
  if (root.op !== "&&") return [source];
  const clauses = flatten(root, "&&").map(({ start, end }) => source.slice(start, end));
  try {
    for (const clause of clauses) parse(clause);
    return clauses;
  } catch {
    return [source]; // a bracket that belongs to the first operand lies outside of its node
  }
}

function read(source: string): CelNode {
  const readable = scan(source);
  try {
    return (grammar.parse(readable) as unknown as { ast: CelNode }).ast;
  } catch (error) {
    throw syntaxError(error, source);
  }
}

interface Walk {
  clauses: number;
  readonly source: string;
}

const sameOp = new Set(["==", "!=", "<", "<=", ">", ">=", "in", "+", "-", "*", "/", "%", "[]"]);

function convert(node: CelNode, depth: number, walk: Walk): Expr {
  const place = { pos: node.pos };
  if (depth > limits.depthMax) throw tooDeep(place);
  const expr = (op: Op, args: readonly Arg[]): Expr => ({ op, args, pos: node.pos });
  const inner = (child: CelNode): Expr => convert(child, depth + 1, walk);
  const children = node.args as readonly CelNode[];
  if (sameOp.has(node.op)) return expr(node.op as Op, children.map(inner));
  switch (node.op) {
    case "value":
      return literal(node, walk);
    case "id":
      return identifier(node, walk);
    case ".": {
      const [object, key] = node.args as [CelNode, string];
      return expr(".", [inner(object), plainName(key, place)]);
    }
    case "&&":
    case "||": {
      const operands = flatten(node, node.op);
      countClauses(walk, operands.length, place);
      return expr(node.op, operands.map(inner));
    }
    case "?:":
    case "list":
      if (children.length > limits.listMax) throw listTooLong(place);
      return expr(node.op, children.map(inner));
    case "!_":
      return expr("!", [inner(node.args as CelNode)]);
    case "-_":
      return negate(node, inner);
    case "call": {
      const [name, args] = node.args as [string, CelNode[]];
      return expr("call", [plainName(name, place), ...args.map(inner)]);
    }
    case "rcall": {
      const [name, receiver, args] = node.args as [string, CelNode, CelNode[]];
      return method(node, name, [receiver, ...args], inner);
    }
    case "map": {
      const entries = node.args as readonly (readonly [CelNode, CelNode])[];
      if (entries.length > limits.listMax) throw listTooLong(place);
      return expr(
        "map",
        entries.flatMap(([key, value]) => [mapKey(key), inner(value)]),
      );
    }
    default:
      throw new CelError("expression_unsupported", "This is CEL, but not part of Landfall's expressions.", {
        place,
        advice: "See docs/protocol/expressions.md for what is.",
      });
  }
}

/** `a && b && c` arrives nested to the left; one level here, and no recursion on the way. */
function flatten(node: CelNode, op: string): CelNode[] {
  const operands: CelNode[] = [];
  let left: CelNode = node;
  while (left.op === op) {
    const [next, right] = left.args as [CelNode, CelNode];
    operands.push(right);
    left = next;
  }
  operands.push(left);
  return operands.reverse().flatMap((operand) => (operand.op === op ? flatten(operand, op) : [operand]));
}

function method(node: CelNode, name: string, args: readonly CelNode[], inner: (child: CelNode) => Expr): Expr {
  if (name !== "exists" && name !== "all") {
    return { op: "call", args: [plainName(name, node), ...args.map(inner)], pos: node.pos };
  }
  const [range, variable, body] = args;
  if (!range || !body || variable?.op !== "id") {
    throw new CelError("expression_syntax", `${name} takes a variable and a condition.`, {
      place: { pos: node.pos },
      advice: `Write list.${name}(x, x == 'a').`,
    });
  }
  return { op: name, args: [inner(range), plainName(variable.args as string, variable), inner(body)], pos: node.pos };
}

/** Only a parameter is written with `$`, which the scan has made an underscore; no other name starts with one. */
function plainName(name: string, place: Place): string {
  if (!name.startsWith("_")) return name;
  throw new CelError("expression_syntax", `$${name.slice(1)} is a parameter and cannot stand here.`, {
    place: { pos: place.pos },
    advice: "Parameters are values: title == $title. A key with an odd name is written data['_key'].",
  });
}

/** JSON has no other keys. */
function mapKey(key: CelNode): string {
  if (key.op === "value" && typeof key.args === "string") return checkText(key.args, key);
  throw new CelError("expression_unsupported", "The keys of a map are texts.", {
    place: { pos: key.pos },
    advice: "Write them in quotes: {'a': 1}.",
  });
}

/** `-5` is a literal of its own, so that the smallest integer can be written. */
function negate(node: CelNode, inner: (child: CelNode) => Expr): Expr {
  const arg = inner(node.args as CelNode);
  const value = arg.args[0];
  if ((arg.op === "value" || arg.op === "double") && typeof value === "number") {
    return { op: arg.op, args: [0 - value], pos: node.pos };
  }
  return { op: "neg", args: [arg], pos: node.pos };
}

function literal(node: CelNode, walk: Walk): Expr {
  const value = node.args;
  const at = { place: { pos: node.pos }, source: walk.source };
  if (typeof value === "bigint") {
    const number = Number(value);
    if (Number.isSafeInteger(number)) return { op: "value", args: [number], pos: node.pos };
    throw new CelError("expression_literal", "Integers go from -(2^53-1) to 2^53-1.", {
      ...at,
      advice: "Write it as a double.",
    });
  }
  if (typeof value === "number") return { op: "double", args: [value], pos: node.pos };
  if (typeof value === "string") return { op: "value", args: [checkText(value, at.place)], pos: node.pos };
  if (typeof value === "boolean" || value === null) return { op: "value", args: [value], pos: node.pos };
  throw new CelError("expression_unsupported", "Bytes and unsigned integers are not part of Landfall's expressions.", {
    ...at,
    advice: "Write a string or a plain number.",
  });
}

function identifier(node: CelNode, walk: Walk): Expr {
  const name = node.args as string;
  if (walk.source[node.pos] === "$") return { op: "param", args: [name.slice(1)], pos: node.pos };
  return { op: "name", args: [name], pos: node.pos };
}

function syntaxError(error: unknown, source: string): CelError {
  const at = error as { summary?: unknown; range?: { start?: number }; code?: unknown };
  const place = { pos: at.range?.start ?? 0 };
  if (at.code === "limit_exceeded") return tooDeep(place).within(source);
  const summary = typeof at.summary === "string" ? at.summary : "This is not an expression.";
  return new CelError("expression_syntax", summary, {
    place,
    source,
    advice: "See docs/protocol/expressions.md for the grammar; texts stand in quotes, equality is ==.",
  });
}
