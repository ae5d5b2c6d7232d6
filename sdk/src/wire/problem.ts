/** RFC 9457 problem document as every Landfall route answers it (`application/problem+json`). */
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

/** One place in the input that is wrong. */
export interface ProblemIssue {
  /** JSON Pointer (RFC 6901) into the body, or `query.<name>`, `path.<name>`. */
  readonly path: string;
  readonly code: string;
  readonly message: string;
}
