// The typed tree that the checker makes and both back ends read. It has few kinds of node, each with one meaning, so that
// SQL and JavaScript can agree on all of them. A value is a value, null, or an error; see docs/protocol/expressions.md.
import type { Type } from "./types.ts";

/** Row 0 is the row itself, row 1 `before`; further numbers are rows bound by exists and all. */
export type RowNumber = number;
/**
 * The number of the row itself.
 *
 * @example
 * ```ts
 * const posts = rowTypeOf({ name: "posts", fields: [{ name: "likes", type: "integer", required: true }] });
 * const env: CheckEnv = { mode: "filter", row: posts, collections: () => undefined };
 * const { node } = checkValue(parse("likes"), env);
 * console.log(node.k === "field" && node.row === THE_ROW); // true
 * ```
 */
export const THE_ROW: RowNumber = 0;
/**
 * The number of `before`, the row as it is stored.
 *
 * @example
 * ```ts
 * const posts = rowTypeOf({ name: "posts", fields: [{ name: "likes", type: "integer", required: true }] });
 * const env: CheckEnv = { mode: "filter", row: posts, collections: () => undefined };
 * const { node } = checkValue(parse("before.likes"), { ...env, mode: "rule", before: true });
 * console.log(node.k === "field" && node.row === THE_STORED_ROW); // true
 * ```
 */
export const THE_STORED_ROW: RowNumber = 1;

/**
 * Functions that answer an error when any argument is null or an error; but `toDouble toDecimal toJson` are changes of form
 * and keep null, `jsonType` knows null as a type, and `inJson` looks for null among the elements.
 */
export type StrictFn =
  | "int+"
  | "int-"
  | "int*"
  | "int/"
  | "int%"
  | "intNeg"
  | "double+"
  | "double-"
  | "double*"
  | "double/"
  | "doubleNeg"
  | "string+"
  | "time+duration"
  | "time-duration"
  | "time-time"
  | "duration+"
  | "duration-"
  | "startsWith"
  | "endsWith"
  | "contains"
  | "lowerAscii"
  | "upperAscii"
  | "sizeText"
  | "sizeList"
  | "matches"
  | "timestamp"
  | "geo"
  | "distance"
  | "jsonString"
  | "jsonDouble"
  | "jsonBool"
  | "jsonType"
  | "item"
  | "inJson"
  | "toDouble"
  | "toDecimal"
  | "toJson";

