// What an evaluator is given, and what its closures pass to one another.

/**
 * The answer of an expression that has none: null where a value was needed, a missing key, a division by zero.
 *
 * @example
 * ```ts
 * const posts = rowTypeOf({ name: "posts", fields: [{ name: "likes", type: "integer", required: true }] });
 * const env: CheckEnv = { mode: "filter", row: posts, collections: () => undefined };
 * const ask = evaluator(check(parse("10 / likes > 1"), env));
 * const auth = { signedIn: false, roles: [], teams: [], claims: {} };
 * console.log(ask({ row: { likes: 0 }, auth, nowMs: Date.now() }) === fault); // true
 * ```
 */
export const fault: unique symbol = Symbol("fault");
/**
 * The type of {@link fault}.
 *
 * @example
 * ```ts
 * const isFault = (answer: unknown): answer is Fault => answer === fault;
 * console.log(isFault(fault), isFault(null)); // true, false
 * ```
 */
export type Fault = typeof fault;

/**
 * What expressions see as `auth`. `id` is absent, never null or empty, when nobody is signed in.
 *
 * @example
 * ```ts
 * const nobody: ActorAuth = { signedIn: false, roles: [], teams: [], claims: {} };
 * const ann: ActorAuth = { ...nobody, id: "ann", signedIn: true };
 * const isAuthor = evaluator(check(parse("author == auth.id"), env));
 * const ask = (auth: ActorAuth) => isAuthor({ row: { author: "ann" }, auth, nowMs: Date.now() });
 * console.log(ask(ann), ask(nobody) === fault); // true, true
 * ```
 */
export interface ActorAuth {
  readonly id?: string;
  readonly signedIn: boolean;
  readonly roles: readonly string[];
  readonly teams: readonly string[];
  readonly claims: { readonly [name: string]: unknown };
  readonly device?: string;
}

/**
 * What an expression is asked about: a row, who asks, and when.
 *
 * @example
 * ```ts
 * const auth = { signedIn: false, roles: [], teams: [], claims: {} };
 * const asked: Bindings = { row: { likes: 7 }, auth, nowMs: Date.now(), params: { least: 5 } };
 * const isPopular = evaluator(check(parse("likes >= $least"), { ...env, params: { least: 5 } }));
 * console.log(isPopular(asked)); // true
 * ```
 */
export interface Bindings {
  /** The record as the contract shows it. */
  readonly row: { readonly [field: string]: unknown };
  readonly before?: { readonly [field: string]: unknown };
  readonly auth: ActorAuth;
  readonly nowMs: number;
  readonly door?: string;
  readonly params?: { readonly [name: string]: unknown };
}

/** The bindings and the elements that exists and all have bound, by slot. */
export interface Frame extends Bindings {
  readonly elements: unknown[];
}
export type Run = (frame: Frame) => unknown;

export const isValue = (value: unknown): boolean => value !== null && value !== fault;
