// The server's refusal of a change that would lose values, and how to say "do it anyway".
import { ApiProblem } from "../api/http.ts";

export interface Confirmation {
  /** Goes back as `?confirm=`. */
  readonly confirm: "loss";
  readonly reasons: readonly string[];
}

const losses: ReadonlySet<string> = new Set(["loses_values", "loses_records"]);

/** Undefined when the refusal has a reason that no confirmation lifts, such as a rule that would break. */
export function confirmationIn(error: unknown): Confirmation | undefined {
  if (!(error instanceof ApiProblem) || error.status !== 409 || error.issues.length === 0) return undefined;
  if (!error.issues.every(({ code }) => losses.has(code))) return undefined;
  return { confirm: "loss", reasons: error.issues.map(({ message }) => message) };
}
