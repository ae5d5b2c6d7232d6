// What is wrong with an expression, where it stands, and what to write instead; and the bounds every expression keeps.

/**
 * Why an expression was refused.
 *
 * @example
 * ```ts
 * const typing: CelErrorCode[] = ["expression_syntax", "expression_unknown_name"];
 * try {
 *   check(parse("likez > 5"), env);
 * } catch (error) {
 *   console.log(error instanceof CelError && typing.includes(error.code)); // true
 * }
 * ```
 */
export type CelErrorCode =
  | "expression_syntax"
  | "expression_too_long"
  | "expression_too_deep"
  | "expression_too_many_clauses"
  | "expression_too_costly"
  | "expression_unknown_name"
  | "expression_type"
  | "expression_unsupported"
  | "expression_literal"
  | "expression_pattern"
  | "expression_param"
  | "expression_tree";

/**
 * Every bound is named in the error that reports it.
 *
 * @example
 * ```ts
 * console.log(limits.depthMax, limits.clausesMax); // 32, 200
 * ```
 */
export const limits = {
  /** Characters (UTF-16 units) of an expression's text. */
  textLengthMax: 10_000,
  /** Nesting of operators, calls, brackets and dots; `a && b && c` is one level. */
  depthMax: 32,
  /** Operands of `&&` and `||` in the whole expression. */
  clausesMax: 200,
  /** Nodes of a tree that arrives as JSON, list elements included. */
  nodesMax: 4_000,
  /** Elements of one list literal or list parameter, entries of one map literal. */
  listMax: 1_000,
  /** Values that are no literals in the lists and maps of one comparison: each row puts them together anew. */
  computedPartsMax: 32,
  /** Weight of the work: a comparison is 1, a hop to another record 10, a search through another collection 50, nested ones multiply. */
  costMax: 20_000,
  /** Characters of the SQL made from one expression. */
  sqlLengthMax: 200_000,
  /** Code points of a text that `+` puts together; a longer one is an error. `landfall.expr_concat` has the same number. */
  textResultMax: 100_000,
  /** Code points of a text that `matches` looks at. */
  matchInputMax: 10_000,
} as const;

/**
 * Where in the input: an offset into the text, or a JSON Pointer into a tree.
 *
 * @example
 * ```ts
 * const node = parse("likes > 5").args[1] as Expr;
 * const place: Place = node;
 * console.log(place.pos); // 8
 * ```
 */
export interface Place {
  readonly pos: number;
  readonly path?: string;
}

/**
 * A refused expression.
 *
 * @example
 * ```ts
 * try {
 *   parse("likes >");
 * } catch (error) {
 *   if (error instanceof CelError) console.log(error.code, error.message);
 * }
 * ```
 */
export class CelError extends Error {
  readonly code: CelErrorCode;
  readonly advice: string;
  /** UTF-16 offset into the text; 0 for a tree. */
  readonly offset: number;
  /** JSON Pointer of the node when the expression came as a tree. */
  readonly path: string | undefined;
  readonly line: number;
  readonly column: number;

  constructor(code: CelErrorCode, message: string, options: { advice: string; place?: Place; source?: string }) {
    super(message);
    this.name = "CelError";
    this.code = code;
    this.advice = options.advice;
    this.path = options.place?.path;
    this.offset = options.place?.pos ?? 0;
    const before = (options.source ?? "").slice(0, this.offset).split("\n");
    this.line = before.length;
    this.column = (before.at(-1)?.length ?? 0) + 1;
  }

  /** The same error with line and column counted in this text. */
  within(source: string): CelError {
    return new CelError(this.code, this.message, {
      advice: this.advice,
      source,
      place: this.path === undefined ? { pos: this.offset } : { pos: this.offset, path: this.path },
    });
  }
}
