// The strict functions in SQL. Each answers NULL when an argument is NULL, and where its result cannot be held; none raises.
import { compilePattern, limits, type StrictFn } from "@landfall/client/cel";
import type { Binder } from "./expression-slots.ts";

const upper = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
const lower = "abcdefghijklmnopqrstuvwxyz";

type Template = (a: string, b: string) => string;

/** Everything but the functions that need more than their arguments' SQL. */
const templates: {
  readonly [fn in Exclude<StrictFn, "matches" | "distance" | "jsonType" | "inJson" | "item">]: Template;
} = {
  "int+": (a, b) => `landfall.expr_int(${a} + ${b})`,
  "int-": (a, b) => `landfall.expr_int(${a} - ${b})`,
  "int*": (a, b) => `landfall.expr_mul(${a}, ${b})`,
  "int/": (a, b) => `(${a} / nullif(${b}, 0))`,
  "int%": (a, b) => `(${a} % nullif(${b}, 0))`,
  intNeg: (a) => `(- ${a})`,
  "double+": (a, b) => `landfall.expr_double_add(${a}, ${b})`,
  "double-": (a, b) => `landfall.expr_double_add(${a}, - ${b})`,
  "double*": (a, b) => `landfall.expr_double_mul(${a}, ${b})`,
  "double/": (a, b) => `landfall.expr_double_div(${a}, ${b})`,
  doubleNeg: (a) => `(- ${a})`,
  "string+": (a, b) => `landfall.expr_concat(${a}, ${b})`,
  "time+duration": (a, b) => `landfall.expr_time(landfall.expr_ms(${a}) + ${b})`,
  "time-duration": (a, b) => `landfall.expr_time(landfall.expr_ms(${a}) - ${b})`,
  "time-time": (a, b) => `(landfall.expr_ms(${a}) - landfall.expr_ms(${b}))`,
  "duration+": (a, b) => `landfall.expr_int(${a} + ${b})`,
  "duration-": (a, b) => `landfall.expr_int(${a} - ${b})`,
  startsWith: (a, b) => `starts_with(${a}, ${b})`,
  endsWith: (a, b) => `(right(${a}, char_length(${b})) = ${b})`,
  contains: (a, b) => `(strpos(${a}, ${b}) > 0)`,
  lowerAscii: (a) => `translate(${a}, '${upper}', '${lower}')`,
  upperAscii: (a) => `translate(${a}, '${lower}', '${upper}')`,
  sizeText: (a) => `char_length(${a})::int8`,
  sizeList: (a) => `cardinality(${a})::int8`,
  timestamp: (a) => `landfall.expr_timestamp(${a})`,
  geo: (a, b) => `landfall.expr_geo(${a}, ${b})`,
  jsonString: (a) => `landfall.expr_json_text(${a})`,
  jsonDouble: (a) => `landfall.expr_json_double(${a})`,
  jsonBool: (a) => `landfall.expr_json_bool(${a})`,
  toDouble: (a) => `(${a})::float8`,
  toDecimal: (a) => `(${a})::numeric`,
  toJson: (a) => `to_jsonb(${a})`,
};

export function strictSql(fn: keyof typeof templates, args: readonly string[]): string {
  return templates[fn](args[0] ?? "", args[1] ?? "");
}

/** The pattern travels as a parameter in the ARE form that the subset's own compiler writes. */
export function matchesSql(text: string, pattern: string, binder: Binder): string {
  const are = binder.bind({ kind: "literal", value: compilePattern(pattern).are }, "text");
  return `CASE WHEN char_length(${text}) <= ${limits.matchInputMax} THEN (${text}) COLLATE "C" ~ ${are} END`;
}

/** Element `index` of an array, counted from 0; NULL outside of it. */
export function itemSql(list: string, index: string): string {
  return `CASE WHEN ${index} BETWEEN 0 AND 2147483645 THEN (${list})[(${index})::int + 1] END`;
}
