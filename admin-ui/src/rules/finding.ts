// What is wrong with an expression and where, whoever found it: the checker in the browser or the server.
import { ApiProblem, type ProblemIssue } from "../api/http.ts";

export interface Finding {
  readonly message: string;
  readonly advice?: string | undefined;
  /** Offset into the text, in UTF-16 units; absent when the place is not known. */
  readonly from?: number;
}

/** The server's word on a filter. */
export function filterFinding(error: unknown): Finding | undefined {
  if (!(error instanceof ApiProblem)) return undefined;
  const issue = error.issues.find(({ path }) => /^(query\.)?filter$|^\/filter/.test(path));
  return issue && { message: issue.message, ...placeIn(issue, error) };
}

/** The server's word on one rule; the issue's path ends in the rule's name. */
export function ruleFinding(error: unknown, rule: string): Finding | undefined {
  if (!(error instanceof ApiProblem)) return undefined;
  const issue = error.issues.find(({ path }) => path === `/rules/${rule}`);
  return issue && { message: issue.message, ...placeIn(issue, error) };
}

/** The place stands in the issue, or once in the document. */
function placeIn(issue: ProblemIssue, error: ApiProblem): { from?: number } {
  const position = issue.position ?? error.body.position;
  const offset = typeof position === "object" && position !== null && "offset" in position ? position.offset : position;
  return typeof offset === "number" ? { from: offset } : {};
}
