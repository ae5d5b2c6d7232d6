// What Postgres cannot store and JSON cannot carry.

/** Why this text is refused, or undefined. */
export function textFault(text: string): string | undefined {
  if (text.includes("\u0000")) return "The character U+0000 is not accepted.";
  if (!text.isWellFormed()) return "A lone surrogate is not accepted.";
  return undefined;
}
