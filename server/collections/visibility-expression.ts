// Rules and filters as SQL conditions of one statement: the bridge between the room's rows and the expression compiler.
import { CelError } from "@landfall/client/cel";
import { checkRule, type RuleOptions, tablesOf } from "./expression-env.ts";
import { slotValue } from "./expression-slots.ts";
import { type Clauses, type CompileOptions, compileClauses, compileTruth, type RowSource } from "./expression-sql.ts";
import type { SqlText } from "./query-sql.ts";
import { joinTableOf } from "./record-fields.ts";
import type { Schema } from "./types.ts";
import type { Build, Row } from "./visibility-types.ts";

type Operation = RuleOptions["operation"];
type Rows = { readonly row: Row; readonly before?: Row | undefined };

/** The rule as a condition that is true exactly where the rule holds; false or null elsewhere. It never raises. */
export const ruleTruth = (build: Build, rule: string, operation: Operation, rows: Rows): string =>
  compiledRule(compileTruth, build, { rule, operation, rows }) ?? "false";

/** The same as clauses that must all hold. */
export const ruleAsClauses = (build: Build, rule: string, operation: Operation, rows: Rows): Clauses =>
  compiledRule(compileClauses, build, { rule, operation, rows }) ?? [["false"]];

/** A stored rule was checked when it was saved. Should a newer server refuse it, it is undefined and allows nothing. */
function compiledRule<T>(
  compile: (checked: ReturnType<typeof checkRule>, options: CompileOptions) => T,
  build: Build,
  { rule, operation, rows }: { readonly rule: string; readonly operation: Operation; readonly rows: Rows },
): T | undefined {
  const before = rows.before && { before: sourceOf(rows.before) };
  try {
    const checked = checkRule(build.schemas, rows.row.schema, rule, { operation });
    return compile(checked, { ...optionsOf(build), row: sourceOf(rows.row), ...before });
  } catch (error) {
    if (error instanceof CelError) return undefined;
    throw error;
  }
}

export function namesBefore(build: Build, schema: Schema, rule: string, operation: Operation): boolean {
  return checkRule(build.schemas, schema, rule, { operation }).namesBefore;
}

export function optionsOf(build: Build): Pick<CompileOptions, "binder" | "table" | "joinTable" | "aliasPrefix"> {
  return { ...tablesOf(build.schemas), binder: slotsIn(build.sql), aliasPrefix: build.sql.alias() };
}

function slotsIn(sql: SqlText): CompileOptions["binder"] {
  return {
    bind: (slot, pgType) =>
      `${sql.bind(`${JSON.stringify(slot)} ${pgType}`, ({ ctx, params }) =>
        slotValue(slot, { auth: ctx.actor.auth, nowMs: ctx.nowMs, door: ctx.door, ...(params ? { params } : {}) }),
      )}::${pgType}`,
  };
}

export function sourceOf(row: Row): RowSource {
  const column = (name: string) => row.column(name);
  if (!row.list) return { column };
  const stored = (field: string) =>
    `ARRAY(SELECT j.target FROM ${joinTableOf(row.schema.name, field)} j WHERE j.owner = ${row.column("id")} ORDER BY j.position)`;
  return { column, links: (field) => row.list?.(field) ?? stored(field) };
}
