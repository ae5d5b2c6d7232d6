// What is wrong with an expression and where, whoever found it: the checker in the browser or the server.
import { ApiProblem } from "../api/http.ts";

export interface Finding {
  readonly message: string;
  readonly advice?: string | undefined;
  /** Offsets into the text, in UTF-16 units; absent when the place is not known. */
  readonly from?: number;
  readonly to?: number;
}

/** Reads the place from a problem document; `rule` narrows it to the issue that concerns that rule. */
export function findingIn(error: unknown, rule?: string): Finding | undefined {
  if (!(error instanceof ApiProblem)) return undefined;
  const issue = rule === undefined ? undefined : error.issues.find(({ path }) => path.endsWith(`/rules/${rule}`) || path.endsWith(`rules.${rule}`));
  if (rule !== undefined && !issue && error.body.rule !== rule) return undefined;
  return {
    message: issue?.message ?? error.message,
    advice: error.advice,
    ...place(error.body.position ?? error.body),
  };
}

function place(position: unknown): { from?: number; to?: number } {
  if (typeof position === "number") return { from: position };
  if (typeof position !== "object" || position === null) return {};
  const { from, to, start, end, offset, length } = position as { [name: string]: unknown };
  const first = [from, start, offset].find((value) => typeof value === "number") as number | undefined;
  if (first === undefined) return {};
  const last = typeof to === "number" ? to : typeof end === "number" ? end : typeof length === "number" ? first + length : first + 1;
  return { from: first, to: last };
}
