// Puts the writer of definitions together with what it needs: the expression language, the change log, the field types.
import { CelError, compilePattern } from "@landfall/client/cel";
import { announce, installCapture, removeCapture } from "../kernel/changelog/capture.ts";
import type { CheckRule, ClassifyRule, RuleIssue } from "./definition-judge.ts";
import type { DefinitionTools, NameFollower } from "./definition-write.ts";
import { checkRule } from "./expression-env.ts";
import { type FieldKinds, fieldKinds } from "./field-kinds.ts";
import type { CompilePattern } from "./field-text.ts";

/** A field's `pattern` is of the subset that `matches` takes. A text past the engine's bound does not match. */
const compileFieldPattern: CompilePattern = (source) => {
  const pattern = compilePattern(source);
  return (text) => pattern.test(text) === true;
};

/** The field types as the whole server uses them. */
export const kindOf: FieldKinds = fieldKinds(compileFieldPattern);

const ruleIssues: CheckRule = (schemas, schema, operation, text) => {
  try {
    checkRule(schemas, schema, text, { operation });
    return [];
  } catch (error) {
    if (error instanceof CelError) return [refusalOf(error.within(text))];
    throw error;
  }
};

/** Nothing for a rule that was saved by an older checker and does not hold any more. */
const classifyRule: ClassifyRule = (schemas, schema, operation, text) => {
  try {
    return checkRule(schemas, schema, text, { operation }).class;
  } catch (error) {
    if (error instanceof CelError) return undefined;
    throw error;
  }
};

function refusalOf(error: CelError): RuleIssue {
  const message = `${error.message} (line ${error.line}, column ${error.column}) ${error.advice}`;
  return { code: error.code, message, position: error.offset };
}

export interface DefinitionToolsOptions {
  /** How long a change of a definition waits for the readers and writers of its table; they wait behind it meanwhile. */
  readonly lockTimeoutMs: number;
  readonly followers?: readonly NameFollower[];
}

export function definitionTools({ lockTimeoutMs, followers = [] }: DefinitionToolsOptions): DefinitionTools {
  return {
    kindOf,
    compilePattern: compileFieldPattern,
    checkRule: ruleIssues,
    classifyRule,
    capture: { install: installCapture, remove: removeCapture, announce },
    followers,
    lockTimeoutMs,
  };
}
