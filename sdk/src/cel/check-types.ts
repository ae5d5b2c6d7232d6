// Where two types meet: which may be compared, which literal widens to what, what json becomes beside a typed value.
// Literals and parameters are typed in check-literals.ts.
import { CelError, type Place } from "./error.ts";
import type { Node, StrictFn } from "./node.ts";
import { listOf, type Type, types } from "./types.ts";
import { isDecimal } from "./values.ts";

export function fail(place: Place, message: string, advice: string): CelError {
  return new CelError("expression_type", message, { place, advice });
}

/** How an error names a type. */
export function nameType(type: Type): string {
  if (type.kind === "list") return `list of ${type.of ? nameType(type.of) : "anything"}`;
  if (type.kind === "relation") return `relation to ${type.collection}`;
  return type.kind;
}

export const call = (fn: StrictFn, type: Type, ...args: Node[]): Node => ({ k: "call", fn, type, args });
export const isText = (type: Type): boolean => type.kind === "string" || type.kind === "relation";
const fixed = (node: Node): boolean => node.k === "const" || node.k === "param";

export function boolOf(node: Node, place: Place): Node {
  if (node.type.kind === "bool") return node;
  if (node.type.kind === "json") return call("jsonBool", types.bool, node);
  throw fail(
    place,
    `Expected true or false, found ${nameType(node.type)}.`,
    "Compare it: `likes > 0`, `author != null`.",
  );
}

export function textOf(node: Node, place: Place): Node {
  if (isText(node.type)) return node;
  if (node.type.kind === "json") return call("jsonString", types.string, node);
  throw fail(
    place,
    `Expected a string, found ${nameType(node.type)}.`,
    "Text functions work on strings and relation ids.",
  );
}

export function doubleOf(node: Node, place: Place): Node {
  if (node.type.kind === "double") return node;
  if (node.type.kind === "int")
    return fixed(node) ? { ...node, type: types.double } : call("toDouble", types.double, node);
  if (node.type.kind === "json") return call("jsonDouble", types.double, node);
  throw fail(
    place,
    `Expected a number, found ${nameType(node.type)}.`,
    "Use an integer or number field, or a literal.",
  );
}

function decimalOf(node: Node, place: Place): Node {
  if (node.type.kind === "decimal") return node;
  const { kind } = node.type;
  if (node.k === "const" && (kind === "int" || kind === "double")) {
    return { k: "const", type: types.decimal, value: String(node.value) };
  }
  if (node.k === "const" && kind === "string" && isDecimal(String(node.value))) return { ...node, type: types.decimal };
  if (node.k === "param" && (kind === "int" || kind === "double")) return { ...node, type: types.decimal };
  throw fail(
    place,
    `A decimal cannot be compared with ${nameType(node.type)}.`,
    "Decimals compare with decimals and number literals.",
  );
}

/** Both sides in one comparable type; the null literal meets anything. */
export function align(a: Node, b: Node, place: Place): readonly [Node, Node] {
  const [x, y] = [a.type.kind, b.type.kind];
  if (x === "null" || y === "null") return [a, b];
  if (isText(a.type) && isText(b.type)) return [a, b];
  if (x === "json" || y === "json") return alignJson(a, b, place);
  if (x === "list" && y === "list") return alignLists(a, b, place);
  if (x === y) return [a, b];
  return alignNumbers(a, b, place);
}

function alignNumbers(a: Node, b: Node, place: Place): readonly [Node, Node] {
  const kinds = [a.type.kind, b.type.kind];
  if (kinds.includes("decimal")) return [decimalOf(a, place), decimalOf(b, place)];
  if (kinds.every((kind) => kind === "int" || kind === "double")) return [doubleOf(a, place), doubleOf(b, place)];
  const advice = kinds.includes("timestamp")
    ? 'Write timestamp("2026-01-31T12:00:00Z") for a time.'
    : "Compare values of the same type.";
  throw fail(place, `${nameType(a.type)} and ${nameType(b.type)} cannot be compared.`, advice);
}

/** For < and its kin: json beside a typed value must be of that type; null has no order. */
export function alignOrder(a: Node, b: Node, place: Place): readonly [Node, Node] {
  const [x, y] = [typedBeside(a, b, place), typedBeside(b, a, place)];
  const [left, right] = align(x, y, place);
  const { kind } = left.type;
  if (
    ["int", "double", "decimal", "string", "relation", "timestamp", "duration"].includes(kind) &&
    right.type.kind !== "null"
  ) {
    return [left, right];
  }
  const found = kind === "null" || right.type.kind === "null" ? "null" : nameType(left.type);
  throw fail(place, `${found} has no order.`, kind === "json" ? "Compare json with a typed value." : "Use == or !=.");
}

function typedBeside(node: Node, other: Node, place: Place): Node {
  if (node.type.kind !== "json") return node;
  if (isText(other.type)) return call("jsonString", types.string, node);
  if (other.type.kind === "int" || other.type.kind === "double") return call("jsonDouble", types.double, node);
  if (other.type.kind === "json") return node;
  throw fail(place, `json and ${nameType(other.type)} have no common order.`, "Compare json with strings and numbers.");
}

