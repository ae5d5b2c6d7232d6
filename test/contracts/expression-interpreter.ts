// The language once more, as plainly as it can be said: walks the untyped tree over tables in memory, knows neither the
// checker's typed tree nor the SQL. Integers are bigints here, doubles numbers, so that types follow from the values.
import type { Expr, RowType } from "@landfall/client/cel";
import type { World } from "./expression-world.ts";

class Failure extends Error {}
class Time {
  readonly ms: number;
  constructor(ms: number) {
    this.ms = ms;
  }
}
class Span {
  readonly ms: number;
  constructor(ms: number) {
    this.ms = ms;
  }
}
class Decimal {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}
class Json {
  readonly value: unknown;
  constructor(value: unknown) {
    this.value = value;
  }
}
/** A list of json: what is looked for in it stays json. */
class JsonItems extends Array<unknown> {}
class Rel {
  readonly id: string;
  readonly collection: string;
  constructor(id: string, collection: string) {
    this.id = id;
    this.collection = collection;
  }
}
class Record_ {
  readonly row: { readonly [field: string]: unknown };
  readonly type: RowType;
  constructor(row: { readonly [field: string]: unknown }, type: RowType) {
    this.row = row;
    this.type = type;
  }
}

export interface Universe {
  readonly world: World;
  readonly rowTypes: ReadonlyMap<string, RowType>;
  readonly auth: { readonly [path: string]: unknown };
  readonly nowMs: number;
  readonly door: string;
  readonly params: { readonly [name: string]: unknown };
}

/** True, false, or "error". */
export function interpret(
  expr: Expr,
  universe: Universe,
  row: { readonly [field: string]: unknown },
  collection: string,
  before?: { readonly [field: string]: unknown },
): boolean | "error" {
  const type = universe.rowTypes.get(collection) as RowType;
  const scope = new Map([["", new Record_(row, type)]]);
  if (before) scope.set("before", new Record_(before, type));
  try {
    const value = plainBool(run(expr, universe, scope));
    return typeof value === "boolean" ? value : "error";
  } catch (error) {
    if (error instanceof Failure) return "error";
    throw error;
  }
}

type Scope = ReadonlyMap<string, unknown>;

function run(expr: Expr, u: Universe, scope: Scope): unknown {
  const [a, b, c] = expr.args as [Expr, Expr, Expr];
  const value = (x: Expr) => run(x, u, scope);
  switch (expr.op) {
    case "value":
      return Number.isSafeInteger(expr.args[0]) ? BigInt(expr.args[0] as number) : expr.args[0];
    case "double":
      return expr.args[0];
    case "param":
      return fromParam(u.params[String(expr.args[0])]);
    case "list":
      return listed((expr.args as Expr[]).map(value));
    case "map": {
      const entries = expr.args.flatMap((key, i) => (i % 2 === 0 ? [[key, value(expr.args[i + 1] as Expr)]] : []));
      return new Json(unwrapped(Object.fromEntries(entries)));
    }
    case "name":
      return named(String(expr.args[0]), u, scope);
    case ".":
      return dotted(expr, u, scope);
    case "[]":
      return indexed(value(a), value(b));
    case "!":
      return !needBool(value(a));
    case "neg":
      return arithmetic("-", typeof plain(value(a)) === "bigint" ? 0n : 0, plain(value(a)));
    case "&&":
      return absorb(expr.args as Expr[], false, value);
    case "||":
      return absorb(expr.args as Expr[], true, value);
    case "?:":
      return needBool(value(a)) ? value(b) : value(c);
    case "==":
      return isTypeTest(a)
        ? jsonType(value((a as Expr).args[1] as Expr)) === String(b.args[0])
        : equal(value(a), value(b));
    case "!=":
      return !equal(value(a), value(b));
    case "<":
      return compare(value(a), value(b)) < 0;
    case "<=":
      return compare(value(a), value(b)) <= 0;
    case ">":
      return compare(value(a), value(b)) > 0;
    case ">=":
      return compare(value(a), value(b)) >= 0;
    case "in":
      return isIn(a, b, value);
    case "exists":
    case "all":
      return quantify(expr, u, scope);
    case "call":
      return func(String(expr.args[0]), expr.args.slice(1) as Expr[], value);
    default:
      return arithmetic(expr.op, value(a), value(b));
  }
}

function absorb(args: readonly Expr[], decides: boolean, value: (x: Expr) => unknown): boolean {
  let failed = false;
  for (const arg of args) {
    try {
      if (needBool(value(arg)) === decides) return decides;
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      failed = true;
    }
  }
  if (failed) throw new Failure();
  return !decides;
}

