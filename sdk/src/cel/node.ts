// The typed tree that the checker makes and both back ends read. It has few kinds of node, each with one meaning, so that
// SQL and JavaScript can agree on all of them. A value is a value, null, or an error; see docs/protocol/expressions.md.
// A catalogue, hence its length. In the examples `env` is a CheckEnv of posts, written by users.
import type { Type } from "./types.ts";

/**
 * Row 0 is the row itself, row 1 `before`; further numbers are rows bound by exists and all.
 *
 * @example
 * ```ts
 * const node = checkValue(parse("likes"), env).node as FieldNode;
 * const row: RowNumber = node.row;
 * console.log(row === THE_ROW); // true
 * ```
 */
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
 *
 * @example
 * ```ts
 * const fn: StrictFn = "lowerAscii";
 * const node = checkValue(parse("lowerAscii(title)"), env).node as CallNode;
 * console.log(node.fn === fn); // true
 * ```
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
/**
 * A literal.
 *
 * @example
 * ```ts
 * const node = checkValue(parse("42"), env).node as ConstNode;
 * console.log(node.value, node.type.kind); // 42, "int"
 * ```
 */
export interface ConstNode extends Base {
  readonly k: "const";
  /** Timestamps and durations in ms, decimals as text, geo as {lat,lng}, lists as arrays, otherwise JSON. */
  readonly value: unknown;
}
/**
 * A bound parameter of a filter.
 *
 * @example
 * ```ts
 * const node = checkValue(parse("$least"), { ...env, params: { least: 5 } }).node as ParamNode;
 * console.log(node.name); // "least"
 * ```
 */
export interface ParamNode extends Base {
  readonly k: "param";
  readonly name: string;
}
/**
 * JSON put together from values: a list, or with keys a map. A part that is null becomes JSON's null, one that is an error makes an error.
 *
 * @example
 * ```ts
 * const node = check(parse("extra == { 'likes': likes }"), env).node as EqNode;
 * const made = node.b as MakeNode;
 * console.log(made.keys, made.parts.length); // ["likes"], 1
 * ```
 */
export interface MakeNode extends Base {
  readonly k: "make";
  readonly keys?: readonly string[];
  readonly parts: readonly Node[];
}
/**
 * One part of `auth`.
 *
 * @example
 * ```ts
 * const node = check(parse("auth.signedIn"), env).node as AuthNode;
 * console.log(node.path); // "signedIn"
 * ```
 */
export interface AuthNode extends Base {
  readonly k: "auth";
  readonly path: "id" | "signedIn" | "roles" | "teams" | "claims" | "device";
}
/**
 * One part of `request`.
 *
 * @example
 * ```ts
 * const node = checkValue(parse("request.time"), env).node as RequestNode;
 * console.log(node.path); // "time"
 * ```
 */
export interface RequestNode extends Base {
  readonly k: "request";
  readonly path: "time" | "door";
}
/**
 * A field of a row.
 *
 * @example
 * ```ts
 * const node = checkValue(parse("before.status"), { ...env, mode: "rule", before: true }).node as FieldNode;
 * console.log(node.field, node.row === THE_STORED_ROW, node.nullable); // "status", true, true
 * ```
 */
export interface FieldNode extends Base {
  readonly k: "field";
  readonly row: RowNumber;
  readonly collection: string;
  readonly field: string;
  readonly nullable: boolean;
  readonly date: boolean;
}
/**
 * The element bound by exists or all over a list. Never null.
 *
 * @example
 * ```ts
 * const node = check(parse("tags.exists(t, t == 'sea')"), env).node as QuantNode;
 * const element = (node.body as EqNode).a as ElementNode;
 * console.log(element.slot === node.slot); // true
 * ```
 */
export interface ElementNode extends Base {
  readonly k: "element";
  readonly slot: number;
}
/**
 * A field of the record with this id; an error when the id is null or the record missing or invisible.
 *
 * @example
 * ```ts
 * const node = checkValue(parse("author.name"), env).node as FollowNode;
 * console.log(node.collection, node.field); // "users", "name"
 * ```
 */
export interface FollowNode extends Base {
  readonly k: "follow";
  readonly id: Node;
  readonly collection: string;
  readonly field: string;
  readonly nullable: boolean;
  readonly date: boolean;
}
/**
 * The ids of a `many` relation field. `row` is set when the owner is that row itself.
 *
 * @example
 * ```ts
 * const node = checkValue(parse("readers"), env).node as LinksNode;
 * console.log(node.field, node.row === THE_ROW); // "readers", true
 * ```
 */
export interface LinksNode extends Base {
  readonly k: "links";
  readonly owner: Node;
  readonly row: RowNumber | undefined;
  readonly collection: string;
  readonly field: string;
}
/**
 * `&&` or `||` of two or more.
 *
 * @example
 * ```ts
 * const node = check(parse("likes > 5 || likes < 2 || likes == 3"), env).node as LogicNode;
 * console.log(node.k, node.args.length); // "or", 3
 * ```
 */
export interface LogicNode extends Base {
  readonly k: "and" | "or";
  readonly args: readonly Node[];
}
/**
 * `!a`.
 *
 * @example
 * ```ts
 * const node = check(parse("!(likes > 5)"), env).node as NotNode;
 * console.log(node.a.k); // "less"
 * ```
 */
export interface NotNode extends Base {
  readonly k: "not";
  readonly a: Node;
}
/**
 * `test ? a : b`.
 *
 * @example
 * ```ts
 * const node = checkValue(parse("likes > 5 ? 'much' : title"), env).node as CondNode;
 * console.log(node.test.k, node.a.k, node.b.k); // "less", "const", "field"
 * ```
 */
