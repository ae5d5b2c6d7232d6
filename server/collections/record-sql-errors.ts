// What Postgres says against a write, in the caller's words. Constraint names come from our own DDL, so a field is found
// by computing its constraint's name; nothing of the message is passed on.
import type { Issue } from "../kernel/errors/index.ts";
import { accountIdConstraint } from "./definition-account.ts";
import { checkName, foreignKeyName, indexName, joinTable, primaryKeyName } from "./definition-names.ts";
import { errors } from "./record-errors.ts";
import type { FieldDefinition, Schema } from "./types.ts";

interface DatabaseError {
  readonly code?: string;
  readonly constraint?: string;
  readonly table?: string;
  readonly column?: string;
}

/** `named`: the fields the caller sent. No other name may stand in an answer. */
export function explainSqlError(error: unknown, schema: Schema, named: ReadonlySet<string>, at = ""): unknown {
  if (!(error instanceof Error)) return error;
  const { code = "", constraint = "", table = "", column = "" } = error as DatabaseError;
  const path = (name: string) => (named.has(name) ? `${at}/${name}` : at);
  const refuse = (field: FieldDefinition | undefined, reason: string, message: string) => {
    const issue: Issue = { path: field ? path(field.name) : at, code: reason, message };
    return errors.record_unprocessable({ issues: [issue], cause: error });
  };
  switch (code) {
    case "23505":
      return takenProblem(schema, constraint, named, at, error);
    case "23503":
    case "23001": {
      const field = referenceField(schema, table, constraint);
      if (field) return missingTarget(field, path(field.name), error);
      return errors.record_in_use({ cause: error });
    }
    case "23514":
    case "23502": {
      const field = schema.fields.find(
        (one) => checkName(one.name) === constraint || column === one.name || column.startsWith(`${one.name}_`),
      );
      return refuse(field, "range", "The value is not possible for this field.");
    }
    case "54000": // an index entry or a row too large
    case "54011":
    case "22P05":
    case "22021":
      return refuse(undefined, "too_large", "A value is too large or holds text that cannot be stored.");
    case "40001":
    case "40P01":
    case "55P03":
      return errors.record_busy({ retryAfterSeconds: 1, cause: error });
    default:
      // Data exceptions should be impossible, since every expression is total; if one slips through it is still the input's.
      return code.startsWith("22") ? refuse(undefined, "range", "A value is not possible.") : error;
  }
}

export function isTakenId(error: unknown, schema: Schema): boolean {
  const { code, constraint } = error as DatabaseError;
  return code === "23505" && isIdConstraint(schema, constraint ?? "");
}

/** Of its own table, or of the accounts of all `auth` collections. */
const isIdConstraint = (schema: Schema, constraint: string) =>
  constraint === primaryKeyName(schema.name) || constraint === accountIdConstraint;

/** The same words whether the target does not exist or may not be seen. */
export function missingTarget(field: FieldDefinition, path: string, cause?: unknown): Error {
  const issue: Issue = { path, code: "relation_not_found", message: `There is no such record in ${field.collection}.` };
  return errors.record_unprocessable({ issues: [issue], cause });
}

export function takenProblem(
  schema: Schema,
  constraint: string,
  named: ReadonlySet<string>,
  at: string,
  cause?: unknown,
): Error {
  return errors.record_conflict({ issues: uniqueIssues(schema, constraint, named, at), cause });
}

function uniqueIssues(schema: Schema, constraint: string, named: ReadonlySet<string>, at: string): Issue[] {
  const message = "This value is taken.";
  if (isIdConstraint(schema, constraint)) return [{ path: `${at}/id`, code: "taken", message }];
  const index = schema.indexes.find((one) => one.unique && indexName(schema.name, one) === constraint);
  const own = (index?.fields ?? []).filter((name) => named.has(name));
  if (own.length === 0) return [{ path: at, code: "taken", message }];
  return own.map((name) => ({ path: `${at}/${name}`, code: "taken", message }));
}

/** The relation whose own foreign key failed; undefined when it is another collection's that points here. */
function referenceField(schema: Schema, table: string, constraint: string): FieldDefinition | undefined {
  return schema.fields.find((field) => {
    if (field.type !== "relation") return false;
    return field.many
      ? table === joinTable(schema.name, field.name)
      : table === schema.name && constraint === foreignKeyName(field.name);
  });
}
