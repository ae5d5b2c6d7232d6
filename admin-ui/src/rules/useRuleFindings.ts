// Checks rules while they are typed, with the same checker that the server uses when it saves them.
import { useEffect, useState } from "react";
import { type Collection, type RuleName, type Rules, ruleNames } from "../api/types.ts";
import type { CheckScope } from "./cel-check.ts";
import type { Finding } from "./finding.ts";

type Checker = typeof import("./cel-check.ts");
export type RuleFindings = { readonly [name in RuleName]?: Finding };

/** Loaded once, with the first rule that is looked at; the parser is no part of the first load. */
let loading: Promise<Checker> | undefined;

function useChecker(): Checker | undefined {
  const [checker, setChecker] = useState<Checker>();
  useEffect(() => {
    loading ??= import("./cel-check.ts");
    void loading.then((loaded) => setChecker(loaded));
  }, []);
  return checker;
}

/** What is wrong with one expression. */
export function useFinding(text: string, scope: CheckScope): Finding | undefined {
  const checker = useChecker();
  return text.trim() === "" ? undefined : checker?.checkRule(text, scope);
}

export function useRuleFindings(collection: Collection, all: readonly Collection[], rules: Rules): RuleFindings {
  const checker = useChecker();
  if (!checker) return {};
  const findings: { [name in RuleName]?: Finding } = {};
  for (const name of ruleNames) {
    const text = rules[name];
    if (!text?.trim()) continue;
    const found = checker.checkRule(text, { collection, all, hasBefore: name === "update" });
    if (found) findings[name] = found;
  }
  return findings;
}
