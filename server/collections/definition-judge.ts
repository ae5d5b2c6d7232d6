// Judges a whole definition against the other collections: names, relations, back-relations, indexes, rules. Pure: the
// picture it is given already contains the definition in question.
import type { Issue } from "../kernel/errors/index.ts";
import { type FieldTools, judgeField } from "./definition-field.ts";
import {
  collectionNameProblem,
  indexColumns,
  isJoined,
  joinTable,
  nameBytesMax,
  systemFields,
} from "./definition-names.ts";
import { step } from "./field-value.ts";
import type { CollectionDefinition, FieldDefinition, RuleSet, Schema, Schemas } from "./types.ts";

export type RuleOperation = keyof RuleSet | "read" | "write";

/** What the expression checker says against a rule; nothing when it may be saved. */
export interface RuleIssue {
  readonly code: string;
  readonly message: string;
  /** Offset in the text, in UTF-16 units. */
  readonly position?: number;
}
export type CheckRule = (
  schemas: Schemas,
  schema: Schema,
  operation: RuleOperation,
  text: string,
) => readonly RuleIssue[];

/** A row-local rule may be decided in memory; a relational one is Postgres'. */
export type RuleClass = "rowLocal" | "relational";
export type ClassifyRule = (...rule: Parameters<CheckRule>) => RuleClass | undefined;

export interface JudgedDefinition {
  readonly definition: CollectionDefinition;
  readonly issues: readonly Issue[];
}

/** What can be said without the other collections: fields by their types, names, indexes. Gives the form that is stored. */
export function judgeDefinition(given: CollectionDefinition, tools: FieldTools): JudgedDefinition {
  const judged = given.fields.map((field, at) => judgeField(field, `/fields/${at}`, tools));
  const definition = { ...given, fields: judged.map((one) => one.field), rules: tidyRules(given.rules) };
  return {
    definition,
    issues: [
      ...judged.flatMap((one) => one.issues),
      ...nameIssues(definition),
      ...definition.indexes.flatMap((index, at) => indexIssues(definition, index.fields, `/indexes/${at}`)),
      ...twice(definition.indexes.map((index) => JSON.stringify([index.fields, index.unique === true]))).map((at) =>
        issue(`/indexes/${at}`, "duplicate", "The same index stands in the list before."),
      ),
    ],
  };
}

function tidyRules(rules: RuleSet): RuleSet {
  return Object.fromEntries(Object.entries(rules).filter(([, text]) => typeof text === "string"));
}

const issue = (path: string, code: string, message: string): Issue => ({ path, code, message });

const twice = (names: readonly string[]): number[] =>
  names.flatMap((name, at) => (names.indexOf(name) < at ? [at] : []));

function nameIssues(definition: CollectionDefinition): Issue[] {
  const issues: Issue[] = [];
  const problem = collectionNameProblem(definition.name);
  if (problem) issues.push(issue("/name", "reserved", `“${definition.name}” ${problem}; choose another name.`));
  for (const at of twice(definition.fields.map((field) => field.name))) {
    issues.push(issue(`/fields/${at}/name`, "duplicate", "Another field has this name."));
  }
  definition.fields.forEach((field, at) => {
    const longest = isJoined(field)
      ? joinTable(definition.name, field.name)
      : field.type === "geo"
        ? `${field.name}_lat`
        : "";
    if (longest.length <= nameBytesMax) return;
    issues.push(
      issue(
        `/fields/${at}/name`,
        "too_long",
        `In the database it becomes “${longest}”, which may have ${nameBytesMax} characters.`,
      ),
    );
  });
  return issues;
}

const unindexable = new Set(["json", "richtext"]);

function indexIssues(definition: CollectionDefinition, names: readonly string[], path: string): Issue[] {
  const issues: Issue[] = [];
  names.forEach((name, at) => {
    const place = step(step(path, "fields"), at);
    if ((systemFields as readonly string[]).includes(name)) return;
    const field = definition.fields.find((one) => one.name === name);
    if (!field) issues.push(issue(place, "unknown_field", `There is no field “${name}”.`));
    else if (field.many || unindexable.has(field.type)) {
      issues.push(
        issue(place, "not_indexable", `A ${field.many ? "list" : `${field.type} field`} cannot stand in an index.`),
      );
    }
  });
  for (const at of twice(names))
    issues.push(issue(step(step(path, "fields"), at), "duplicate", "The field stands in this index before."));
  if (indexColumns(definition, { fields: names }).length > 32)
    issues.push(issue(path, "too_long", "An index has at most 32 columns."));
  return issues;
}

/** Relations and their back-relations against the picture that holds the definition as it would be. */
export function relationIssues(schemas: Schemas, schema: Schema): Issue[] {
  return schema.fields.flatMap((field, at) => {
    if (field.type !== "relation" || field.collection === undefined) return [];
    const target = schemas.byName.get(field.collection);
    if (!target)
      return [issue(`/fields/${at}/collection`, "unknown_collection", `There is no collection “${field.collection}”.`)];
    return inverseIssue(schemas, schema, field, target, `/fields/${at}/inverse`);
  });
}

function inverseIssue(schemas: Schemas, schema: Schema, field: FieldDefinition, target: Schema, path: string): Issue[] {
  const { inverse } = field;
  if (inverse === undefined) return [];
  if (target.fieldByName.has(inverse)) {
    return [
      issue(path, "duplicate", `“${target.name}” has a field “${inverse}”; choose another name for the way back.`),
    ];
  }
  for (const other of schemas.byName.values()) {
    for (const rival of other.fields) {
      if (rival.collection !== target.name || rival.inverse !== inverse) continue;
      if (other === schema && rival === field) continue;
      return [
        issue(
          path,
          "duplicate",
          `“${other.name}.${rival.name}” already leads back by “${inverse}”; choose another name.`,
        ),
      ];
    }
  }
  return [];
}

/** Every rule of the collection and of its fields that the checker refuses. */
export function ruleIssues(schemas: Schemas, schema: Schema, checkRule: CheckRule): Issue[] {
  return rulesOf(schema).flatMap(({ path, operation, text }) =>
    checkRule(schemas, schema, operation, text).map((found) => ({ path, ...found })),
  );
}

interface PlacedRule {
  readonly path: string;
  readonly operation: RuleOperation;
  readonly text: string;
}

export function rulesOf(schema: Schema): PlacedRule[] {
  const placed = (rules: object | undefined, path: string) =>
    Object.entries(rules ?? {}).flatMap(([operation, text]) =>
      typeof text === "string" ? [{ path: step(path, operation), operation: operation as RuleOperation, text }] : [],
    );
  return [
    ...placed(schema.rules, "/rules"),
    ...schema.fields.flatMap((field, at) => placed(field.rules, `/fields/${at}/rules`)),
  ];
}