function isIn(a: Expr, b: Expr, value: (x: Expr) => unknown): boolean {
  const fieldsInList = b.op === "list" && b.args.some((arg) => !["value", "double"].includes((arg as Expr).op));
  if (fieldsInList)
    return absorb(
      (b.args as Expr[]).map((arg) => ({ op: "==", args: [a, arg], pos: 0 })),
      true,
      value,
    );
  const list = value(b);
  const x = value(a);
  if (list === null) return raise();
  if (list instanceof Json) {
    if (!Array.isArray(list.value)) throw new Failure();
    return list.value.some((item) => equal(x, toJson(item)));
  }
  const deep = list instanceof JsonItems || b.op === "list" || b.op === "param";
  return (list as unknown[]).some((item) => x !== null && equal(x instanceof Json && !deep ? plain(x) : x, item));
}

function named(name: string, u: Universe, scope: Scope): unknown {
  if (scope.has(name)) return scope.get(name);
  if (name === "now") return new Time(u.nowMs);
  return fieldOf(scope.get("") as Record_, name);
}

function dotted(expr: Expr, u: Universe, scope: Scope): unknown {
  const [object, key] = expr.args as [Expr, string];
  if (object.op === "name" && object.args[0] === "auth") {
    if (u.auth[key] === undefined) throw new Failure();
    return key === "claims" ? new Json(u.auth[key]) : u.auth[key];
  }
  if (object.op === "name" && object.args[0] === "request") return key === "time" ? new Time(u.nowMs) : u.door;
  const value = run(object, u, scope);
  if (value instanceof Record_) return fieldOf(value, key);
  if (value instanceof Json) {
    const inner = value.value;
    if (typeof inner !== "object" || inner === null || Array.isArray(inner) || !Object.hasOwn(inner, key))
      throw new Failure();
    return toJson((inner as { [key: string]: unknown })[key]);
  }
  if (value instanceof Rel) return fieldOf(recordOf(value, u), key);
  throw new Failure();
}

function recordOf(rel: Rel, u: Universe): Record_ {
  const row = u.world[rel.collection]?.find((each) => each.id === rel.id);
  if (!row) throw new Failure();
  return new Record_(row, u.rowTypes.get(rel.collection) as RowType);
}

const toJson = (value: unknown): unknown => (value === null ? null : new Json(value));

function fieldOf(record: Record_, name: string): unknown {
  const field = record.type.fields.get(name);
  if (!field)
    return record.type.inverses.has(name) ? { inverse: record.type.inverses.get(name), id: record.row.id } : raise();
  const value = record.row[name];
  if (value === null || value === undefined) return null;
  return lift(value, field.type);
}

function raise(): never {
  throw new Failure();
}

function lift(value: unknown, type: { kind: string; of?: unknown; collection?: string }): unknown {
  if (type.kind === "int") return BigInt(value as number);
  if (type.kind === "timestamp") return new Time(Date.parse(value as string));
  if (type.kind === "decimal") return new Decimal(value as string);
  if (type.kind === "json") return new Json(value);
  if (type.kind === "relation") return new Rel(value as string, type.collection as string);
  if (type.kind === "list") return liftList(value as unknown[], type.of as { kind: string });
  return value;
}

function liftList(items: readonly unknown[], of: { kind: string }): unknown[] {
  if (of.kind !== "json") return items.map((item) => lift(item, of));
  return JsonItems.from(items.map((item) => toJson(item)));
}

function fromParam(value: unknown): unknown {
  if (Array.isArray(value)) return listed(value.map(fromParam));
  if (typeof value === "object" && value !== null) return new Json(value);
  return Number.isSafeInteger(value) ? BigInt(value as number) : value;
}

/** Scalars of one type are a list of it, whatever else is JSON. */
function listed(items: readonly unknown[]): unknown {
  const kinds = new Set(items.map((item) => (["number", "bigint"].includes(typeof item) ? "number" : typeof item)));
  return kinds.size < 2 && !kinds.has("object") ? items : new Json(unwrapped(items));
}

/** Plain JSON. */
function unwrapped(value: unknown): unknown {
  if (typeof value === "bigint") return Number(value);
  if (value instanceof Json) return value.value;
  if (value instanceof Rel) return value.id;
  if (Array.isArray(value)) return value.map(unwrapped);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, unwrapped(each)]));
}

/** The scalar inside: ids of relations, strings and numbers of json. */
function plain(value: unknown): unknown {
  if (value instanceof Rel) return value.id;
  if (!(value instanceof Json)) return value;
  return ["string", "number", "boolean"].includes(typeof value.value) ? value.value : raise();
}

const plainBool = (value: unknown): unknown => (value instanceof Json ? value.value : value);

function needBool(value: unknown): boolean {
  const plain = plainBool(value);
  return typeof plain === "boolean" ? plain : raise();
}

