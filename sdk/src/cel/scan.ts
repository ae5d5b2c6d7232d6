// One pass over the text before the parser: bounds, `$name`, and characters that no expression holds. Skips texts and
// comments the way CEL reads them, so that a bracket or a `$` inside a text counts for nothing.
import { CelError, limits } from "./error.ts";
import { tooDeep } from "./tree.ts";

const opening = new Set(["(", "[", "{"]);
const closing = new Set([")", "]", "}"]);
const wordStart = /[A-Za-z_]/;
const word = /[A-Za-z0-9_]/;

/** The text with each `$name` outside texts made `_name`: the same length, so positions hold. */
export function scan(source: string): string {
  if (source.length > limits.textLengthMax) {
    throw new CelError("expression_too_long", `An expression may have ${limits.textLengthMax} characters.`, {
      advice: "Move values into parameters or lists.",
    });
  }
  if (source.includes("\0") || !source.isWellFormed()) {
    throw new CelError("expression_literal", "An expression may hold neither U+0000 nor a lone surrogate.", {
      advice: "Remove it.",
    });
  }
  let out = "";
  let depth = 0;
  let run = 0; // of prefix operators and conditionals since the last bracket: they nest without brackets
  let i = 0;
  while (i < source.length) {
    const ch = source[i] ?? "";
    const end = skip(source, i);
    if (end > i) {
      out += source.slice(i, end);
      i = end;
      continue;
    }
    if (opening.has(ch)) depth += 1;
    if (closing.has(ch)) depth -= 1;
    if (ch === "?") depth += 1;
    if (ch === "!" || ch === "-") run += 1;
    else if (!/\s/.test(ch)) run = 0;
    if (depth + run > limits.depthMax * 3) throw tooDeep({ pos: i }).within(source);
    if (wordStart.test(ch)) {
      const stop = wordEnd(source, i);
      if (ch === "_") throw unexpected(source, i);
      out += source.slice(i, stop);
      i = stop;
      continue;
    }
    if (ch === "$" && (!/[A-Za-z]/.test(source[i + 1] ?? "") || word.test(source[i - 1] ?? "")))
      throw unexpected(source, i);
    out += ch === "$" ? "_" : ch;
    i += 1;
    if (ch === "$") {
      const stop = wordEnd(source, i);
      out += source.slice(i, stop);
      i = stop;
    }
  }
  return out;
}

function wordEnd(source: string, from: number): number {
  let i = from;
  while (i < source.length && word.test(source[i] ?? "")) i += 1;
  return i;
}

/** The end of the text or comment that starts here, or `from` when neither does. */
function skip(source: string, from: number): number {
  if (source.startsWith("//", from)) {
    const end = source.indexOf("\n", from);
    return end < 0 ? source.length : end;
  }
  const prefix = /^[rRbB](?=["'])/.test(source.slice(from, from + 2)) ? 1 : 0;
  const quote = source[from + prefix];
  if (quote !== '"' && quote !== "'") return from;
  const fence = source.startsWith(quote.repeat(3), from + prefix) ? quote.repeat(3) : quote;
  let i = from + prefix + fence.length;
  while (i < source.length && !source.startsWith(fence, i)) i += source[i] === "\\" ? 2 : 1;
  return Math.min(i + fence.length, source.length);
}

function unexpected(source: string, pos: number): CelError {
  return new CelError("expression_syntax", `Unexpected character: ${source[pos]}`, {
    place: { pos },
    source,
    advice: "Names start with a letter, parameters with $ and a letter.",
  });
}