/** JSON written down in the expression or its parameters. Its type is known, so only json can equal it. */
const isWritten = (node: Node): boolean => node.type.kind === "json" && (fixed(node) || node.k === "make");

function alignJson(a: Node, b: Node, place: Place): readonly [Node, Node] {
  const other = isWritten(a) ? b : isWritten(b) ? a : undefined;
  const meets = other === undefined || other.type.kind === "json" || other.type.of?.kind === "json";
  const [x, y] = [asJson(a), asJson(b)];
  if (meets && x && y) return [x, y];
  throw fail(
    place,
    `${nameType(a.type)} and ${nameType(b.type)} cannot be compared.`,
    "json compares with strings, numbers, booleans, null, and lists and maps of them; a list of one type with its like.",
  );
}

/** The same value as JSON; undefined for types that JSON does not have. What is fixed becomes JSON before it is bound. */
export function asJson(node: Node): Node | undefined {
  const { kind } = node.type;
  if (kind === "json") return node;
  const inner = kind === "list" ? node.type.of?.kind : kind;
  const known = ["null", "string", "relation", "int", "double", "bool", "json"].includes(inner ?? "");
  if (!known) return undefined;
  if (fixed(node)) return { ...node, type: types.json };
  return call("toJson", types.json, kind === "int" ? call("toDouble", types.double, node) : node);
}

function alignLists(a: Node, b: Node, place: Place): readonly [Node, Node] {
  const [x, y] = [a.type.of?.kind, b.type.of?.kind];
  if (!a.type.of || !b.type.of)
    throw fail(place, "Lists of unknown elements cannot be compared.", "Name the elements.");
  if (x === y || (isText(a.type.of) && isText(b.type.of))) return [a, b];
  if (x === "json" || y === "json") return alignJson(a, b, place);
  const wanted = (list: Node, other: Type) =>
    list.k === "const" || list.k === "param" ? widenList(list, other, place) : list;
  const [left, right] = [wanted(a, b.type.of), wanted(b, a.type.of)];
  if (left.type.of?.kind === right.type.of?.kind) return [left, right];
  throw fail(
    place,
    `${nameType(a.type)} and ${nameType(b.type)} cannot be compared.`,
    "Compare lists of the same type.",
  );
}

/** A literal list takes the type of what stands beside it: empty, or whole numbers among doubles or decimals. */
function widenList(list: Node & { k: "const" | "param" }, to: Type, place: Place): Node {
  const from = list.type.of?.kind;
  if (list.k === "param") return takesParam(from, to) ? { ...list, type: listOf(to) } : list;
  const items = list.value as readonly unknown[];
  if (from === "null") return { ...list, type: listOf(to) };
  if (to.kind === "double" && from === "int") return { ...list, type: listOf(types.double) };
  if (to.kind === "decimal" && (from === "int" || from === "double" || from === "string")) {
    const value = items.map(
      (value) => (decimalOf({ k: "const", type: { kind: from }, value }, place) as { value: unknown }).value,
    );
    return { k: "const", type: listOf(types.decimal), value };
  }
  return list;
}

const takesParam = (from: Type["kind"] | undefined, to: Type): boolean =>
  (to.kind === "double" && from === "int") || (to.kind === "decimal" && (from === "int" || from === "double"));

/** `a in list` for a list of one type, or a json list; json in a list of literals asks each with `==`. */
export function elementOf(a: Node, list: Node, place: Place): Node {
  if (a.type.kind === "null") throw fail(place, "Lists hold no null.", "Compare with == null.");
  const given = a.type.kind === "json" && fixed(list) ? asJson(list) : undefined;
  if (list.type.kind === "json" || given) return inJson(a, given ?? list, place);
  if (list.type.kind !== "list" || !list.type.of) {
    throw fail(place, `Expected a list after in, found ${nameType(list.type)}.`, "Write x in ['a', 'b'] or x in tags.");
  }
  if (isWritten(a) && list.type.of.kind !== "json") {
    throw fail(place, `json is not looked for in a ${nameType(list.type)}.`, "Use values of the list's type.");
  }
  const typed = typedBeside(a, { ...a, type: list.type.of } as Node, place);
  const wide = list.k === "const" || list.k === "param" ? widenList(list, typed.type, place) : list;
  const element = wide.type.of as Type;
  const [x, y] = align(typed, { k: "element", slot: -1, type: element }, place);
  if (y.type.kind !== element.kind || y.k !== "element") {
    throw fail(
      place,
      `${nameType(a.type)} is not looked for in a ${nameType(wide.type)}.`,
      "Use values of the list's type.",
    );
  }
  return { k: "in", type: types.bool, a: x, list: wide };
}

function inJson(a: Node, list: Node, place: Place): Node {
  const needle = asJson(a);
  if (isWritten(list) && a.type.kind !== "json") {
    throw fail(place, "A list holds values of one type.", "Only json is looked for in a list of several types.");
  }
  if (needle) return call("inJson", types.bool, needle, list);
  throw fail(
    place,
    `${nameType(a.type)} is not looked for in json.`,
    "JSON holds strings, numbers, booleans and null.",
  );
}
