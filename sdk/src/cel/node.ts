// The typed tree that the checker makes and both back ends read. It has few kinds of node, each with one meaning, so that
// SQL and JavaScript can agree on all of them. A value is a value, null, or an error; see docs/protocol/expressions.md.
import type { Type } from "./types.ts";

/** Row 0 is the row itself, row 1 `before`; further numbers are rows bound by exists and all. */
export type RowNumber = number;
export const THE_ROW: RowNumber = 0;
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
export interface ConstNode extends Base {
  readonly k: "const";
  /** Timestamps and durations in ms, decimals as text, geo as {lat,lng}, lists as arrays, otherwise JSON. */
  readonly value: unknown;
}
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
export interface AuthNode extends Base {
  readonly k: "auth";
  readonly path: "id" | "signedIn" | "roles" | "teams" | "claims" | "device";
}
export interface RequestNode extends Base {
  readonly k: "request";
  readonly path: "time" | "door";
}
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
export interface LogicNode extends Base {
  readonly k: "and" | "or";
  readonly args: readonly Node[];
}
export interface NotNode extends Base {
  readonly k: "not";
  readonly a: Node;
}
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
export interface LessNode extends Base {
  readonly k: "less";
  readonly a: Node;
  readonly b: Node;
  readonly orEqual: boolean;
}
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
export interface OrNullNode extends Base {
  readonly k: "orNull";
  readonly a: Node;
  readonly b: Node;
}
export interface CallNode extends Base {
  readonly k: "call";
  readonly fn: StrictFn;
  readonly args: readonly Node[];
}
export interface InverseRange {
  readonly k: "inverse";
  readonly owner: Node;
  readonly collection: string;
  readonly field: string;
  /** The relation field is `many`, so its rows stand in a join table. */
  readonly many: boolean;
}
export interface RowsRange {
  readonly k: "rows";
  readonly collection: string;
}
export interface ListRange {
  readonly k: "list";
  readonly list: Node;
}
export type Range = InverseRange | RowsRange | ListRange;
export interface QuantNode extends Base {
  readonly k: "exists" | "all";
  readonly range: Range;
  /** The row number, or for a list the element slot, that the body reads. */
  readonly slot: number;
  readonly body: Node;
}

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
