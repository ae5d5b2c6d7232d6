// The DDL that turns one definition's tables into another's. Five phases, because rows are captured by triggers that know
// the columns by name:
//
//   loosen     constraints and indexes that no longer hold are dropped
//   reshape    columns and tables are dropped, renamed, added, converted
//   ── the capture triggers are made anew for the new columns ──
//   prove      the rows satisfy the fields' checks, or the change is refused
//   fill       nulls of fields that became required take the default: ordinary updates, in the log like any other
//   tighten    NOT NULL, foreign keys, indexes: the rows either satisfy them or the change is refused
import { isDeepStrictEqual } from "node:util";
import type { Issue } from "../kernel/errors/index.ts";
import {
  addColumn,
  built,
  foreignKeySteps,
  indexSteps,
  joinSteps,
  proveSteps,
  type Step,
  tableSql,
} from "./definition-ddl.ts";
import { conversion, diffFields, type FieldDiff, type FieldPair, type Renames } from "./definition-diff.ts";
import { isJoined, joinTable, primaryKeyName, referenceIndexName } from "./definition-names.ts";
import { checkOf, fieldColumns, foreignKeyOf, indexesOf, type TableIndex } from "./definition-table.ts";
import type { FieldKinds } from "./field-kinds.ts";
import { escapeName } from "./sql-text.ts";
import type { CollectionDefinition, FieldDefinition } from "./types.ts";

export interface AlterPlan {
  readonly diff: FieldDiff;
  readonly reshape: readonly Step[];
  readonly prove: readonly Step[];
  readonly fill: readonly Step[];
  readonly tighten: readonly Step[];
}

export function alterPlan(
  before: CollectionDefinition,
  after: CollectionDefinition,
  renames: Renames,
  kindOf: FieldKinds,
): AlterPlan {
  const diff = diffFields(before.fields, after.fields, renames);
  const change: Change = { before, after, diff, kindOf, table: after.name };
  const indexes = indexChanges(change);
  return {
    diff,
    reshape: [
      ...indexes.drop,
      ...diff.kept.flatMap((pair) => loosenField(change, pair)),
      ...diff.dropped.flatMap((field) => dropField(change, field)),
      ...renameTable(change),
      ...renameColumns(change),
      ...indexes.rename,
      ...diff.added.filter(isJoined).flatMap((field) => joinSteps(after.name, field)),
      ...addColumns(change),
      ...diff.kept.flatMap((pair) => convertField(change, pair)),
    ],
    prove: [
      ...diff.kept.flatMap((pair) => proveField(change, pair)),
      ...diff.added.flatMap((field) => proveSteps(after.name, field, kindOf, missingIn(field))),
    ],
    fill: diff.kept.flatMap((pair) => fillField(change, pair)),
    tighten: [
      ...diff.kept.flatMap((pair) => tightenField(change, pair)),
      ...diff.added.flatMap((field) => foreignKeySteps(after.name, field)),
      ...indexes.add,
    ],
  };
}

interface Change {
  readonly before: CollectionDefinition;
  readonly after: CollectionDefinition;
  readonly diff: FieldDiff;
  readonly kindOf: FieldKinds;
  /** The table's new name, right after the renaming. */
  readonly table: string;
}

const refusal = (at: number, member: string, code: string, message: string): Issue => ({
  path: `/fields/${at}${member}`,
  code,
  message,
});

/** Compared as SQL: what reads the same, of values of the same type, holds already. */
function checkChanged({ kindOf }: Change, { before, after }: FieldPair): boolean {
  return !isDeepStrictEqual(checkOf(before, kindOf), checkOf(after, kindOf));
}

function keyChanged({ before: old, after: next }: Change, { before, after }: FieldPair): boolean {
  const was = foreignKeyOf(before);
  const now = foreignKeyOf(after);
  // A relation to itself follows the collection's new name without a new key.
  const target = was?.target === old.name ? next.name : was?.target;
  return !isDeepStrictEqual(was && { ...was, target }, now);
}

function loosenField(change: Change, pair: FieldPair): Step[] {
  const table = tableSql(change.before.name);
  const steps: Step[] = [];
  const drop = (name: string) =>
    steps.push({ sql: `ALTER TABLE ${table} DROP CONSTRAINT IF EXISTS ${escapeName(name)}` });
  // Where the capture triggers are still those of generator 2, checks are constraints.
  const check = checkOf(pair.before, change.kindOf);
  if (check && checkChanged(change, pair)) drop(check.name);
  const key = foreignKeyOf(pair.before);
  if (key && keyChanged(change, pair)) drop(key.name);
  return steps;
}

