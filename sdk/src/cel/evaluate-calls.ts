// The strict functions in JavaScript: an argument that is null or an error makes an error, and so does a result that its
// type cannot hold (an integer beyond 2^53-1, a text beyond 100,000 code points, a double that is not finite, a time outside
// the years 1 to 9999).
import { fault, isValue, type Run } from "./bindings.ts";
import { limits } from "./error.ts";
import type { CallNode, ConstNode, StrictFn } from "./node.ts";
import { compilePattern } from "./pattern.ts";
import {
  codePoints,
  distanceM,
  equalJson,
  type Geo,
  inTime,
  isPlace,
  lowerAscii,
  parseTime,
  upperAscii,
} from "./values.ts";

export function strictCall(node: CallNode, args: readonly Run[]): Run {
  const [first, second] = args as [Run, Run];
  if (node.fn === "jsonType") return (frame) => jsonTypeOf(first(frame));
  if (node.fn === "inJson") return (frame) => inJson(first(frame), second(frame));
  if (node.fn === "matches") return matches(node, first);
  if (node.fn === "toDouble" || node.fn === "toJson" || node.fn === "toDecimal") return first;
  const apply = functions[node.fn];
  if (args.length === 1) {
    return (frame) => {
      const x = first(frame);
      return isValue(x) ? apply(x as never, undefined as never) : fault;
    };
  }
  return (frame) => {
    const [x, y] = [first(frame), second(frame)];
    return isValue(x) && isValue(y) ? apply(x as never, y as never) : fault;
  };
}

const int = (value: number): unknown => (Number.isSafeInteger(value) ? value + 0 : fault);
const finite = (value: number): unknown => (Number.isFinite(value) ? value : fault);
const time = (ms: number): unknown => (Number.isSafeInteger(ms) && inTime(ms) ? ms : fault);
const multiply = (x: number, y: number): unknown => {
  const product = x * y; // beyond 2^53 it may be rounded, but never back into the safe range
  return int(product);
};
/** Changes of form that the JavaScript values do not need; null stays null. */
type Coercion = "toDouble" | "toDecimal" | "toJson";
type Apply = (x: never, y: never) => unknown;

const functions: { readonly [fn in Exclude<StrictFn, "jsonType" | "inJson" | "matches" | Coercion>]: Apply } = {
  "int+": (x: number, y: number) => int(x + y),
  "int-": (x: number, y: number) => int(x - y),
  "int*": multiply,
  "int/": (x: number, y: number) => (y === 0 ? fault : int(Math.trunc(x / y))),
  "int%": (x: number, y: number) => (y === 0 ? fault : int(x % y)),
  intNeg: (x: number) => int(0 - x),
  "double+": (x: number, y: number) => finite(x + y),
  "double-": (x: number, y: number) => finite(x - y),
  "double*": (x: number, y: number) => finite(x * y),
  "double/": (x: number, y: number) => (y === 0 ? fault : finite(x / y)),
  doubleNeg: (x: number) => 0 - x,
  "string+": (x: string, y: string) => (codePoints(x) + codePoints(y) <= limits.textResultMax ? x + y : fault),
  "time+duration": (x: number, y: number) => time(x + y),
  "time-duration": (x: number, y: number) => time(x - y),
  "time-time": (x: number, y: number) => x - y,
  "duration+": (x: number, y: number) => int(x + y),
  "duration-": (x: number, y: number) => int(x - y),
  startsWith: (x: string, y: string) => x.startsWith(y),
  endsWith: (x: string, y: string) => x.endsWith(y),
  contains: (x: string, y: string) => x.includes(y),
  lowerAscii,
  upperAscii,
  sizeText: codePoints,
  sizeList: (x: readonly unknown[]) => (Array.isArray(x) ? x.length : fault),
  timestamp: (x: string) => parseTime(x) ?? fault,
  geo: (lat: number, lng: number) => (isPlace(lat, lng) ? { lat, lng } : fault),
  distance: (x: Geo, y: Geo) => distanceM(x, y),
  jsonString: (x: unknown) => (typeof x === "string" ? x : fault),
  jsonDouble: (x: unknown) => (typeof x === "number" ? finite(x) : fault),
  jsonBool: (x: unknown) => (typeof x === "boolean" ? x : fault),
  item: (x: unknown, i: number) => (Array.isArray(x) && i >= 0 && i < x.length ? x[i] : fault),
};

function jsonTypeOf(value: unknown): unknown {
  if (value === fault) return fault;
  if (value === null) return "null";
  return Array.isArray(value) ? "array" : typeof value;
}

function inJson(needle: unknown, list: unknown): unknown {
  if (needle === fault || !Array.isArray(list)) return fault;
  return list.some((item) => equalJson(needle, item));
}

function matches(node: CallNode, text: Run): Run {
  const pattern = compilePattern(String((node.args[1] as ConstNode).value));
  return (frame) => {
    const value = text(frame);
    return typeof value === "string" ? (pattern.test(value) ?? fault) : fault;
  };
}
