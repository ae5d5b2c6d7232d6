// Makes a judged change true: tables, capture triggers, stored definitions, and the word in the log.
import { isDeepStrictEqual } from "node:util";
import type { Db } from "../kernel/db/index.ts";
import type { AlterPlan } from "./definition-alter.ts";
import type { DefinitionTools } from "./definition-context.ts";
import type { Step } from "./definition-ddl.ts";
import { definitionErrors as errors } from "./definition-errors.ts";
import * as store from "./definition-store.ts";
import { capturedCollection, isSealed } from "./definition-table.ts";
import type { CollectionDefinition, Schema, Schemas } from "./types.ts";

export async function alter(
  tx: Db,
  before: CollectionDefinition,
  schema: Schema,
  plan: AlterPlan,
  tools: DefinitionTools,
): Promise<void> {
  const captured = capturedCollection(schema, tools.kindOf);
  await runSteps(tx, plan.reshape);
  if (changesCapture(before, schema)) await tools.capture.install(tx, captured);
  await runSteps(tx, plan.prove);
  await runSteps(tx, plan.fill);
  await runSteps(tx, plan.tighten);
}

/** Must the triggers be made anew? They know the table, its columns, which of them are sealed, and the schema version. */
export function changesCapture(before: CollectionDefinition, after: CollectionDefinition): boolean {
  return before.name !== after.name || !isDeepStrictEqual(before.fields, after.fields);
}

export async function follow(
  tx: Db,
  before: CollectionDefinition,
  after: CollectionDefinition,
  tools: DefinitionTools,
): Promise<void> {
  if (before.name === after.name) return;
  for (const follower of tools.followers) await follower.renamed(tx, before.name, after.name);
}

export async function storeAll(tx: Db, picture: store.StoredPicture, after: Schemas): Promise<void> {
  for (const old of picture.collections) {
    const schema = after.byId.get(old.id) as Schema;
    const definition = definitionOf(schema);
    if (isDeepStrictEqual(definition, definitionOf(old.definition))) continue;
    await store.updateDefinition(tx, old.id, definition, schema.schemaVersion);
  }
}

export async function announceChange(
  tx: Db,
  before: CollectionDefinition,
  schema: Schema,
  tools: DefinitionTools,
): Promise<void> {
  const say = (op: "schema" | "rules") =>
    tools.capture.announce(tx, { collection: schema.id, op, schemaVersion: schema.schemaVersion });
  if (!isDeepStrictEqual(recordForm(before), recordForm(schema))) await say("schema");
  if (!isDeepStrictEqual(rulesPart(before), rulesPart(schema))) await say("rules");
}

/** What a reader of records sees of a definition. Bounds and rules are not of it: the records stay what they are. */
const recordForm = (definition: CollectionDefinition) =>
  definition.fields.map((field) => [field.name, field.type, field.many, field.collection, isSealed(field)]);

const rulesPart = (definition: CollectionDefinition) => [
  definition.rules,
  definition.fields
    .filter((field) => field.hidden || field.rules)
    .map((field) => [field.name, field.hidden, field.rules]),
];

/** The stored part of a schema, in one order of members. */
export function definitionOf(schema: CollectionDefinition): CollectionDefinition {
  const { name, kind, fields, indexes, rules, preconditionRequired } = schema;
  return { name, kind, fields, indexes, rules, preconditionRequired };
}

const dataCodes = new Set(["23502", "23503", "23505", "23514", "54000"]);

export async function runSteps(tx: Db, steps: readonly Step[]): Promise<void> {
  for (const step of steps) {
    try {
      await tx.query({ text: step.sql });
    } catch (error) {
      const code = error instanceof Error && "code" in error ? String(error.code) : "";
      if (step.refusal && dataCodes.has(code)) {
        throw errors.collection_change_refused({ issues: [step.refusal], cause: error });
      }
      throw error;
    }
  }
}
