// Which arithmetic exists: integers, doubles, times with durations, and texts put together.
import { call, doubleOf, fail, isText, nameType } from "./check-types.ts";
import type { Place } from "./error.ts";
import type { Node, StrictFn } from "./node.ts";
import { type Type, types } from "./types.ts";

type ArithmeticOp = "+" | "-" | "*" | "/" | "%";

const timeOps: { readonly [pair: string]: readonly [StrictFn, Type, boolean] } = {
  "timestamp + duration": ["time+duration", types.timestamp, false],
  "duration + timestamp": ["time+duration", types.timestamp, true],
  "timestamp - duration": ["time-duration", types.timestamp, false],
  "timestamp - timestamp": ["time-time", types.duration, false],
  "duration + duration": ["duration+", types.duration, false],
  "duration - duration": ["duration-", types.duration, false],
};

export function arithmetic(op: ArithmeticOp, a: Node, b: Node, place: Place): Node {
  const timed = timeOps[`${a.type.kind} ${op} ${b.type.kind}`];
  if (timed) return timed[2] ? call(timed[0], timed[1], b, a) : call(timed[0], timed[1], a, b);
  if (op === "+" && isText(a.type) && isText(b.type)) return call("string+", types.string, a, b);
  const numbers = ["int", "double", "json"];
  if (a.type.kind === "decimal" || b.type.kind === "decimal") {
    throw fail(place, "Decimals have no arithmetic here.", "Compare them, or keep the sum in a field of its own.");
  }
  if (!numbers.includes(a.type.kind) || !numbers.includes(b.type.kind)) {
    throw fail(
      place,
      `${nameType(a.type)} ${op} ${nameType(b.type)} has no meaning.`,
      "Use numbers, times with durations, or texts with +.",
    );
  }
  if (a.type.kind === "int" && b.type.kind === "int") return call(`int${op}`, types.int, a, b);
  if (op === "%") throw fail(place, "% works on integers.", "Use integer fields and literals.");
  return call(`double${op}`, types.double, doubleOf(a, place), doubleOf(b, place));
}

export function negated(a: Node, place: Place): Node {
  if (a.type.kind === "int") return call("intNeg", types.int, a);
  if (a.type.kind === "double" || a.type.kind === "json") return call("doubleNeg", types.double, doubleOf(a, place));
  throw fail(place, `- before ${nameType(a.type)} has no meaning.`, "Use a number.");
}
