// The patterns of `matches`: a subset on which every engine agrees, run here in linear time (Pike's simulation of an NFA),
// in Postgres as an ARE. No pattern from outside ever reaches JavaScript's RegExp, which may take exponential time.
//
//   literals   . (any code point)   [abc] [^a-z]   ^ $ (start and end of the text)   | ( )   ? * + {m} {m,n} {m,} to 100
//   a backslash before a punctuation character makes it literal, also inside a class
import { CelError, limits } from "./error.ts";
import { codePoints } from "./values.ts";

/** Instructions of one compiled pattern; a bound on them keeps both engines' memory small. */
const stepsMax = 250;
const repeatMax = 100;

type Ast =
  | { readonly t: "set"; readonly not: boolean; readonly ranges: readonly (readonly [number, number])[] }
  | { readonly t: "any" | "start" | "end" | "empty" }
  | { readonly t: "seq" | "alt"; readonly parts: readonly Ast[] }
  | { readonly t: "repeat"; readonly part: Ast; readonly min: number; readonly max: number };

type SetStep = { readonly t: "set"; readonly not: boolean; readonly ranges: readonly (readonly [number, number])[] };
type Step =
  | SetStep
  | { readonly t: "any" | "start" | "end" | "match" }
  | { readonly t: "split"; a: number; b: number }
  | { readonly t: "jump"; a: number };

/**
 * A compiled pattern of `matches`.
 *
 * @example
 * ```ts
 * const plate: Pattern = compilePattern("^[A-Z]{2}$");
 * console.log(plate.test("LF"), plate.test("x".repeat(20_000))); // true, undefined
 * ```
 */
export interface Pattern {
  /** Whether the pattern occurs anywhere in the text; undefined when the text is longer than the bound. */
  test(text: string): boolean | undefined;
  /** The same pattern as a Postgres advanced regular expression. */
  readonly are: string;
}

/**
 * Compiles a literal pattern, or refuses it with the reason.
 *
 * @example
 * ```ts
 * const plate = compilePattern("^[A-Z]{2}-[0-9]{1,4}$");
 * console.log(plate.test("LF-4710")); // true
 * ```
 */
export function compilePattern(source: string): Pattern {
  const ast = new PatternParser(source).parse();
  const program = flatten(assemble(ast));
  return { test: (text) => run(program, text), are: toAre(ast) };
}

class PatternParser {
  readonly #chars: readonly string[];
  #at = 0;
  #depth = 0;

  constructor(source: string) {
    this.#chars = [...source];
  }

