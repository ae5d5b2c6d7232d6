// A Problem as RFC 9457 JSON: the only error shape that leaves the server.
import { STATUS_CODES } from "node:http";
import type { Problem } from "./index.ts";

export const problemContentType = "application/problem+json";

export interface ProblemDocument {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code: string;
  readonly advice: string;
  readonly requestId: string;
  readonly errors: readonly { readonly path: string; readonly code: string; readonly message: string }[];
}

/** `type` is a relative reference (RFC 9457 §3.1.1 allows it), so it resolves against whatever host was asked. */
export function problemDocument(problem: Problem, requestId: string): ProblemDocument {
  return {
    ...problem.extra,
    type: `/docs/errors#${problem.code}`,
    title: STATUS_CODES[problem.status] ?? "Error",
    status: problem.status,
    detail: problem.message,
    code: problem.code,
    advice: problem.advice,
    requestId,
    errors: problem.issues,
  };
}
