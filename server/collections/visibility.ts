// Which rows and which fields somebody may reach, as SQL conditions. Every door builds its statements from here, so that
// a decision exists once: list, query, get, expand, export, batch and the writer.
import type { RecordAction } from "../kernel/actor.ts";
import { type Audience, inScope, readRule, writeRule } from "./record-fields.ts";
import type { SqlText } from "./query-sql.ts";
import type { FieldKinds } from "./field-kinds.ts";
import { namesBefore, ruleTruth } from "./visibility-expression.ts";
import type { FieldDefinition, Schema, Schemas } from "./types.ts";

/** How an expression reaches the values of one row: a stored row by its alias, a row about to be written by its expressions. */
export interface Row {
  readonly schema: Schema;
  /** SQL of one column. */
  column(name: string): string;
  /** SQL text[] of a to-many relation when its new list is not in the join table yet. */
  list?(field: string): string | undefined;
}

/** What every part of one statement shares while it is compiled. */
export interface Build {
  readonly sql: SqlText;
  readonly schemas: Schemas;
  readonly kinds: FieldKinds;
  readonly audience: Audience;
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
  return ruleTruth(build, ruleOf(row.schema, action) as string, action, { row });
}

/** Condition under which the audience sees this field of the row; "true" when nothing protects it. */
export function readable(build: Build, field: FieldDefinition, row: Row): string {
  const rule = readRule(field, build.audience);
  return rule === undefined ? "true" : ruleTruth(build, rule, "read", { row });
}

/** Condition under which the audience may set this field: like an update rule, asked of the stored and of the new row. */
export function settable(build: Build, field: FieldDefinition, rows: { row: Row; before?: Row | undefined }): string {
  const rule = writeRule(field, build.audience);
  return rule === undefined ? "true" : bothRows(build, rule, "write", rows);
}

/**
 * An update rule that names `before` is asked once, bare names being the new row; one that does not must hold for both
 * the stored and the new row, so that nobody takes a row over and nobody gives away what they could not hold.
 */
export function bothRows(
  build: Build,
  rule: string,
  operation: "update" | "write",
  rows: { row: Row; before?: Row | undefined },
): string {
  const { row, before } = rows;
  if (!before || namesBefore(build, row.schema, rule, operation)) return ruleTruth(build, rule, operation, rows);
  return `(${ruleTruth(build, rule, operation, { row: before })}) AND (${ruleTruth(build, rule, operation, { row })})`;
}
