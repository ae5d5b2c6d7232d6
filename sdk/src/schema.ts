// The schema as a value: everything the client knows about types is inferred from it. No string is parsed in types, and
// every lookup is one step (`inverses` are spelled out), so that a hundred collections check in a blink.
import type { JsonValue } from "./wire/index.ts";

export type { JsonValue };

/**
 * A point on earth: degrees, WGS 84.
 *
 * @example
 * ```ts
 * const berlin: GeoPoint = { lat: 52.52, lng: 13.405 };
 * const nearby = await lf.from("posts").filter({ place: { near: { ...berlin, withinMetres: 5_000 } } }).list();
 * ```
 */
export interface GeoPoint {
  readonly lat: number;
  readonly lng: number;
}

type PlainType =
  | "text"
  | "email"
  | "url"
  | "richtext"
  | "number"
  | "integer"
  | "decimal"
  | "bool"
  | "datetime"
  | "date"
  | "json"
  | "geo";

interface FieldBase {
  readonly required?: boolean;
  readonly many?: boolean;
  /** Has a default: may be left out on create although required. */
  readonly default?: unknown;
}

/**
 * One field of a collection, in the words of the collection API.
 *
 * @example
 * ```ts
 * const title: FieldShape = { type: "text", required: true };
 * const status: FieldShape = { type: "select", values: ["draft", "open"] };
 * ```
 */
export type FieldShape =
  | (FieldBase & { readonly type: PlainType })
  | (FieldBase & { readonly type: "autodate" })
  | (FieldBase & { readonly type: "select"; readonly values: readonly string[] })
  | (FieldBase & { readonly type: "relation"; readonly collection: string });

/**
 * One collection: its fields, and the back-relations that other collections declare onto it.
 *
 * @example
 * ```ts
 * const tags: CollectionShape = { fields: { name: { type: "text", required: true } } };
 * ```
 */
export interface CollectionShape {
  readonly fields: { readonly [field: string]: FieldShape };
  readonly inverses?: { readonly [inverse: string]: { readonly collection: string; readonly field: string } };
}

/**
 * All collections of a project.
 *
 * @example
 * ```ts
 * const names = (schema: SchemaShape) => Object.keys(schema.collections);
 *
 * console.log(names(schema)); // ["comments", "posts", "users"]
 * ```
 */
export interface SchemaShape {
  readonly collections: { readonly [collection: string]: CollectionShape };
}

/**
 * Keeps a schema's literal types. `landfall types` writes this call for you from a running server.
 *
 * @example
 * ```ts
 * import { defineSchema } from "@landfall/client";
 *
 * export const schema = defineSchema({
 *   collections: {
 *     users: { fields: { name: { type: "text", required: true } }, inverses: { posts: { collection: "posts", field: "author" } } },
 *     posts: {
 *       fields: {
 *         title: { type: "text", required: true },
 *         status: { type: "select", values: ["draft", "open"] },
 *         author: { type: "relation", collection: "users", required: true },
 *       },
 *     },
 *   },
 * });
 * ```
 */
export function defineSchema<const Schema extends SchemaShape>(schema: Schema): Schema {
  return schema;
}

/**
 * Names of the collections of a schema.
 *
 * @example
 * ```ts
 * const name: CollectionName<typeof schema> = "posts";
 * const { items } = await lf.from(name).list();
 * ```
 */
export type CollectionName<Schema extends SchemaShape> = keyof Schema["collections"] & string;

type Fields<Schema extends SchemaShape, Name extends CollectionName<Schema>> = Schema["collections"][Name]["fields"];
type Inverses<Schema extends SchemaShape, Name extends CollectionName<Schema>> = NonNullable<
  Schema["collections"][Name]["inverses"]
>;

type Scalar<Field extends FieldShape> = Field extends {
  readonly type: "select";
  readonly values: infer Values extends readonly string[];
}
  ? Values[number]
  : Field extends { readonly type: "number" | "integer" }
    ? number
    : Field extends { readonly type: "bool" }
      ? boolean
      : Field extends { readonly type: "json" }
        ? JsonValue
        : Field extends { readonly type: "geo" }
          ? GeoPoint
          : string;

type Value<Field extends FieldShape> = Field extends { readonly many: true }
  ? Scalar<Field>[]
  : Field extends { readonly required: true } | { readonly type: "autodate" }
    ? Scalar<Field>
    : Scalar<Field> | null;

/** Set by the server on every record. */
export interface SystemFields {
  readonly id: string;
  /** RFC 3339, UTC, milliseconds. */
  readonly createdAt: string;
  readonly updatedAt: string;
  /** Grows with each change of the record. */
  readonly version: number;
}