interface Base {
  readonly type: Type;
}
/** A literal. */
export interface ConstNode extends Base {
  readonly k: "const";
  /** Timestamps and durations in ms, decimals as text, geo as {lat,lng}, lists as arrays, otherwise JSON. */
  readonly value: unknown;
}
/** A bound parameter of a filter. */
export interface ParamNode extends Base {
  readonly k: "param";
  readonly name: string;
}
/** JSON put together from values: a list, or with keys a map. A part that is null becomes JSON's null, one that is an error makes an error. */
export interface MakeNode extends Base {
  readonly k: "make";
  readonly keys?: readonly string[];
  readonly parts: readonly Node[];
}
/** One part of `auth`. */
export interface AuthNode extends Base {
  readonly k: "auth";
  readonly path: "id" | "signedIn" | "roles" | "teams" | "claims" | "device";
}
/** One part of `request`. */
export interface RequestNode extends Base {
  readonly k: "request";
  readonly path: "time" | "door";
}
/** A field of a row. */
export interface FieldNode extends Base {
  readonly k: "field";
  readonly row: RowNumber;
  readonly collection: string;
  readonly field: string;
  readonly nullable: boolean;
  readonly date: boolean;
}
/** The element bound by exists or all over a list. Never null. */
export interface ElementNode extends Base {
  readonly k: "element";
  readonly slot: number;
}
/** A field of the record with this id; an error when the id is null or the record missing or invisible. */
export interface FollowNode extends Base {
  readonly k: "follow";
  readonly id: Node;
  readonly collection: string;
  readonly field: string;
  readonly nullable: boolean;
  readonly date: boolean;
}
/** The ids of a `many` relation field. `row` is set when the owner is that row itself. */
export interface LinksNode extends Base {
  readonly k: "links";
  readonly owner: Node;
  readonly row: RowNumber | undefined;
  readonly collection: string;
  readonly field: string;
}
/** `&&` or `||` of two or more. */
export interface LogicNode extends Base {
  readonly k: "and" | "or";
  readonly args: readonly Node[];
}
/** `!a`. */
export interface NotNode extends Base {
  readonly k: "not";
  readonly a: Node;
}
/** `test ? a : b`. */
export interface CondNode extends Base {
  readonly k: "cond";
  readonly test: Node;
  readonly a: Node;
  readonly b: Node;
}
/** Both sides have the same comparable type, or one is the null literal. */
export interface EqNode extends Base {
  readonly k: "eq";
  readonly a: Node;
  readonly b: Node;
}
/** `a < b`, or `a <= b`. */
export interface LessNode extends Base {
  readonly k: "less";
  readonly a: Node;
  readonly b: Node;
  readonly orEqual: boolean;
}
/** `a in list`. */
export interface InNode extends Base {
  readonly k: "in";
  readonly a: Node;
  readonly list: Node;
}
/** One key of a JSON object; a missing key or anything but an object is an error. */
export interface MemberNode extends Base {
  readonly k: "member";
  readonly a: Node;
  readonly key: string;
}
/** True when the value is neither null nor an error. Never an error itself. */
export interface HasNode extends Base {
  readonly k: "has";
  readonly a: Node;
}
/** `orNull(a, b)`. */
export interface OrNullNode extends Base {
  readonly k: "orNull";
  readonly a: Node;
  readonly b: Node;
}
/** A call of a strict function. */
export interface CallNode extends Base {
  readonly k: "call";
  readonly fn: StrictFn;
  readonly args: readonly Node[];
}
/** The records behind a back-relation. */
export interface InverseRange {
  readonly k: "inverse";
  readonly owner: Node;
  readonly collection: string;
  readonly field: string;
  /** The relation field is `many`, so its rows stand in a join table. */
  readonly many: boolean;
}
/** All records of a collection. */
export interface RowsRange {
  readonly k: "rows";
  readonly collection: string;
}
/** The elements of a list. */
export interface ListRange {
  readonly k: "list";
  readonly list: Node;
}
/** What exists and all go over. */
export type Range = InverseRange | RowsRange | ListRange;
/** `exists` or `all`. */
export interface QuantNode extends Base {
  readonly k: "exists" | "all";
  readonly range: Range;
  /** The row number, or for a list the element slot, that the body reads. */
  readonly slot: number;
  readonly body: Node;
}

/** A node of the typed tree. */
export type Node =
  | ConstNode
  | ParamNode
  | MakeNode
  | AuthNode
  | RequestNode
  | FieldNode
  | ElementNode
  | FollowNode
  | LinksNode
  | LogicNode
  | NotNode
  | CondNode
  | EqNode
  | LessNode
  | InNode
  | MemberNode
  | HasNode
  | OrNullNode
  | CallNode
  | QuantNode;

/** A checked expression, and what it needs. */
export interface Checked {
  readonly node: Node;
  /** rowLocal needs only the row, the stored row and the actor, so it may be decided in memory. */
  readonly class: "rowLocal" | "relational";
  readonly namesBefore: boolean;
  readonly usesAuth: boolean;
  readonly usesRequest: boolean;
  /** Every field read, once each. `hop` tells a field of another record from one of the row itself. */
  readonly fields: readonly { readonly collection: string; readonly field: string; readonly hop: boolean }[];
  /** Other collections whose records are read, once each. */
  readonly collections: readonly string[];
  readonly params: readonly string[];
  readonly cost: number;
}
