// The server's refusal of a change that would lose or break something, and how to say "do it anyway".
import { ApiProblem } from "../api/http.ts";

export interface Confirmation {
  /** Goes back as `?confirm=`. */
  readonly confirm: string;
  readonly reasons: readonly string[];
}

export function confirmationIn(error: unknown): Confirmation | undefined {
  if (!(error instanceof ApiProblem) || error.status !== 409) return undefined;
  const { confirm } = error.body;
  const token = typeof confirm === "string" ? confirm : Array.isArray(confirm) ? confirm.join(",") : undefined;
  if (!token) return undefined;
  const reasons = error.issues.map(({ message }) => message);
  return { confirm: token, reasons: reasons.length > 0 ? reasons : [error.message] };
}
