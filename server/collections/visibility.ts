// Which rows and which fields somebody may reach, as SQL conditions. Every door builds its statements from here, so that
// a decision exists once: list, query, get, expand, export, batch and the writer.
import type { RecordAction } from "../kernel/actor.ts";
import type { Clauses } from "./expression-sql.ts";
import { and } from "./query-sql.ts";
import { type Audience, inScope, readRule, writeRule } from "./record-fields.ts";
import type { FieldDefinition, Schema } from "./types.ts";
import { namesBefore, ruleAsClauses, ruleTruth } from "./visibility-expression.ts";
import type { Build, Row } from "./visibility-types.ts";

/** The text of the rule that decides an action: `get` is `list` when unset. Undefined: admins only. */
export function ruleOf(schema: Schema, action: RecordAction): string | undefined {
  const { rules } = schema;
  const text = action === "get" ? (rules.get ?? rules.list) : rules[action];
  return text ?? undefined;
}

/** Whether the collection exists for this audience as far as the action goes; if not, the answer is the one 404. */
export function mayAsk(audience: Audience, schema: Schema, action: RecordAction): boolean {
  if (!inScope(audience, schema, action)) return false;
  return audience.passesRules || ruleOf(schema, action) !== undefined;
}

/** One top-level operand of a rule's `&&`: what a denial names. */
export interface Clause {
  readonly text: string;
  readonly sql: string;
}

/** Conditions that must all hold before the audience may do `action` on a stored row. */
export function clauses(build: Build, action: RecordAction, row: Row): readonly Clause[] {
  if (!mayAsk(build.audience, row.schema, action)) return [nothingAllows];
  return ruleClauses(build, action, row);
}

/**
 * Conditions under which a stored row is there for somebody who wants to change or delete it. The get rule says which rows are,
 * the scope only what may be done with them: a key that may update and not get changes what its rules let it see.
 */
export function presence(build: Build, action: "update" | "delete", row: Row): readonly Clause[] {
  const { audience } = build;
  const asks = inScope(audience, row.schema, action) || inScope(audience, row.schema, "get");
  if (!asks || (!audience.passesRules && ruleOf(row.schema, "get") === undefined)) return [nothingAllows];
  return ruleClauses(build, "get", row);
}

const nothingAllows: Clause = { text: "no rule", sql: "false" };

function ruleClauses(build: Build, action: RecordAction, row: Row): readonly Clause[] {
  if (build.audience.passesRules) return [];
  const rule = ruleOf(row.schema, action) as string;
  return clauseTexts(rule).map((text) => ({ text, sql: ruleTruth(build, text, action, { row }) }));
}

/** The same for an update, asked of the stored and of the new row. */
export function updateClauses(build: Build, rows: { readonly row: Row; readonly before: Row }): readonly Clause[] {
  const { schema } = rows.row;
  if (!mayAsk(build.audience, schema, "update")) return [nothingAllows];
  if (build.audience.passesRules) return [];
  return bothRows(build, ruleOf(schema, "update") as string, "update", rows);
}

export const allowed = (build: Build, action: RecordAction, row: Row): string =>
  and(clauses(build, action, row).map(({ sql }) => sql));

/** `allowed` as clauses, for whoever wants to know what they ask. */
export function allowedClauses(build: Build, action: RecordAction, row: Row): Clauses {
  if (!mayAsk(build.audience, row.schema, action)) return [["false"]];
  if (build.audience.passesRules) return [];
  return ruleAsClauses(build, ruleOf(row.schema, action) as string, action, { row });
}

/** Condition under which the audience sees this field of the row; "true" when nothing protects it. */
export function readable(build: Build, field: FieldDefinition, row: Row): string {
  const rule = readRule(field, build.audience);
  return rule === undefined ? "true" : ruleTruth(build, rule, "read", { row });
}

/** Condition under which the audience may set this field: like an update rule, asked of the stored and of the new row. */
export function settable(build: Build, field: FieldDefinition, rows: { row: Row; before?: Row | undefined }): string {
  const rule = writeRule(field, build.audience);
  return rule === undefined ? "true" : and(bothRows(build, rule, "write", rows).map(({ sql }) => sql));
}

/**
 * An update rule that names `before` is asked once, bare names being the new row; one that does not must hold for both
 * the stored and the new row, so that nobody takes a row over and nobody gives away what they could not hold.
 */
function bothRows(
  build: Build,
  rule: string,
  operation: "update" | "write",
  rows: { readonly row: Row; readonly before?: Row | undefined },
): readonly Clause[] {
  const { row, before } = rows;
  const ask = (text: string, asked: typeof rows) => ({ text, sql: ruleTruth(build, text, operation, asked) });
  const texts = clauseTexts(rule);
  if (!before || namesBefore(build, row.schema, rule, operation)) return texts.map((text) => ask(text, rows));
  return texts.flatMap((text) => [ask(text, { row: before }), ask(text, { row })]);
}

/** `a && b && c` is true exactly where each operand is; every other rule is one clause. Brackets and texts stay whole. */
export function clauseTexts(rule: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let start = 0;
  for (const token of rule.matchAll(/\/\/[^\n]*|"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|[([{]|[)\]}]|&&|\|\||\?/g)) {
    const [word] = token;
    if ("([{".includes(word)) depth += 1;
    else if (")]}".includes(word)) depth -= 1;
    else if (depth === 0 && (word === "||" || word === "?")) return [rule];
    else if (depth === 0 && word === "&&") {
      parts.push(rule.slice(start, token.index).trim());
      start = token.index + 2;
    }
  }
  return [...parts, rule.slice(start).trim()];
}
