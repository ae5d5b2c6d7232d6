// Checks expressions in the browser with the product's own checker, so that a mistake shows while it is typed. The server
// checks again when a rule is saved; the two agree because they are the same code.
import { CelError, type CheckEnv, check, inversesOf, parse, rowTypeOf } from "@landfall/client/cel";
import type { Collection } from "../api/types.ts";
import type { Finding } from "./finding.ts";

export interface CheckScope {
  readonly collection: Collection;
  readonly all: readonly Collection[];
  /** Only update rules may name `before`. */
  readonly hasBefore: boolean;
}

/** What is wrong with a rule, or nothing. */
export function checkRule(text: string, scope: CheckScope): Finding | undefined {
  try {
    check(parse(text), { mode: "rule", before: scope.hasBefore, ...environment(scope) });
    return undefined;
  } catch (error) {
    if (!(error instanceof CelError)) throw error;
    return { message: error.message, advice: error.advice, from: error.offset };
  }
}

function environment({ collection, all }: CheckScope): Pick<CheckEnv, "row" | "collections"> {
  const inverses = inversesOf(all);
  const rowOf = (each: Collection) => rowTypeOf(each, inverses.get(each.name));
  return {
    row: rowOf(collection),
    collections: (name) => {
      const found = all.find((other) => other.name === name);
      return found && rowOf(found);
    },
  };
}