  parse(): Ast {
    const ast = this.#alternatives();
    if (this.#at < this.#chars.length) throw bad("A ) without its (.");
    return ast;
  }

  #alternatives(): Ast {
    this.#depth += 1;
    if (this.#depth > limits.depthMax) throw bad(`Groups may be nested ${limits.depthMax} deep.`);
    const parts = [this.#sequence()];
    while (this.#take("|")) parts.push(this.#sequence());
    this.#depth -= 1;
    return parts.length === 1 ? (parts[0] as Ast) : { t: "alt", parts };
  }

  #sequence(): Ast {
    const parts: Ast[] = [];
    while (this.#at < this.#chars.length && this.#peek() !== "|" && this.#peek() !== ")") parts.push(this.#repeated());
    return parts.length === 0 ? { t: "empty" } : { t: "seq", parts };
  }

  #repeated(): Ast {
    const part = this.#single();
    const bounds = this.#repeat();
    if (!bounds) return part;
    if (part.t === "start" || part.t === "end") throw bad("^ and $ cannot be repeated.");
    if (["?", "*", "+", "{"].includes(this.#peek() ?? "")) throw bad("A repeat cannot follow a repeat; use a group.");
    return { t: "repeat", part, min: bounds[0], max: bounds[1] };
  }

  #repeat(): readonly [number, number] | undefined {
    if (this.#take("?")) return [0, 1];
    if (this.#take("*")) return [0, Number.POSITIVE_INFINITY];
    if (this.#take("+")) return [1, Number.POSITIVE_INFINITY];
    if (!this.#take("{")) return undefined;
    const min = this.#number();
    const open = this.#take(",");
    const max = !open ? min : this.#peek() === "}" ? Number.POSITIVE_INFINITY : this.#number();
    if (!this.#take("}") || min > max) throw bad("A repeat is {m}, {m,} or {m,n} with m not above n.");
    return [min, max];
  }

  #number(): number {
    let digits = "";
    while (/^[0-9]$/.test(this.#peek() ?? "")) digits += this.#next();
    if (digits === "" || digits.length > 3 || Number(digits) > repeatMax)
      throw bad(`Repeats go from 0 to ${repeatMax}.`);
    return Number(digits);
  }

  #single(): Ast {
    const ch = this.#next();
    if (ch === ".") return { t: "any" };
    if (ch === "^") return { t: "start" };
    if (ch === "$") return { t: "end" };
    if (ch === "[") return this.#class();
    if (ch === "(") {
      if (this.#peek() === "?") throw bad("Groups have no options, names or look-around.");
      const inner = this.#alternatives();
      if (!this.#take(")")) throw bad("A ( without its ).");
      return inner;
    }
    if ("?*+{}]".includes(ch)) throw bad(`${ch} must stand after something to repeat, or be written \\${ch}.`);
    return one(ch === "\\" ? this.#escaped() : ch);
  }

  #class(): Ast {
    const not = this.#take("^");
    const ranges: [number, number][] = [];
    while (this.#peek() !== "]") {
      const from = this.#member();
      if (this.#peek() === "-" && this.#chars[this.#at + 1] !== "]") {
        this.#at += 1;
        const to = this.#member();
        if (point(from) > point(to)) throw bad(`${from}-${to} is in the wrong order.`);
        ranges.push([point(from), point(to)]);
      } else ranges.push([point(from), point(from)]);
    }
    this.#at += 1;
    if (ranges.length === 0) throw bad("A class [ ] must name a character.");
    return { t: "set", not, ranges };
  }

  #member(): string {
    if (this.#at >= this.#chars.length) throw bad("A [ without its ].");
    const ch = this.#next();
    if (ch === "[") throw bad("Inside a class write [ as \\[.");
    return ch === "\\" ? this.#escaped() : ch;
  }

  #escaped(): string {
    const ch = this.#at < this.#chars.length ? this.#next() : "";
    if (!/^[!-/:-@[-`{-~]$/.test(ch))
      throw bad("After \\ stands a punctuation character; write classes out: [0-9] for a digit.");
    return ch;
  }

  #peek(): string | undefined {
    return this.#chars[this.#at];
  }

  #next(): string {
    const ch = this.#chars[this.#at] ?? "";
    this.#at += 1;
    return ch;
  }

  #take(ch: string): boolean {
    if (this.#peek() !== ch) return false;
    this.#at += 1;
    return true;
  }
}

const point = (ch: string): number => ch.codePointAt(0) ?? 0;
const one = (ch: string): Ast => ({ t: "set", not: false, ranges: [[point(ch), point(ch)]] });

function assemble(ast: Ast): readonly Step[] {
  const steps: Step[] = [];
  const add = (step: Step): number => {
    if (steps.length >= stepsMax)
      throw bad(`The pattern is too large: repeats multiply to more than ${stepsMax} steps.`);
    return steps.push(step) - 1;
  };
  const emit = (node: Ast): void => {
    if (node.t === "seq") for (const part of node.parts) emit(part);
    else if (node.t === "alt") alternatives(node.parts);
    else if (node.t === "repeat") repeat(node);
    else if (node.t !== "empty") add(node as Step);
  };
  const alternatives = (parts: readonly Ast[]): void => {
    const exits: { a: number }[] = [];
    for (const [i, part] of parts.entries()) {
      const split = i < parts.length - 1 ? { t: "split" as const, a: steps.length + 1, b: 0 } : undefined;
      if (split) add(split);
      emit(part);
      if (!split) continue;
      const exit = { t: "jump" as const, a: 0 };
      add(exit);
      exits.push(exit);
      split.b = steps.length;
    }
    for (const exit of exits) exit.a = steps.length;
  };
  const repeat = (node: Ast & { t: "repeat" }): void => {
    for (let i = 0; i < node.min; i += 1) emit(node.part);
    if (node.max === Number.POSITIVE_INFINITY) {
      const split = { t: "split" as const, a: steps.length + 1, b: 0 };
      const at = add(split);
      emit(node.part);
      add({ t: "jump", a: at });
      split.b = steps.length;
      return;
    }
    const splits: { b: number }[] = [];
    for (let i = node.min; i < node.max; i += 1) {
      const split = { t: "split" as const, a: steps.length + 1, b: 0 };
      add(split);
      splits.push(split);
      emit(node.part);
    }
    for (const split of splits) split.b = steps.length;
  };
  emit(ast);
  add({ t: "match" });
  return steps;
}

const opcode = { set: 0, any: 1, split: 2, jump: 3, start: 4, end: 5, match: 6 } as const;

/** The steps as flat arrays of numbers, which the loop below reads several times faster than objects. */
interface Program {
  readonly ops: Uint8Array;
  readonly a: Int32Array;
  readonly b: Int32Array;
  readonly sets: readonly (SetStep | undefined)[];
}

function flatten(steps: readonly Step[]): Program {
  return {
    ops: Uint8Array.from(steps, (step) => opcode[step.t]),
    a: Int32Array.from(steps, (step, pc) => (step.t === "split" || step.t === "jump" ? step.a : pc + 1)),
    b: Int32Array.from(steps, (step) => (step.t === "split" ? step.b : 0)),
    sets: steps.map((step) => (step.t === "set" ? step : undefined)),
  };
}

/**
 * Every position of the text visits each step at most once: time is length times steps, whatever the pattern; with both at
 * their bounds 2.5 million visits.
 */
function run({ ops, a, b, sets }: Program, text: string): boolean | undefined {
  if (codePoints(text) > limits.matchInputMax) return undefined;
  const seen = new Int32Array(ops.length).fill(-1);
  const stack = new Int32Array(2 * ops.length + 2);
  let now = new Int32Array(ops.length);
  let next = new Int32Array(ops.length);
  let waiting = 0;
  for (let at = 0; at <= text.length; at += 1) {
    const code = at < text.length ? (text.codePointAt(at) ?? 0) : -1;
    let kept = 0;
    // A match may begin anywhere, so step 0 joins at every position: it is thread -1.
    for (let thread = -1; thread < waiting; thread += 1) {
      let top = 0;
      stack[0] = thread < 0 ? 0 : (now[thread] as number);
      while (top >= 0) {
        const pc = stack[top--] as number;
        if (seen[pc] === at) continue;
        seen[pc] = at;
        const op = ops[pc];
        if (op === opcode.match) return true;
        if (op === opcode.split) stack[++top] = b[pc] as number;
        const free =
          op === opcode.split || op === opcode.jump || (op === opcode.start ? at === 0 : op === opcode.end && code < 0);
        if (free) stack[++top] = a[pc] as number;
        else if (code >= 0 && (op === opcode.any || (op === opcode.set && contains(sets[pc], code))))
          next[kept++] = pc + 1;
      }
    }
    [now, next, waiting] = [next, now, kept];
    if (code > 0xffff) at += 1;
  }
  return false;
}

function contains(set: SetStep | undefined, code: number): boolean {
  if (set === undefined) return false;
  for (const range of set.ranges) if (code >= range[0] && code <= range[1]) return !set.not;
  return set.not;
}

/** Only what the subset holds is ever written, each literal escaped, so no ARE feature can slip through. */
function toAre(ast: Ast): string {
  // `(?:)` first: it keeps a leading `***` or `(?flags)` reading out, which Postgres only knows at the very start.
  return `(?:${are(ast)})`;
}

function are(ast: Ast): string {
  switch (ast.t) {
    case "any":
      return ".";
    case "start":
      return "^";
    case "end":
      return "$";
    case "empty":
      return "(?:)";
    case "set":
      return areSet(ast);
    case "seq":
      return ast.parts.map(are).join("");
    case "alt":
      return `(?:${ast.parts.map(are).join("|")})`;
    case "repeat":
      return `(?:${are(ast.part)})${areBounds(ast.min, ast.max)}`;
    default:
      return ast satisfies never;
  }
}

function areBounds(min: number, max: number): string {
  if (max !== Number.POSITIVE_INFINITY) return min === max ? `{${min}}` : `{${min},${max}}`;
  return min === 0 ? "*" : min === 1 ? "+" : `{${min},}`;
}

function areSet(set: Ast & { t: "set" }): string {
  const [only] = set.ranges;
  if (!set.not && set.ranges.length === 1 && only && only[0] === only[1]) return areChar(only[0]);
  const members = set.ranges.map(([from, to]) => (from === to ? areChar(from) : `${areChar(from)}-${areChar(to)}`));
  return `[${set.not ? "^" : ""}${members.join("")}]`;
}

/** ASCII letters and digits stand for themselves, everything else as its number: `\uXXXX` or `\UXXXXXXXX`. */
function areChar(code: number): string {
  const ch = String.fromCodePoint(code);
  if (/^[A-Za-z0-9]$/.test(ch)) return ch;
  return code <= 0xffff ? `\\u${code.toString(16).padStart(4, "0")}` : `\\U${code.toString(16).padStart(8, "0")}`;
}

function bad(message: string): CelError {
  return new CelError("expression_pattern", message, {
    advice: "See docs/protocol/expressions.md for what a pattern may hold.",
  });
}
