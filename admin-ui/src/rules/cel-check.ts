// Checks expressions in the browser with the product's own checker, so that a mistake shows while it is typed. The server
// checks again when a rule is saved; the two agree because they are the same code.
import {
  CelError,
  type CheckEnv,
  check,
  listOf,
  parse,
  type RowField,
  type RowType,
  relationTo,
  type Type,
  types,
} from "@landfall/client/cel";
import type { Collection, Field, FieldType } from "../api/types.ts";
import type { Finding } from "./finding.ts";

export interface CheckScope {
  readonly collection: Collection;
  readonly all: readonly Collection[];
  /** Only update rules may name `before`. */
  readonly hasBefore: boolean;
}

const kinds: { readonly [type in Exclude<FieldType, "relation">]: Type } = {
  text: types.string,
  id: types.string,
  email: types.string,
  url: types.string,
  select: types.string,
  richtext: types.string,
  number: types.double,
  integer: types.int,
  decimal: types.decimal,
  bool: types.bool,
  datetime: types.timestamp,
  autodate: types.timestamp,
  date: types.string,
  json: types.json,
  geo: types.geo,
};

const systemFields: readonly (readonly [string, RowField])[] = [
  ["id", { type: types.string, nullable: false }],
  ["createdAt", { type: types.timestamp, nullable: false }],
  ["updatedAt", { type: types.timestamp, nullable: false }],
  ["version", { type: types.int, nullable: false }],
];

/** What is wrong with a rule, or nothing. */
export function checkRule(text: string, scope: CheckScope): Finding | undefined {
  try {
    check(parse(text), { mode: "rule", before: scope.hasBefore, ...environment(scope) });
    return undefined;
  } catch (error) {
    if (!(error instanceof CelError)) throw error;
    return { message: error.message, advice: error.advice, from: error.offset };
  }
}

function environment({ collection, all }: CheckScope): Pick<CheckEnv, "row" | "collections"> {
  return {
    row: rowOf(collection, all),
    collections: (name) => {
      const found = all.find((other) => other.name === name);
      return found && rowOf(found, all);
    },
  };
}

function rowOf(collection: Collection, all: readonly Collection[]): RowType {
  const fields = new Map(systemFields);
  for (const field of collection.fields) fields.set(field.name, rowField(field));
  const inverses = new Map<string, { collection: string; field: string }>();
  for (const other of all)
    for (const field of other.fields)
      if (field.collection === collection.name && field.inverse)
        inverses.set(field.inverse, { collection: other.name, field: field.name });
  return { collection: collection.name, fields, inverses };
}

function rowField(field: Field): RowField {
  const type = field.type === "relation" ? relationTo(field.collection ?? "") : kinds[field.type];
  const date = field.type === "date" ? { date: true } : {};
  return field.many
    ? { type: listOf(type), nullable: false, ...date }
    : { type, nullable: field.required !== true, ...date };
}