export interface CondNode extends Base {
  readonly k: "cond";
  readonly test: Node;
  readonly a: Node;
  readonly b: Node;
}
/**
 * Both sides have the same comparable type, or one is the null literal.
 *
 * @example
 * ```ts
 * const node = check(parse("status == 'open'"), env).node as EqNode;
 * console.log(node.a.k, node.b.k); // "field", "const"
 * ```
 */
export interface EqNode extends Base {
  readonly k: "eq";
  readonly a: Node;
  readonly b: Node;
}
/**
 * `a < b`, or `a <= b`.
 *
 * @example
 * ```ts
 * const node = check(parse("likes >= 5"), env).node as LessNode;
 * console.log(node.a.k, node.b.k, node.orEqual); // "const", "field", true
 * ```
 */
export interface LessNode extends Base {
  readonly k: "less";
  readonly a: Node;
  readonly b: Node;
  readonly orEqual: boolean;
}
/**
 * `a in list`.
 *
 * @example
 * ```ts
 * const node = check(parse("'sea' in tags"), env).node as InNode;
 * console.log(node.list.k); // "field"
 * ```
 */
export interface InNode extends Base {
  readonly k: "in";
  readonly a: Node;
  readonly list: Node;
}
/**
 * One key of a JSON object; a missing key or anything but an object is an error.
 *
 * @example
 * ```ts
 * const node = check(parse("extra.colour == 'red'"), env).node as EqNode;
 * const member = node.a as MemberNode;
 * console.log(member.key); // "colour"
 * ```
 */
export interface MemberNode extends Base {
  readonly k: "member";
  readonly a: Node;
  readonly key: string;
}
/**
 * True when the value is neither null nor an error. Never an error itself.
 *
 * @example
 * ```ts
 * const node = check(parse("has(status)"), env).node as HasNode;
 * console.log(node.a.k); // "field"
 * ```
 */
export interface HasNode extends Base {
  readonly k: "has";
  readonly a: Node;
}
/**
 * `orNull(a, b)`.
 *
 * @example
 * ```ts
 * const node = checkValue(parse("orNull(status, 'draft')"), env).node as OrNullNode;
 * console.log(node.a.k, node.b.k); // "field", "const"
 * ```
 */
export interface OrNullNode extends Base {
  readonly k: "orNull";
  readonly a: Node;
  readonly b: Node;
}
/**
 * A call of a strict function.
 *
 * @example
 * ```ts
 * const node = check(parse("title.startsWith('A')"), env).node as CallNode;
 * console.log(node.fn, node.args.length); // "startsWith", 2
 * ```
 */
export interface CallNode extends Base {
  readonly k: "call";
  readonly fn: StrictFn;
  readonly args: readonly Node[];
}
/**
 * The records behind a back-relation.
 *
 * @example
 * ```ts
 * const users: CheckEnv = { ...env, row: env.collections("users") as RowType };
 * const node = check(parse("posts.exists(p, p.likes > 5)"), users).node as QuantNode;
 * const range = node.range as InverseRange;
 * console.log(range.collection, range.field); // "posts", "author"
 * ```
 */
export interface InverseRange {
  readonly k: "inverse";
  readonly owner: Node;
  readonly collection: string;
  readonly field: string;
  /** The relation field is `many`, so its rows stand in a join table. */
  readonly many: boolean;
}
/**
 * All records of a collection.
 *
 * @example
 * ```ts
 * const node = check(parse("collection('users').exists(u, u.id == author)"), env).node as QuantNode;
 * const range = node.range as RowsRange;
 * console.log(range.collection); // "users"
 * ```
 */
export interface RowsRange {
  readonly k: "rows";
  readonly collection: string;
}
/**
 * The elements of a list.
 *
 * @example
 * ```ts
 * const node = check(parse("tags.exists(t, t == 'sea')"), env).node as QuantNode;
 * const range = node.range as ListRange;
 * console.log(range.list.type.kind); // "list"
 * ```
 */
export interface ListRange {
  readonly k: "list";
  readonly list: Node;
}
/**
 * What exists and all go over.
 *
 * @example
 * ```ts
 * const isLocal = (range: Range) => range.k === "list";
 * const node = check(parse("collection('users').exists(u, u.id == author)"), env).node as QuantNode;
 * console.log(isLocal(node.range)); // false
 * ```
 */
export type Range = InverseRange | RowsRange | ListRange;
/**
 * `exists` or `all`.
 *
 * @example
 * ```ts
 * const node = check(parse("tags.all(t, t != '')"), env).node as QuantNode;
 * console.log(node.k, node.range.k, node.body.k); // "all", "list", "not"
 * ```
 */
export interface QuantNode extends Base {
  readonly k: "exists" | "all";
  readonly range: Range;
  /** The row number, or for a list the element slot, that the body reads. */
  readonly slot: number;
  readonly body: Node;
}

/**
 * A node of the typed tree.
 *
 * @example
 * ```ts
 * const nodesIn = (node: Node): number => childrenOf(node).reduce((sum, child) => sum + nodesIn(child), 1);
 * console.log(nodesIn(check(parse("likes > 5 && likes < 9"), env).node)); // 7
 * ```
 */
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

/**
 * A checked expression, and what it needs.
 *
 * @example
 * ```ts
 * const rule: Checked = check(parse("author == auth.id && likes > 5"), env);
 * console.log(rule.class, rule.usesAuth, rule.fields.length); // "rowLocal", true, 2
 * ```
 */
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
