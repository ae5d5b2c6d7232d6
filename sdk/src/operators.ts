import type { Operator } from "./schema.ts";

/**
 * Adds to a number, integer or decimal field on the server, so that parallel increments all count.
 *
 * @example
 * ```ts
 * await lf.from("posts").update(id, { likes: increment(1) });
 * ```
 */
export function increment(by: number | string = 1): Operator<"number"> {
  return { $increment: by };
}

/**
 * Appends an element to a `many` field.
 *
 * @example
 * ```ts
 * await lf.from("posts").update(id, { tags: append("sea") });
 * ```
 */
export function append<Item>(item: Item): { readonly $append: Item } {
  return { $append: item };
}

/**
 * Removes every equal element from a `many` field.
 *
 * @example
 * ```ts
 * await lf.from("posts").update(id, { tags: remove("sea") });
 * ```
 */
export function remove<Item>(item: Item): { readonly $remove: Item } {
  return { $remove: item };
}
