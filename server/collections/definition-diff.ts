// What changed between two definitions: which field became which, what is lost, which conversions keep every value.
import type { Issue } from "../kernel/errors/index.ts";
import type { CollectionPatch } from "./definition-shape.ts";
import type { CollectionDefinition, FieldDefinition, FieldType } from "./types.ts";

export interface FieldPair {
  readonly before: FieldDefinition;
  readonly after: FieldDefinition;
  /** Place in the new list, for issues. */
  readonly at: number;
}

export interface FieldDiff {
  readonly added: readonly FieldDefinition[];
  readonly dropped: readonly FieldDefinition[];
  readonly kept: readonly FieldPair[];
}

/** New name → old name, for the fields that a patch says it renames. */
export type Renames = ReadonlyMap<string, string>;

export function renamesOf(patch: CollectionPatch): Renames {
  const renamed = (patch.fields ?? []).filter((field) => field.was !== undefined && field.was !== field.name);
  return new Map(renamed.map((field) => [field.name, field.was as string]));
}

/** The definition after the patch: RFC 7396, lists whole. */
export function patched(before: CollectionDefinition, patch: CollectionPatch): CollectionDefinition {
  const { fields, rules, ...rest } = patch;
  return {
    ...before,
    indexes: renamedIndexes(before, renamesOf(patch)),
    ...(rest as Partial<CollectionDefinition>),
    ...(fields ? { fields: fields.map(({ was: _, ...field }) => field as FieldDefinition) } : {}),
    ...(rules ? { rules: { ...before.rules, ...(rules as CollectionDefinition["rules"]) } } : {}),
  };
}

/** Indexes that are not sent stay, and follow a field to its new name. */
function renamedIndexes({ indexes }: CollectionDefinition, renames: Renames): CollectionDefinition["indexes"] {
  const newName = new Map([...renames].map(([to, from]) => [from, to]));
  return indexes.map((index) => ({ ...index, fields: index.fields.map((name) => newName.get(name) ?? name) }));
}

export function diffFields(
  before: readonly FieldDefinition[],
  after: readonly FieldDefinition[],
  renames: Renames,
): FieldDiff {
  const oldName = (field: FieldDefinition) => renames.get(field.name) ?? field.name;
  const sources = new Set(renames.values());
  const kept: FieldPair[] = [];
  const added: FieldDefinition[] = [];
  after.forEach((field, at) => {
    // A new field may take the name that another field just gave up.
    const taken = !renames.has(field.name) && sources.has(field.name);
    const match = taken ? undefined : before.find((one) => one.name === oldName(field));
    if (match) kept.push({ before: match, after: field, at });
    else added.push(field);
  });
  const keptBefore = new Set(kept.map((pair) => pair.before));
  return { added, dropped: before.filter((field) => !keptBefore.has(field)), kept };
}

/** `was` must name a field there is, and each field once. */
export function renameIssues(before: CollectionDefinition, patch: CollectionPatch): Issue[] {
  const seen = new Set<string>();
  return (patch.fields ?? []).flatMap(({ was }, at) => {
    if (was === undefined) return [];
    const path = `/fields/${at}/was`;
    if (seen.has(was)) return [{ path, code: "duplicate", message: `“${was}” is named by another field already.` }];
    seen.add(was);
    if (before.fields.some((field) => field.name === was)) return [];
    return [{ path, code: "unknown_field", message: `There is no field “${was}”.` }];
  });
}

type Using = (column: string) => string;

const same: Using = (column) => column;
const asText: Using = (column) => `${column}::text`;
const utcText: Using = (column) => `to_char(${column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;

/** From → to, where every value has exactly one counterpart. What Postgres checks (CHECK, foreign key) is left to it. */
const conversions: Partial<Record<FieldType, Partial<Record<FieldType, Using>>>> = {
  text: { select: same, id: same, relation: same },
  email: { text: same },
  url: { text: same },
  select: { text: same, id: same, relation: same },
  richtext: { text: same },
  id: { text: same, select: same, relation: same },
  relation: { text: same, id: same, select: same },
  bool: { text: asText },
  integer: { text: asText, number: (column) => `${column}::float8`, decimal: (column) => `${column}::numeric` },
  number: { text: asText },
  decimal: { text: asText },
  date: { text: asText, datetime: (column) => `${column}::timestamp AT TIME ZONE 'UTC'` },
  datetime: { text: utcText, autodate: same },
  autodate: { text: utcText, datetime: same },
};

/** SQL that turns a column's values into the new type; null when the types are one already; undefined when values would be lost. */
export function conversion({ before, after }: FieldPair): Using | null | undefined {
  const wasMany = before.many === true;
  if (before.type === after.type) {
    if (wasMany === (after.many === true)) return null;
    const listed = !wasMany && before.type !== "relation" && before.type !== "geo" && before.type !== "autodate";
    return listed ? (column) => `CASE WHEN ${column} IS NULL THEN '{}' ELSE ARRAY[${column}] END` : undefined;
  }
  if (wasMany || after.many) return undefined;
  return conversions[before.type]?.[after.type];
}

export function conversionIssues(diff: FieldDiff): Issue[] {
  return diff.kept.flatMap((pair) => {
    if (conversion(pair) !== undefined) return retargetIssue(pair);
    const from = pair.before.many ? `a list of ${pair.before.type}` : pair.before.type;
    const to = pair.after.many ? `a list of ${pair.after.type}` : pair.after.type;
    const message = `Values of “${pair.before.name}” cannot become ${to} from ${from} without loss. Add a new field, copy what you need, then drop the old one.`;
    return [{ path: `/fields/${pair.at}/type`, code: "no_conversion", message }];
  });
}

function retargetIssue({ before, after, at }: FieldPair): Issue[] {
  if (!before.many || before.type !== "relation" || before.collection === after.collection) return [];
  const message = "A list of relations cannot be pointed at another collection. Add a new field and drop this one.";
  return [{ path: `/fields/${at}/collection`, code: "no_conversion", message }];
}
