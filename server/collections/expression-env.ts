// Between the collections and the expression language: row types and compile options from the schemas.
import {
  type CheckEnv,
  type Checked,
  check,
  fromWire,
  parse,
  type RowType,
  rowTypeOf as rowTypeOfDefinition,
} from "@landfall/client/cel";
import type { CompileOptions, RowSource } from "./expression-sql.ts";
import type { Schema, Schemas } from "./types.ts";

const rowTypes = new WeakMap<Schema, RowType>();

/** A schema as expressions see it; kept per schema version. */
export function rowTypeOf(schema: Schema): RowType {
  const known = rowTypes.get(schema);
  if (known) return known;
  const made = rowTypeOfDefinition(schema, schema.inverses);
  rowTypes.set(schema, made);
  return made;
}

export interface RuleOptions {
  readonly operation: "list" | "get" | "create" | "update" | "delete" | "read" | "write";
}

/** Checks the text of a rule or field rule. Update rules may name `before`. Throws CelError. */
export function checkRule(schemas: Schemas, schema: Schema, text: string, options: RuleOptions): Checked {
  const field = options.operation === "read" || options.operation === "write";
  return check(parse(text), {
    ...envOf(schemas, schema),
    mode: field ? "field" : "rule",
    before: options.operation === "update" || options.operation === "write",
  });
}

export interface FilterOptions {
  readonly params?: { readonly [name: string]: unknown };
  /** False hides a field as if it did not exist. By default: every field that is not `hidden`. */
  readonly canRead?: (collection: string, field: string) => boolean;
  /** False hides a collection from collection() and hops, as if it did not exist. By default all are known. */
  readonly canName?: (collection: string) => boolean;
}

/** Checks a client's filter, CEL text or tree. Throws CelError. */
export function checkFilter(schemas: Schemas, schema: Schema, filter: unknown, options: FilterOptions = {}): Checked {
  const expr = typeof filter === "string" ? parse(filter) : fromWire(filter);
  const canRead = options.canRead ?? ((name, field) => !schemas.byName.get(name)?.fieldByName.get(field)?.hidden);
  return check(expr, {
    ...envOf(schemas, schema, options.canName),
    mode: "filter",
    params: options.params ?? {},
    canRead,
  });
}

function envOf(
  schemas: Schemas,
  schema: Schema,
  canName?: FilterOptions["canName"],
): Pick<CheckEnv, "row" | "collections"> {
  return {
    row: rowTypeOf(schema),
    collections: (name) => {
      const found = canName === undefined || canName(name) ? schemas.byName.get(name) : undefined;
      return found && rowTypeOf(found);
    },
  };
}

export const quoteName = (name: string): string => `"${name.replaceAll('"', '""')}"`;

/** The table side of CompileOptions for a set of schemas. */
export function tablesOf(schemas: Schemas): Pick<CompileOptions, "table" | "joinTable"> {
  const known = (name: string): Schema => {
    const schema = schemas.byName.get(name);
    if (!schema) throw new Error("an expression reads a collection that these schemas do not hold");
    return schema;
  };
  return {
    table: (collection) => `public.${quoteName(known(collection).name)}`,
    joinTable: (collection, field) => `public.${quoteName(`${known(collection).name}__${field}`)}`,
  };
}

/** A row read under an alias. */
export function rowAt(alias: string): RowSource {
  const quoted = quoteName(alias);
  return { column: (name) => `${quoted}.${quoteName(name)}` };
}
