// Which rows and which fields somebody may reach, as SQL conditions. Every door builds its statements from here, so that
// a decision exists once: list, query, get, expand, export, batch and the writer.
import type { RecordAction } from "../kernel/actor.ts";
import { type Audience, inScope, readRule, writeRule } from "./record-fields.ts";
import type { SqlText } from "./query-sql.ts";
import type { FieldKinds } from "./field-kinds.ts";
import type { FieldDefinition, JsonValue, Schema, Schemas } from "./types.ts";

/** How an expression reaches the values of one row: a stored row by its alias, a row about to be written by its expressions. */
export interface Row {
  readonly schema: Schema;
  /** SQL of one column. */
  column(name: string): string;
  /** SQL text[] of a to-many relation when its new list is not in the join table yet. */
  list?(field: string): string | undefined;
}

/** Compiles a rule into an SQL condition that is true or false, never null, and never raises. */
export type RuleCompiler = (
  sql: SqlText,
  schemas: Schemas,
  rule: string,
  rows: { readonly row: Row; readonly before?: Row },
) => string;

/** Compiles a caller's filter: each hop is read through the target's list rule and through field rules. */
export type FilterCompiler = (
  build: Build,
  filter: string | object,
  params: { readonly [name: string]: JsonValue } | undefined,
  row: Row,
) => string;

/** What every part of one statement shares while it is compiled. */
export interface Build {
  readonly sql: SqlText;
  readonly schemas: Schemas;
  readonly kinds: FieldKinds;
  readonly audience: Audience;
  readonly rule: RuleCompiler;
  readonly filter: FilterCompiler;
}

/** The text of the rule that decides an action: `get` is `list` when unset. Undefined: admins only. */
export function ruleOf(schema: Schema, action: RecordAction): string | undefined {
  const { rules } = schema;
  const text = action === "get" ? (rules.get ?? rules.list) : rules[action];
  return text ?? undefined;
}

/** Whether the collection exists for this audience as far as the action goes; if not, the answer is the one 404. */
export function mayAsk(audience: Audience, schema: Schema, action: RecordAction): boolean {
  if (!inScope(audience, schema.name, action)) return false;
  return audience.passesRules || ruleOf(schema, action) !== undefined;
}

/** Condition under which the audience may do `action` on a stored row. */
export function allowed(build: Build, action: RecordAction, row: Row): string {
  if (!mayAsk(build.audience, row.schema, action)) return "false";
  if (build.audience.passesRules) return "true";
  return build.rule(build.sql, build.schemas, ruleOf(row.schema, action) as string, { row });
}

/** Condition under which the audience sees this field of the row; "true" when nothing protects it. */
export function readable(build: Build, field: FieldDefinition, row: Row): string {
  const rule = readRule(field, build.audience);
  return rule === undefined ? "true" : build.rule(build.sql, build.schemas, rule, { row });
}

/** Condition under which the audience may set this field: like an update rule, asked of the stored and of the new row. */
export function settable(build: Build, field: FieldDefinition, rows: { row: Row; before?: Row }): string {
  const rule = writeRule(field, build.audience);
  return rule === undefined ? "true" : bothRows(build, rule, rows);
}

/**
 * An update rule that names `before` is asked once, bare names being the new row; one that does not must hold for both
 * the stored and the new row, so that nobody takes a row over and nobody gives away what they could not hold.
 */
export function bothRows(build: Build, rule: string, rows: { row: Row; before?: Row }): string {
  const { sql, schemas } = build;
  if (!rows.before) return build.rule(sql, schemas, rule, { row: rows.row });
  if (namesBefore(rule)) return build.rule(sql, schemas, rule, { row: rows.row, before: rows.before });
  return `(${build.rule(sql, schemas, rule, { row: rows.before })}) AND (${build.rule(sql, schemas, rule, { row: rows.row })})`;
}

/** `before` is reserved: as a word outside of string literals it can only be the stored row. */
export function namesBefore(rule: string): boolean {
  const bare = rule.replace(/\/\/[^\n]*|"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'/g, '""');
  return /(?<![.\w])before\b/.test(bare);
}
