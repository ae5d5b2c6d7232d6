// Refuses what a change must not do, before a table is touched: break its own rules or another collection, lose values
// unasked, take a name that is in use.
import type { Db } from "../kernel/db/index.ts";
import type { Issue } from "../kernel/errors/index.ts";
import type { AlterPlan } from "./definition-alter.ts";
import { changesCapture } from "./definition-apply.ts";
import type { ChangeOptions, DefinitionTools } from "./definition-context.ts";
import { conversionIssues } from "./definition-diff.ts";
import { definitionErrors as errors } from "./definition-errors.ts";
import { relationIssues, ruleIssues, rulesOf } from "./definition-judge.ts";
import { lossIssues } from "./definition-loss.ts";
import { joinTable } from "./definition-names.ts";
import * as store from "./definition-store.ts";
import { joinedFields } from "./definition-table.ts";
import { buildSchemas } from "./schemas.ts";
import type { CollectionDefinition, Schema, Schemas } from "./types.ts";

export function refuseInvalid(schemas: Schemas, schema: Schema, tools: DefinitionTools): void {
  const issues = relationIssues(schemas, schema);
  // A rule that follows a relation says nothing sensible about one that leads nowhere.
  if (issues.length === 0) issues.push(...ruleIssues(schemas, schema, tools.checkRule));
  if (issues.length > 0) throw errors.collection_invalid({ issues });
}

interface Considered {
  readonly picture: store.StoredPicture;
  readonly after: Schemas;
  readonly current: store.StoredCollection;
  readonly plan: AlterPlan;
  readonly tools: DefinitionTools;
  readonly options: ChangeOptions;
}

export async function refuseChange(
  tx: Db,
  { picture, after, current, plan, tools, options }: Considered,
): Promise<void> {
  const before = buildSchemas(picture);
  const issues: Issue[] = [...conversionIssues(plan.diff), ...newlyBroken(before, after, tools, current.id)];
  if (issues.length > 0) throw errors.collection_change_refused({ issues });
  // Rules alone touch no table, so they wait for nobody who reads one.
  if (!touchesTables(plan, current.definition, after.byId.get(current.id) as Schema)) return;
  await lockTables(tx, current.definition);
  if (options.confirmLoss) return;
  const losses = await lossIssues(tx, current.definition.name, plan.diff.dropped, tools.kindOf);
  if (losses.length > 0) throw errors.collection_change_refused({ issues: losses });
}

/** A new name must be free in the database too, not only among the collections. */
export async function refuseForeignNames(
  tx: Db,
  before: CollectionDefinition,
  after: CollectionDefinition,
): Promise<void> {
  const { ownedNames } = await import("./definition-ddl.ts");
  const own = new Set(ownedNames(before));
  const used = await store.namesInUse(
    tx,
    ownedNames(after).filter((name) => !own.has(name)),
  );
  if (used.length > 0) throw errors.collection_table_exists();
}

/** What held for other collections before the change and does not after it. Faults they had already do not stand in the way. */
export function newlyBroken(before: Schemas, after: Schemas, tools: DefinitionTools, changed: number): Issue[] {
  const near = linkedTo(changed, [before, after]);
  return [...after.byId.values()].flatMap((schema) => {
    const old = before.byId.get(schema.id);
    if (schema.id === changed || !old || !(near.has(schema.name) || namesCollections(schema))) return [];
    const found = faults(after, schema, tools);
    if (found.length === 0) return [];
    const had = new Set(faults(before, old, tools).map((one) => one.path));
    return found
      .filter((one) => !had.has(one.path))
      .map((one) => ({
        path: "",
        code: "breaks_other",
        message: `“${schema.name}” would break at ${one.path}: ${one.message} Change that collection first.`,
      }));
  });
}

const faults = (schemas: Schemas, schema: Schema, tools: DefinitionTools): Issue[] => [
  ...relationIssues(schemas, schema),
  ...ruleIssues(schemas, schema, tools.checkRule),
];

/** A rule with `collection("…")` may read anything; every other one reaches only what relations lead to. */
const namesCollections = (schema: Schema) => rulesOf(schema).some((rule) => rule.text.includes("collection"));

/** Names of all collections that relations connect with this one, however far and in either direction. */
function linkedTo(id: number, pictures: readonly Schemas[]): Set<string> {
  const links = new Map<string, string[]>();
  const link = (from: string, to: string) => links.set(from, [...(links.get(from) ?? []), to]);
  for (const schema of pictures.flatMap((picture) => [...picture.byId.values()])) {
    for (const { collection } of schema.fields) {
      if (collection === undefined) continue;
      link(schema.name, collection);
      link(collection, schema.name);
    }
  }
  const reached = new Set(pictures.flatMap((picture) => picture.byId.get(id)?.name ?? []));
  // A set gives what is added while it is walked.
  for (const name of reached) for (const next of links.get(name) ?? []) reached.add(next);
  return reached;
}

/** Taken before anything is judged by the rows, so that no writer changes them in between. */
export async function lockTables(tx: Db, definition: CollectionDefinition): Promise<void> {
  const { tableSql } = await import("./definition-ddl.ts");
  const tables = [definition.name, ...joinedFields(definition).map((field) => joinTable(definition.name, field.name))];
  await tx.query({ text: `LOCK TABLE ${tables.map(tableSql).join(", ")} IN ACCESS EXCLUSIVE MODE` });
}

export function touchesTables(plan: AlterPlan, before: CollectionDefinition, after: CollectionDefinition): boolean {
  return (
    plan.reshape.length + plan.prove.length + plan.fill.length + plan.tighten.length > 0 ||
    changesCapture(before, after)
  );
}