/**
 * A record as the server answers it, relations as ids.
 *
 * @example
 * ```ts
 * type Post = RecordOf<typeof schema, "posts">;
 *
 * const headline = (post: Post) => `${post.title} (${post.status ?? "no status"})`;
 * console.log(headline(await lf.from("posts").get("p1")));
 * ```
 */
export type RecordOf<Schema extends SchemaShape, Name extends CollectionName<Schema>> = SystemFields & {
  readonly [Field in keyof Fields<Schema, Name>]: Value<Fields<Schema, Name>[Field]>;
};

type Settable<Schema extends SchemaShape, Name extends CollectionName<Schema>> = {
  [Field in keyof Fields<Schema, Name>]: Fields<Schema, Name>[Field] extends { readonly type: "autodate" }
    ? never
    : Field;
}[keyof Fields<Schema, Name>];

type Needed<Schema extends SchemaShape, Name extends CollectionName<Schema>> = {
  [Field in Settable<Schema, Name>]: Fields<Schema, Name>[Field] extends
    | { readonly many: true }
    | { readonly default: unknown }
    ? never
    : Fields<Schema, Name>[Field] extends { readonly required: true }
      ? Field
      : never;
}[Settable<Schema, Name>];

/**
 * What `create` takes: required fields without a default must be there; `id` may be chosen by the client.
 *
 * @example
 * ```ts
 * const draft: CreateInput<typeof schema, "posts"> = { title: "Hello", author: "u1" };
 * const post = await lf.from("posts").create(draft);
 * ```
 */
export type CreateInput<Schema extends SchemaShape, Name extends CollectionName<Schema>> = { readonly id?: string } & {
  readonly [Field in Needed<Schema, Name>]: Value<Fields<Schema, Name>[Field]>;
} & {
  readonly [Field in Exclude<Settable<Schema, Name>, Needed<Schema, Name>>]?: Value<Fields<Schema, Name>[Field]>;
};

/** A change computed by the server from the stored value, free of lost updates. Made by {@link increment}, {@link append}, {@link remove}. */
export type Operator<Kind extends "number" | "many", Item = unknown> = Kind extends "number"
  ? { readonly $increment: number | string }
  : { readonly $append: Item } | { readonly $remove: Item };

type OperatorFor<Field extends FieldShape> = Field extends { readonly many: true }
  ? Operator<"many", Scalar<Field>>
  : Field extends { readonly type: "number" | "integer" | "decimal" }
    ? Operator<"number">
    : never;

/**
 * What `update` takes: the fields to change; null empties one.
 *
 * @example
 * ```ts
 * const patch: UpdateInput<typeof schema, "posts"> = { status: "open", likes: increment(1) };
 * await lf.from("posts").update("p1", patch);
 * ```
 */
export type UpdateInput<Schema extends SchemaShape, Name extends CollectionName<Schema>> = {
  readonly [Field in Settable<Schema, Name>]?:
    | Value<Fields<Schema, Name>[Field]>
    | OperatorFor<Fields<Schema, Name>[Field]>;
};

type RelationFields<Schema extends SchemaShape, Name extends CollectionName<Schema>> = {
  [Field in keyof Fields<Schema, Name>]: Fields<Schema, Name>[Field] extends { readonly type: "relation" }
    ? Field
    : never;
}[keyof Fields<Schema, Name>] &
  string;

/** Collection that a relation or back-relation leads to. */
type Target<Schema extends SchemaShape, Name extends CollectionName<Schema>, Hop> = Hop extends keyof Fields<
  Schema,
  Name
>
  ? Fields<Schema, Name>[Hop] extends { readonly collection: infer To extends CollectionName<Schema> }
    ? To
    : never
  : Hop extends keyof Inverses<Schema, Name>
    ? Inverses<Schema, Name>[Hop] extends { readonly collection: infer To extends CollectionName<Schema> }
      ? To
      : never
    : never;

/** Relations and back-relations that can be expanded. */
export type Hops<Schema extends SchemaShape, Name extends CollectionName<Schema>> =
  | RelationFields<Schema, Name>
  | (keyof Inverses<Schema, Name> & string);

/** One expansion: `true`, or options for a back-relation or a to-many relation. */
export interface ExpandOptions<Schema extends SchemaShape, Name extends CollectionName<Schema>> {
  /** Records per parent, for to-many. */
  readonly limit?: number;
  readonly expand?: ExpandInput<Schema, Name>;
}

/**
 * `{ author: true, posts: { limit: 3 } }`.
 *
 * @example
 * ```ts
 * const withAuthor = { author: true, comments: { limit: 3 } } satisfies ExpandInput<typeof schema, "posts">;
 * const post = await lf.from("posts").expand(withAuthor).get("p1");
 * ```
 */
export type ExpandInput<Schema extends SchemaShape, Name extends CollectionName<Schema>> = {
  readonly [Hop in Hops<Schema, Name>]?: true | ExpandOptions<Schema, Target<Schema, Name, Hop>>;
};

