// Checks rules while they are typed, with the same checker that the server uses when it saves them.
import { useEffect, useState } from "react";
import { type Collection, type RuleName, type Rules, ruleNames } from "../api/types.ts";
import type { Finding } from "./finding.ts";

type Checker = typeof import("./cel-check.ts");
export type RuleFindings = { readonly [name in RuleName]?: Finding };

/** Loaded once, with the first rule that is looked at; the parser is no part of the first load. */
let loading: Promise<Checker> | undefined;

export function useRuleFindings(collection: Collection, all: readonly Collection[], rules: Rules): RuleFindings {
  const [checker, setChecker] = useState<Checker>();
  useEffect(() => {
    loading ??= import("./cel-check.ts");
    void loading.then(setChecker);
  }, []);
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
