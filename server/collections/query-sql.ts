// The growing text of one statement and the list of what its parameters will be bound to. Compiled once, bound often:
// a binder takes what differs between two runs (caller, time, ids, values) from the environment of the call.
import { createHash } from "node:crypto";
import type { Context } from "../kernel/context.ts";
import type { Statement } from "../kernel/db/index.ts";
import type { CursorKeys } from "./cursor.ts";
import type { JsonValue } from "./types.ts";

/** What one run of a compiled statement binds. */
export interface Env {
  readonly ctx: Context;
  /** Parameters the caller gave with its filter. */
  readonly params?: { readonly [name: string]: JsonValue } | undefined;
  readonly id?: string;
  readonly cursor?: CursorKeys;
  /** Column values in Postgres' text form, or its binary one, by the key of the change and the place in its field. */
  readonly values?: { readonly [key: string]: readonly (string | Buffer | null)[] };
  /** Of which a stored record must have one. */
  readonly versions?: readonly string[];
}

export type Binder = (env: Env) => unknown;

export class SqlText {
  readonly #binders: Binder[] = [];
  readonly #byKey = new Map<string, string>();
  #aliases = 0;

  /**
   * A place for a value; one key is bound once, however often it is asked for. The place gets its `$n` in `finish`, since
   * a part of a statement may be made and then not be used, and Postgres refuses parameters that stand nowhere.
   */
  bind(key: string, binder: Binder): string {
    const known = this.#byKey.get(key);
    if (known) return known;
    this.#binders.push(binder);
    const place = `\uE000${this.#binders.length - 1};`;
    this.#byKey.set(key, place);
    return place;
  }

  /** A table alias that no other part of the statement uses. */
  alias(): string {
    this.#aliases += 1;
    return `r${this.#aliases}`;
  }

  /**
   * `named`: worth a name on every connection from the first run on.
   *
   * `oneForAll`: one plan is the best for all values. Postgres plans a named statement anew for each run as long as it
   * believes that knowing the values finds a better plan, and that takes longer than reading a page. Behind a sub-select
   * it knows no value, so it stops trying after the fifth run.
   */
  finish(text: string, named: boolean, oneForAll = false): CompiledStatement {
    const used: Binder[] = [];
    const numbers = new Map<string, number>();
    const numbered = text.replace(placeAndType, (_place, index: string, type = "") => {
      if (!numbers.has(index)) numbers.set(index, used.push(this.#binders[Number(index)] as Binder));
      const value = `$${numbers.get(index)}${type}`;
      return oneForAll ? `(SELECT ${value})` : value;
    });
    return new CompiledStatement(numbered, used, named);
  }
}

const placeAndType = /\uE000(\d+);(::\w+(?:\(\d+\))?(?:\[\])?)?/g;

/** How often an ad-hoc statement must be seen before it is worth a name on every connection. */
const seenBeforeNamed = 5;
const seenMax = 1_000;
const seen = new Map<string, number>();

/** Counts by text: two filters that differ only in their values are one statement. Forgets what was first seen longest ago. */
function seenOften(name: string): boolean {
  const times = (seen.get(name) ?? 0) + 1;
  seen.set(name, times);
  if (seen.size > seenMax) seen.delete(seen.keys().next().value as string);
  return times > seenBeforeNamed;
}

export class CompiledStatement {
  readonly text: string;
  readonly #binders: readonly Binder[];
  readonly #name: string;
  #named: boolean;

  constructor(text: string, binders: readonly Binder[], named: boolean) {
    this.text = text;
    this.#binders = binders;
    this.#name = statementName(text);
    this.#named = named;
  }

  run(env: Env): Statement {
    const binders = this.#binders;
    const values = new Array<unknown>(binders.length);
    for (let i = 0; i < binders.length; i++) values[i] = (binders[i] as Binder)(env);
    if (!this.#named) {
      this.#named = seenOften(this.#name);
      if (!this.#named) return { text: this.text, values };
    }
    return { text: this.text, values, name: this.#name };
  }
}

export function statementName(text: string): string {
  return `lf_${createHash("sha256").update(text).digest("base64url").slice(0, 22)}`;
}

/** A quoted identifier. Names come from our own catalogue, whose words hold no quote; doubling is a second lock. */
export const quote = (name: string): string => `"${name.replaceAll('"', '""')}"`;

/** A quoted SQL string, for the few constants that must stand in the text. */
export const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`;

export function and(parts: readonly (string | undefined)[]): string {
  const real = new Set(parts.filter((part) => part !== undefined && part !== "true"));
  return real.size === 0 ? "true" : [...real].map((part) => `(${part})`).join(" AND ");
}
