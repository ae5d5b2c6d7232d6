/**
 * RFC 9457 problem document as every Landfall route answers it (`application/problem+json`).
 *
 * @example
 * ```ts
 * const answer = await fetch("http://localhost:4710/v1/collections/nowhere/records");
 * const problem = (await answer.json()) as ProblemDocument;
 * console.log(problem.status, problem.code, problem.requestId);
 * ```
 */
export interface ProblemDocument {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail?: string;
  /** Stable; the table is `docs/errors.md`. */
  readonly code: string;
  readonly advice?: string;
  readonly requestId: string;
  readonly errors?: readonly ProblemIssue[];
}

/**
 * One place in the input that is wrong.
 *
 * @example
 * ```ts
 * const byField = (issues: readonly ProblemIssue[]) => new Map(issues.map((issue) => [issue.path, issue.message]));
 *
 * console.log(byField([{ path: "/title", code: "too_long", message: "At most 200 characters." }]).get("/title"));
 * ```
 */
export interface ProblemIssue {
  /** JSON Pointer (RFC 6901) into the body, or `query.<name>`, `path.<name>`. */
  readonly path: string;
  readonly code: string;
  readonly message: string;
}
