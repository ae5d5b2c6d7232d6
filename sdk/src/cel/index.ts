// Landfall's expression language: text and trees, the checker, and the JavaScript back end. Used by server, SDK and console.

export { type ActorAuth, type Bindings, type Fault, fault } from "./bindings.ts";
export { check, checkValue } from "./check.ts";
export { CelError, type CelErrorCode, limits, type Place } from "./error.ts";
export { type Evaluator, evaluator } from "./evaluate.ts";
export * from "./node.ts";
export { childrenOf } from "./node-walk.ts";
export { clausesOf, parse } from "./parse.ts";
export { compilePattern, type Pattern } from "./pattern.ts";
export { inversesOf, rowTypeOf } from "./row-type.ts";
export { type Arg, type Expr, fromWire, type Op, TREE_VERSION, toWire, type WireExpr } from "./tree.ts";
export {
  type CheckEnv,
  type Kind,
  listOf,
  type RowField,
  type RowType,
  relationTo,
  type Type,
  types,
} from "./types.ts";
export {
  codePoints,
  compareDecimal,
  compareText,
  distanceM,
  equalJson,
  formatTime,
  type Geo,
  isDecimal,
  parseDuration,
  parseTime,
} from "./values.ts";