function equal(x: unknown, y: unknown): boolean {
  if (x === null || y === null) return x === y;
  if (x instanceof Json || y instanceof Json) return canonical(x) === canonical(y);
  if (Array.isArray(x) && Array.isArray(y)) return x.length === y.length && x.every((item, i) => equal(item, y[i]));
  if (typeof x === "object" && "lat" in (x as object)) {
    const [p, q] = [x, y] as [{ lat: number; lng: number }, { lat: number; lng: number }];
    return p.lat === q.lat && p.lng === q.lng;
  }
  return compare(x, y) === 0;
}

/** JSON with sorted keys: equal texts are equal values. */
function canonical(value: unknown): string {
  return JSON.stringify(unwrapped(value), (_key, each: unknown) =>
    typeof each === "object" && each !== null && !Array.isArray(each)
      ? Object.fromEntries(Object.entries(each).sort(([p], [q]) => (p < q ? -1 : 1)))
      : each,
  );
}

function compare(left: unknown, right: unknown): number {
  const [x, y] = [plain(left), plain(right)];
  if (x === null || y === null) return raise();
  if (x instanceof Decimal || y instanceof Decimal) return compareDecimals(x, y);
  if (x instanceof Time || x instanceof Span) return x.ms - (y as Time).ms;
  if (typeof x === "string" && typeof y === "string") return Buffer.compare(Buffer.from(x), Buffer.from(y));
  if (typeof x === "boolean" && typeof y === "boolean") return Number(x) - Number(y);
  const numbers = ["bigint", "number"];
  if (!numbers.includes(typeof x) || !numbers.includes(typeof y)) return raise();
  return (x as number) < (y as number) ? -1 : (x as number) > (y as number) ? 1 : 0;
}

function compareDecimals(x: unknown, y: unknown): number {
  const scaled = (value: unknown): bigint => {
    const text = value instanceof Decimal ? value.text : String(value);
    const [whole = "0", fraction = ""] = text.split(".");
    return BigInt(`${whole}${fraction.padEnd(40, "0")}`);
  };
  const [p, q] = [scaled(x), scaled(y)];
  return p < q ? -1 : p > q ? 1 : 0;
}

const isTypeTest = (expr: Expr): boolean => expr.op === "call" && expr.args[0] === "type";

function jsonType(value: unknown): string {
  if (value === null) return "null_type";
  const inner = (value as Json).value;
  if (Array.isArray(inner)) return "list";
  return { string: "string", number: "double", boolean: "bool", object: "map" }[typeof inner as "string"];
}

function indexed(list: unknown, index: unknown): unknown {
  if (list === null || index === null) return raise();
  if (list instanceof Json && typeof index === "string") {
    const inner = list.value;
    if (typeof inner !== "object" || inner === null || Array.isArray(inner) || !Object.hasOwn(inner, index))
      return raise();
    return toJson((inner as { [key: string]: unknown })[index]);
  }
  const items = list instanceof Json ? list.value : list;
  if (!Array.isArray(items) || (index as bigint) < 0n || (index as bigint) >= BigInt(items.length)) return raise();
  const item = items[Number(index)];
  return list instanceof Json ? toJson(item) : item;
}

const [timeMin, timeMax] = [Date.parse("0001-01-01T00:00:00.000Z"), Date.parse("9999-12-31T23:59:59.999Z")];
const safe = (value: bigint): bigint =>
  BigInt.asIntN(64, value) === value && value <= 9007199254740991n && value >= -9007199254740991n ? value : raise();

function arithmetic(op: string, left: unknown, right: unknown): unknown {
  const [x, y] = [plain(left), plain(right)];
  if (x === null || y === null) return raise();
  if (x instanceof Time || y instanceof Time || x instanceof Span) return timeArithmetic(op, x as Time, y as Time);
  if (typeof x === "string") return typeof y === "string" ? x + y : raise();
  if (typeof x === "bigint" && typeof y === "bigint") {
    if ((op === "/" || op === "%") && y === 0n) return raise();
    return safe(op === "+" ? x + y : op === "-" ? x - y : op === "*" ? x * y : op === "/" ? x / y : x % y);
  }
  if (typeof x === "boolean" || typeof y === "boolean" || typeof y === "string") return raise();
  const [p, q] = [Number(x), Number(y)];
  if (op === "/" && q === 0) return raise();
  const result = op === "+" ? p + q : op === "-" ? p - q : op === "*" ? p * q : p / q;
  return Number.isFinite(result) ? result : raise();
}

function timeArithmetic(op: string, x: Time | Span, y: Time | Span): unknown {
  const ms = op === "+" ? x.ms + y.ms : x.ms - y.ms;
  if (x instanceof Time && y instanceof Time) return new Span(ms);
  if (!Number.isSafeInteger(ms)) return raise();
  if (!(x instanceof Time) && !(y instanceof Time)) return new Span(ms);
  return ms >= timeMin && ms <= timeMax ? new Time(ms) : raise();
}

