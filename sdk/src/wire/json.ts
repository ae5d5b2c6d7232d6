/**
 * Any JSON value, as a field of type `json` holds it.
 *
 * @example
 * ```ts
 * const settings: JsonValue = { theme: "dark", sizes: [1, 2, 3], sound: null };
 * ```
 */
export type JsonValue = null | boolean | number | string | readonly JsonValue[] | { readonly [key: string]: JsonValue };