function dropField({ before, kindOf }: Change, field: FieldDefinition): Step[] {
  if (isJoined(field)) return built((schema) => schema.dropTable(joinTable(before.name, field.name)));
  const names = kindOf(field)
    .columns(field)
    .map((column) => column.name);
  return built((schema) => schema.alterTable(before.name, (table) => void table.dropColumns(...names)));
}

function renameTable({ before, after }: Change): Step[] {
  if (before.name === after.name) return [];
  return renameStep(before.name, after.name);
}

function renameStep(from: string, to: string): Step[] {
  return [
    { sql: `ALTER TABLE ${tableSql(from)} RENAME TO ${escapeName(to)}` },
    renameIndex(primaryKeyName(from), primaryKeyName(to)),
  ];
}

const renameIndex = (from: string, to: string): Step => ({
  sql: `ALTER INDEX ${tableSql(from)} RENAME TO ${escapeName(to)}`,
});

type Move = readonly [from: string, to: string];

/** By way of a name that nothing else can have, so that names may be swapped, or taken while they are being given up. */
function twoMoves(moves: readonly Move[], rename: (from: string, to: string) => Step[]): Step[] {
  const real = moves.filter(([from, to]) => from !== to);
  return [
    ...real.flatMap(([from], at) => rename(from, `_rename_${at}`)),
    ...real.flatMap(([, to], at) => rename(`_rename_${at}`, to)),
  ];
}

function renameColumns({ before, after, diff, kindOf, table }: Change): Step[] {
  const columns = diff.kept.flatMap((pair): Move[] => {
    const to = kindOf(pair.after).columns(pair.after);
    return kindOf(pair.before)
      .columns(pair.before)
      .map((column, at) => [column.name, to[at]?.name ?? column.name]);
  });
  const joins = diff.kept
    .filter((pair) => isJoined(pair.after) && isJoined(pair.before))
    .map((pair): Move => [joinTable(before.name, pair.before.name), joinTable(after.name, pair.after.name)]);
  return [
    ...twoMoves(columns, (from, to) => [
      { sql: `ALTER TABLE ${tableSql(table)} RENAME COLUMN ${escapeName(from)} TO ${escapeName(to)}` },
    ]),
    ...twoMoves(joins, (from, to) => [
      ...renameStep(from, to),
      renameIndex(referenceIndexName(from, "target"), referenceIndexName(to, "target")),
    ]),
  ];
}

function addColumns({ diff, kindOf, table }: Change): Step[] {
  const columns = diff.added.flatMap((field) => fieldColumns(field, kindOf).map((column) => ({ field, column })));
  return columns.flatMap(({ field, column }) =>
    built((schema) => schema.alterTable(table, (builder) => addColumn(builder, column))).map((step) => ({
      ...step,
      refusal: missingIn(field),
    })),
  );
}

const missingIn = (field: FieldDefinition): Issue => ({
  path: "/fields",
  code: "required",
  message: `“${field.name}” is required, but there are records already. Give it a default, or add it without “required” and fill it first.`,
});

function convertField({ kindOf, table }: Change, pair: FieldPair): Step[] {
  const using = conversion(pair);
  const from = fieldColumns(pair.before, kindOf);
  return fieldColumns(pair.after, kindOf).flatMap((column, at) => {
    const old = from[at];
    const alter = (what: string) => ({
      sql: `ALTER TABLE ${tableSql(table)} ALTER COLUMN ${escapeName(column.name)} ${what}`,
    });
    const steps: Step[] = [];
    const retype = old !== undefined && old.type !== column.type;
    if (retype || old?.default !== column.default) steps.push(alter("DROP DEFAULT"));
    if (retype && using) steps.push(alter(`TYPE ${column.type} USING ${using(escapeName(column.name))}`));
    if (column.default !== null && (retype || old?.default !== column.default))
      steps.push(alter(`SET DEFAULT ${column.default}`));
    if (old?.notNull && !column.notNull) steps.push(alter("DROP NOT NULL"));
    return steps;
  });
}

function proveField(change: Change, pair: FieldPair): Step[] {
  const { kindOf, table } = change;
  const retyped = !isDeepStrictEqual(typesOf(kindOf, pair.before), typesOf(kindOf, pair.after));
  if (!retyped && !checkChanged(change, pair)) return [];
  return proveSteps(table, pair.after, kindOf, unfit(pair));
}

const typesOf = (kindOf: FieldKinds, field: FieldDefinition) =>
  kindOf(field)
    .columns(field)
    .map((column) => column.type);

