// A caller's filter as an SQL condition of one statement, seen with the caller's eyes.
import { CelError } from "@landfall/client/cel";
import { checkFilter } from "./expression-env.ts";
import { type Clauses, compileClauses, type RowSource } from "./expression-sql.ts";
import { errors } from "./record-errors.ts";
import { knownField } from "./record-fields.ts";
import type { JsonValue, Schema } from "./types.ts";
import { allowed, readable } from "./visibility.ts";
import { optionsOf, sourceOf } from "./visibility-expression.ts";
import type { Build, Row } from "./visibility-types.ts";

/** A caller's filter: hidden fields do not exist in it, every hop goes through list rules, every read through field rules. */
export function filterClauses(
  build: Build,
  filter: string | object,
  params: { readonly [name: string]: JsonValue } | undefined,
  row: Row,
): Clauses {
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
    return compileClauses(checked, {
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

/** What is wrong with a filter, and where, is the caller's to know. */
function refusing<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof CelError)) throw error;
    const { code, message, advice, offset, line, column, path } = error;
    throw errors.query_invalid({
      issues: [{ path: path === undefined ? "query.filter" : `/filter${path}`, code, message: `${message} ${advice}` }],
      extra: { position: { offset, line, column } },
    });
  }
}
