// One pass over the text before the parser: bounds, `$name`, and characters that no expression holds. Skips texts and
// comments the way CEL reads them, so that a bracket or a `$` inside a text counts for nothing.
import { CelError, limits } from "./error.ts";
import { tooDeep } from "./tree.ts";

/** Brackets, conditionals and prefix operators open at once; the tree's own depth is counted exactly afterwards. */
const openMax = limits.depthMax * 3;

/** The text with each `$name` outside texts made `_name`: the same length, so positions hold. */
export function scan(source: string): string {
  refuseOutright(source);
  const pieces: string[] = [];
  let copied = 0;
  let depth = 0;
  let run = 0; // prefix operators in a row: they nest without brackets
  let i = 0;
  while (i < source.length) {
    const ch = source.charAt(i);
    if (isWord(source.charCodeAt(i))) {
      if (ch === "_") throw unexpected(source, i);
      const end = wordEnd(source, i);
      i = end === i + 1 && "rRbB".includes(ch) && isQuote(source.charAt(end)) ? textEnd(source, end) : end;
      run = 0;
      continue;
    }
    if (isQuote(ch)) {
      i = textEnd(source, i);
      run = 0;
      continue;
    }
    if (ch === "/" && source.charAt(i + 1) === "/") {
      const end = source.indexOf("\n", i);
      i = end < 0 ? source.length : end;
      continue;
    }
    if (ch === "$") {
      if (!isParam(source, i)) throw unexpected(source, i);
      pieces.push(source.slice(copied, i), "_");
      copied = i + 1;
      i = wordEnd(source, copied);
      run = 0;
      continue;
    }
    if (ch === "(" || ch === "[" || ch === "{" || ch === "?") depth += 1;
    else if (ch === ")" || ch === "]" || ch === "}") depth -= 1;
    if (ch === "!" || ch === "-") run += 1;
    else if (ch > " ") run = 0;
    if (depth + run > openMax) throw tooDeep({ pos: i }).within(source);
    i += 1;
  }
  return pieces.join("") + source.slice(copied);
}

function refuseOutright(source: string): void {
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
}

const isQuote = (ch: string): boolean => ch === '"' || ch === "'";
const isLetter = (code: number): boolean => (code | 32) >= 97 && (code | 32) <= 122 && code >= 65;
const isWord = (code: number): boolean => isLetter(code) || (code >= 48 && code <= 57) || code === 95;

/** `$` and a letter, and not in the middle of a word. */
function isParam(source: string, at: number): boolean {
  return isLetter(source.charCodeAt(at + 1)) && !(at > 0 && isWord(source.charCodeAt(at - 1)));
}

function wordEnd(source: string, from: number): number {
  let i = from;
  while (i < source.length && isWord(source.charCodeAt(i))) i += 1;
  return i;
}

/** The end of the text whose quote stands here. The parser lets a backslash hide a quote in raw texts too. */
function textEnd(source: string, from: number): number {
  const quote = source.charAt(from);
  const fence = source.startsWith(quote.repeat(3), from) ? quote.repeat(3) : quote;
  let i = from + fence.length;
  while (i < source.length && !source.startsWith(fence, i)) i += source.charAt(i) === "\\" ? 2 : 1;
  return Math.min(i + fence.length, source.length);
}

function unexpected(source: string, pos: number): CelError {
  return new CelError("expression_syntax", `Unexpected character: ${source.charAt(pos)}`, {
    place: { pos },
    source,
    advice: "Names start with a letter, parameters with $ and a letter.",
  });
}
