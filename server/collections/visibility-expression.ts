// Rules and filters as SQL conditions of one statement: the bridge between the room's rows and the expression compiler.
import { CelError } from "@landfall/client/cel";
import { checkFilter, checkRule, type RuleOptions, tablesOf } from "./expression-env.ts";
import { slotValue } from "./expression-slots.ts";
import { type CompileOptions, compileTruth, type RowSource } from "./expression-sql.ts";
import type { SqlText } from "./query-sql.ts";
import { errors } from "./record-errors.ts";
import { joinTableOf, knownField } from "./record-fields.ts";
import type { JsonValue, Schema } from "./types.ts";
import { allowed, type Build, type Row, readable } from "./visibility.ts";

type Operation = RuleOptions["operation"];

/** The rule as a condition that is true exactly where the rule holds; false or null elsewhere. It never raises. */
export function ruleTruth(
  build: Build,
  rule: string,
  operation: Operation,
  rows: { readonly row: Row; readonly before?: Row | undefined },
): string {
  const checked = checkRule(build.schemas, rows.row.schema, rule, { operation });
  const before = rows.before && { before: sourceOf(rows.before) };
  return compileTruth(checked, { ...optionsOf(build), row: sourceOf(rows.row), ...before });
}

export function namesBefore(build: Build, schema: Schema, rule: string, operation: Operation): boolean {
  return checkRule(build.schemas, schema, rule, { operation }).namesBefore;
}

/** A caller's filter: hidden fields do not exist in it, every hop goes through list rules, every read through field rules. */
export function filterTruth(
  build: Build,
  filter: string | object,
  params: { readonly [name: string]: JsonValue } | undefined,
  row: Row,
): string {
  const schemaOf = (name: string) => build.schemas.byName.get(name) as Schema;
  const rowOf = (collection: string, source: RowSource): Row => ({
    schema: schemaOf(collection),
    column: (name) => source.column(name),
  });
  const canRead = (collection: string, field: string) => {
    const schema = build.schemas.byName.get(collection);
    return schema !== undefined && knownField(schema, field, build.audience) !== undefined;
  };
  return refusing(() => {
    const checked = checkFilter(build.schemas, row.schema, filter, { params: params ?? {}, canRead });
    return compileTruth(checked, {
      ...optionsOf(build),
      row: sourceOf(row),
      hop: (collection, source) => unlessTrue(allowed(build, "list", rowOf(collection, source))),
      guard(collection, name, source) {
        const field = knownField(schemaOf(collection), name, build.audience);
        return field && unlessTrue(readable(build, field, rowOf(collection, source)));
      },
    });
  });
}

const unlessTrue = (condition: string) => (condition === "true" ? undefined : condition);

function optionsOf(build: Build): Pick<CompileOptions, "binder" | "table" | "joinTable" | "aliasPrefix"> {
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

function sourceOf(row: Row): RowSource {
  const column = (name: string) => row.column(name);
  if (!row.list) return { column };
  const stored = (field: string) =>
    `ARRAY(SELECT j.target FROM ${joinTableOf(row.schema.name, field)} j WHERE j.owner = ${row.column("id")} ORDER BY j.position)`;
  return { column, links: (field) => row.list?.(field) ?? stored(field) };
}

/** What is wrong with a filter, and where, is the caller's to know. */
function refusing<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof CelError)) throw error;
    const { code, message, advice, offset, line, column, path } = error;
    throw errors.query_invalid({
      issues: [{ path: path === undefined ? "filter" : `/filter${path}`, code, message: `${message} ${advice}` }],
      extra: { position: { offset, line, column } },
    });
  }
}