function func(name: string, given: readonly Expr[], value: (x: Expr) => unknown): unknown {
  if (name === "has") return hasValue(given[0] as Expr, value);
  if (name === "orNull") {
    const first = value(given[0] as Expr);
    return first === null ? value(given[1] as Expr) : first;
  }
  const args = given.map((arg) => value(arg));
  if (args.includes(null)) return raise();
  if (name === "geo") return place(Number(args[0]), Number(args[1]));
  if (name === "distance") return metresBetween(args[0] as Place, args[1] as Place);
  if (name === "size" && Array.isArray(args[0])) return BigInt(args[0].length);
  const [s, t] = args.map(plain) as [string, string];
  if (typeof s !== "string" || (args.length > 1 && typeof t !== "string")) return raise();
  switch (name) {
    case "startsWith":
      return s.startsWith(t);
    case "endsWith":
      return s.endsWith(t);
    case "contains":
      return s.includes(t);
    case "matches":
      return new RegExp(t, "us").test(s);
    case "size":
      return BigInt([...s].length);
    case "lowerAscii":
      return s.replace(/[A-Z]/g, (ch) => ch.toLowerCase());
    case "upperAscii":
      return s.replace(/[a-z]/g, (ch) => ch.toUpperCase());
    case "timestamp":
      return timeOf(s);
    case "duration":
      return new Span(
        { "0s": 0, "1ms": 1, "1h30m": 5_400_000, "-24h": -86_400_000, "8760h": 31_536_000_000, "100000000h": 3.6e14 }[
          s
        ] ?? raise(),
      );
    default:
      throw new Error(`the interpreter does not know ${name}`);
  }
}

function place(lat: number, lng: number): unknown {
  return Math.abs(lat) <= 90 && Math.abs(lng) <= 180 ? { lat, lng } : raise();
}

interface Place {
  readonly lat: number;
  readonly lng: number;
}

/** The angle between two unit vectors: another road to the same distance. */
function metresBetween(a: Place, b: Place): number {
  const vector = ({ lat, lng }: Place) => {
    const [p, q] = [(lat * Math.PI) / 180, (lng * Math.PI) / 180];
    return [Math.cos(p) * Math.cos(q), Math.cos(p) * Math.sin(q), Math.sin(p)] as const;
  };
  const [u, v] = [vector(a), vector(b)];
  const cross = Math.hypot(u[1] * v[2] - u[2] * v[1], u[2] * v[0] - u[0] * v[2], u[0] * v[1] - u[1] * v[0]);
  return 6_371_008.8 * Math.atan2(cross, u[0] * v[0] + u[1] * v[1] + u[2] * v[2]);
}

function timeOf(text: string): Time {
  const day = /^(\d{4}-\d{2}-\d{2})T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})$/.exec(text)?.[1];
  const midnight = day === undefined ? Number.NaN : Date.parse(`${day}T00:00:00Z`);
  const ms = Date.parse(text);
  if (Number.isNaN(ms) || Number.isNaN(midnight) || !new Date(midnight).toISOString().startsWith(String(day)))
    return raise();
  return ms >= timeMin && ms <= timeMax ? new Time(ms) : raise();
}

function hasValue(expr: Expr, value: (x: Expr) => unknown): boolean {
  try {
    return value(expr) !== null;
  } catch (error) {
    if (error instanceof Failure) return false;
    throw error;
  }
}

function quantify(expr: Expr, u: Universe, scope: Scope): boolean {
  const [over, variable, body] = expr.args as [Expr, string, Expr];
  const items = members(over, u, scope);
  const test = (item: unknown): unknown => run(body, u, new Map(scope).set(variable, item));
  let failed = false;
  for (const item of items) {
    try {
      if (needBool(test(item)) === (expr.op === "exists")) return expr.op === "exists";
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      failed = true;
    }
  }
  return failed ? raise() : expr.op === "all";
}

function members(over: Expr, u: Universe, scope: Scope): readonly unknown[] {
  const all = (collection: string) => {
    const type = u.rowTypes.get(collection) as RowType;
    return (u.world[collection] ?? []).map((row) => new Record_(row, type));
  };
  if (over.op === "call" && over.args[0] === "collection") return all(String((over.args[1] as Expr).args[0]));
  const value = run(over, u, scope);
  if (value instanceof Json) return Array.isArray(value.value) ? value.value.map(toJson) : raise();
  if (Array.isArray(value)) return value;
  if (value === null) return raise();
  const { inverse, id } = value as { inverse: { collection: string; field: string }; id: unknown };
  return all(inverse.collection).filter(({ row }) => {
    const points = row[inverse.field];
    return Array.isArray(points) ? points.includes(id) : points === id;
  });
}