type ToMany<Schema extends SchemaShape, Name extends CollectionName<Schema>, Hop> = Hop extends keyof Fields<
  Schema,
  Name
>
  ? Fields<Schema, Name>[Hop] extends { readonly many: true }
    ? true
    : false
  : true;

type Nested<Schema extends SchemaShape, Name extends CollectionName<Schema>, Options> = Options extends {
  readonly expand: infer Inner;
}
  ? Expanded<Schema, Name, Inner>
  : RecordOf<Schema, Name>;

/**
 * A record with expansions in place: to-one is the object or null (not visible), to-many a list.
 *
 * @example
 * ```ts
 * type WithAuthor = Expanded<typeof schema, "posts", { author: true }>;
 *
 * const byline = (post: WithAuthor) => `${post.title} by ${post.author?.name ?? "somebody"}`;
 * console.log(byline(await lf.from("posts").expand({ author: true }).get("p1")));
 * ```
 */
export type Expanded<Schema extends SchemaShape, Name extends CollectionName<Schema>, Expand> = Omit<
  RecordOf<Schema, Name>,
  keyof Expand
> & {
  readonly [Hop in keyof Expand]: ToMany<Schema, Name, Hop> extends true
    ? Nested<Schema, Target<Schema, Name, Hop>, Expand[Hop]>[]
    : Nested<Schema, Target<Schema, Name, Hop>, Expand[Hop]> | null;
};

interface Ordered<Operand> {
  readonly gt?: Operand;
  readonly gte?: Operand;
  readonly lt?: Operand;
  readonly lte?: Operand;
}

interface Equal<Operand> {
  readonly eq?: Operand;
  readonly ne?: Operand;
  readonly in?: readonly Operand[];
}

interface Textual {
  readonly startsWith?: string;
  readonly endsWith?: string;
  readonly contains?: string;
}

/** Within a distance of a point, in metres. */
interface Near {
  readonly near?: { readonly lat: number; readonly lng: number; readonly withinMetres: number };
}

type Comparison<Field extends FieldShape> = Field extends { readonly many: true }
  ? { readonly has?: Scalar<Field>; readonly isEmpty?: boolean }
  : Field extends { readonly type: "bool" | "json" }
    ? Equal<Value<Field>>
    : Field extends { readonly type: "geo" }
      ? Near & { readonly eq?: null; readonly ne?: null }
      : Field extends { readonly type: "number" | "integer" }
        ? Equal<Value<Field>> & Ordered<number>
        : Equal<Value<Field>> & Ordered<string> & Textual;

type FieldFilter<Schema extends SchemaShape, Field extends FieldShape> =
  | (Field extends { readonly many: true }
      ? never
      : Field extends { readonly type: "geo" }
        ? null
        : Field extends { readonly type: "json" }
          ? null | boolean | number | string | readonly JsonValue[]
          : Value<Field>)
  | Comparison<Field>
  | (Field extends {
      readonly type: "relation";
      readonly collection: infer To extends CollectionName<Schema>;
      readonly many?: false;
    }
      ? FilterInput<Schema, To>
      : never);

interface SystemFilter {
  readonly id?: string | Equal<string>;
  readonly createdAt?: string | (Equal<string> & Ordered<string>);
  readonly updatedAt?: string | (Equal<string> & Ordered<string>);
  readonly version?: number | (Equal<number> & Ordered<number>);
}

/**
 * A filter as a plain object: all members hold together. Values compare by equality, objects by the operators named,
 * a relation's object by the target's fields, a back-relation's by at least one record. `or`, `and`, `not` nest.
 *
 * @example
 * ```ts
 * const popular: FilterInput<typeof schema, "posts"> = { status: "open", or: [{ likes: { gt: 5 } }, { author: { name: "Ann" } }] };
 * const { items } = await lf.from("posts").filter(popular).list();
 * ```
 */
export type FilterInput<Schema extends SchemaShape, Name extends CollectionName<Schema>> = SystemFilter & {
  readonly [Field in keyof Fields<Schema, Name>]?: FieldFilter<Schema, Fields<Schema, Name>[Field]>;
} & {
  readonly [Inverse in keyof Inverses<Schema, Name>]?: {
    readonly some: FilterInput<Schema, Target<Schema, Name, Inverse>>;
  };
} & {
  readonly or?: readonly FilterInput<Schema, Name>[];
  readonly and?: readonly FilterInput<Schema, Name>[];
  readonly not?: FilterInput<Schema, Name>;
};

/** A field to sort by, `-` for descending. */
export type SortKey<Schema extends SchemaShape, Name extends CollectionName<Schema>> = keyof RecordOf<Schema, Name> &
  string extends infer Key extends string
  ? Key | `-${Key}`
  : never;