const unfit = (pair: FieldPair) =>
  refusal(
    pair.at,
    "",
    "holds_other_values",
    `Some records hold a “${pair.after.name}” that the new definition does not allow. Mend them first.`,
  );

function fillField({ kindOf, table }: Change, pair: FieldPair): Step[] {
  const { before, after } = pair;
  if (!after.required || before.required || after.many || after.default === undefined) return [];
  const columns = fieldColumns(after, kindOf).filter((column) => column.default !== null);
  const set = columns.map((column) => `${escapeName(column.name)} = ${column.default}`).join(", ");
  const empty = columns.map((column) => `${escapeName(column.name)} IS NULL`).join(" AND ");
  return columns.length === 0
    ? []
    : [{ sql: `UPDATE ${tableSql(table)} SET ${set} WHERE ${empty}`, refusal: unfit(pair) }];
}

function tightenField(change: Change, pair: FieldPair): Step[] {
  const { kindOf, table } = change;
  const from = fieldColumns(pair.before, kindOf);
  const name = pair.after.name;
  const missing = refusal(
    pair.at,
    "/required",
    "holds_null",
    `Some records have no “${name}”. Give it a default, or fill it first.`,
  );
  const dangling = refusal(
    pair.at,
    "/collection",
    "holds_other_values",
    `Some records hold a “${name}” that is no id of the collection. Mend them first.`,
  );
  return [
    ...fieldColumns(pair.after, kindOf)
      .filter((column, at) => column.notNull && from[at]?.notNull !== true)
      .map((column) => ({
        sql: `ALTER TABLE ${tableSql(table)} ALTER COLUMN ${escapeName(column.name)} SET NOT NULL`,
        refusal: missing,
      })),
    ...(keyChanged(change, pair) ? foreignKeySteps(table, pair.after, dangling) : []),
    ...joinRuleSteps(change, pair),
  ];
}

/** A list of relations keeps its rows when only `onDelete` changes. */
function joinRuleSteps({ after }: Change, pair: FieldPair): Step[] {
  if (!isJoined(pair.after) || !isJoined(pair.before)) return [];
  const table = joinTable(after.name, pair.after.name);
  const key = joinSteps(after.name, pair.after).at(-1) as Step;
  const old = joinSteps(after.name, {
    ...pair.before,
    name: pair.after.name,
    collection: pair.after.collection as string,
  }).at(-1);
  if (old?.sql === key.sql) return [];
  return [{ sql: `ALTER TABLE ${tableSql(table)} DROP CONSTRAINT "target_fkey"` }, key];
}

interface IndexChanges {
  readonly drop: readonly Step[];
  readonly rename: readonly Step[];
  readonly add: readonly Step[];
}

/** An index whose columns only changed their names is renamed; any other difference makes it anew. */
function indexChanges({ before, after, diff, kindOf, table }: Change): IndexChanges {
  const column = new Map<string, string>(
    diff.kept.flatMap((pair) => {
      const to = kindOf(pair.after).columns(pair.after);
      return kindOf(pair.before)
        .columns(pair.before)
        .map((one, at) => [one.name, to[at]?.name ?? one.name] as const);
    }),
  );
  const gone = new Set(
    diff.dropped.flatMap((field) =>
      kindOf(field)
        .columns(field)
        .map((one) => one.name),
    ),
  );
  const shape = (index: TableIndex, columns: readonly string[]) => JSON.stringify([columns, index.unique]);
  const wanted = new Map(indexesOf(after).map((index) => [shape(index, index.columns), index]));
  const drop: Step[] = [];
  const moves: Move[] = [];
  for (const index of indexesOf(before)) {
    const key = shape(
      index,
      index.columns.map((name) => (gone.has(name) ? `${name} (gone)` : (column.get(name) ?? name))),
    );
    const match = wanted.get(key);
    wanted.delete(key);
    if (!match) drop.push({ sql: `DROP INDEX ${tableSql(index.name)}` });
    else moves.push([index.name, match.name]);
  }
  return {
    drop,
    rename: twoMoves(moves, (from, to) => [renameIndex(from, to)]),
    add: [...wanted.values()].flatMap((index) => indexSteps(table, index, indexRefusal(index))),
  };
}

function indexRefusal(index: TableIndex): Issue {
  const fields = index.columns.join(", ");
  const message = index.unique
    ? `Some records share the same ${fields}. Make them different first.`
    : `Some records hold values in ${fields} that are too long for an index. Shorten them first.`;
  return { path: "/indexes", code: index.unique ? "holds_duplicates" : "too_long", message };
}
