// The only writer of definitions: judges a change, alters the tables, has the capture triggers made anew, and stores the
// definition, all in one transaction that holds the row `landfall.schema_version`. Whatever goes wrong, nothing remains.

import { isDeepStrictEqual } from "node:util";
import type { CapturedCollection } from "../kernel/changelog/types.ts";
import type { Db, TransactionOptions } from "../kernel/db/index.ts";
import type { Issue, Problem } from "../kernel/errors/index.ts";
import type { AlterPlan } from "./definition-alter.ts";
import type { Step } from "./definition-ddl.ts";
import { conversionIssues, patched, type Renames, renameIssues, renamesOf } from "./definition-diff.ts";
import { definitionErrors as errors } from "./definition-errors.ts";
import type { FieldTools } from "./definition-field.ts";
import { type CheckRule, judgeDefinition, relationIssues, ruleIssues } from "./definition-judge.ts";
import { lossIssues, recordsExist } from "./definition-loss.ts";
import type { CollectionInput, CollectionPatch } from "./definition-shape.ts";
import * as store from "./definition-store.ts";
import { capturedCollection, isSealed } from "./definition-table.ts";
import { buildSchemas } from "./schemas.ts";
import type { CollectionDefinition, Schema, Schemas } from "./types.ts";

/** The change log's side of a definition: `installCapture`, `removeCapture` and `announce` of server/kernel/changelog. */
export interface Capture {
  install(tx: Db, collection: CapturedCollection): Promise<void>;
  remove(tx: Db, table: string): Promise<void>;
  announce(tx: Db, statement: CollectionStatement): Promise<void>;
}
export interface CollectionStatement {
  readonly collection: number;
  readonly op: "schema" | "rules" | "drop";
  readonly schemaVersion: number;
}

/** Something that knows collections by name, such as the scopes of API keys. Told in the transaction of the change. */
export interface NameFollower {
  renamed(tx: Db, from: string, to: string): Promise<void>;
  dropped(tx: Db, name: string): Promise<void>;
}

export interface DefinitionTools extends FieldTools {
  readonly checkRule: CheckRule;
  readonly capture: Capture;
  readonly followers: readonly NameFollower[];
  /** How long a change waits for readers and writers of the table before it gives up. They wait behind it meanwhile. */
  readonly lockTimeoutMs: number;
}

export interface ChangeOptions {
  /** Schema version the caller read (`If-Match`). */
  readonly ifVersion?: number;
  /** The caller knows that values are lost. */
  readonly confirmLoss: boolean;
  readonly tags: NonNullable<TransactionOptions["tags"]>;
}

/** The picture of all definitions is held in memory and listed in one answer. */
const collectionsMax = 1_000;

export async function createCollection(
  db: Db,
  input: CollectionInput,
  tools: DefinitionTools,
  tags: ChangeOptions["tags"],
): Promise<Schema> {
  const { definition, issues } = judgeDefinition(input as CollectionDefinition, tools);
  if (issues.length > 0) throw errors.collection_invalid({ issues });
  const { createSteps, ownedNames } = await import("./definition-ddl.ts");
  return changing(db, tools, tags, async (tx, version, before) => {
    if (before.collections.some((one) => one.definition.name === definition.name)) throw errors.collection_name_taken();
    if (before.collections.length >= collectionsMax) throw errors.collection_limit({ params: { max: collectionsMax } });
    const used = await store.namesInUse(tx, ownedNames(definition));
    if (used.length > 0) throw errors.collection_table_exists();
    const stored = await store.insertDefinition(tx, definition, version);
    const schemas = buildSchemas({ version, collections: [...before.collections, stored] });
    const schema = schemas.byId.get(stored.id) as Schema;
    refuseInvalid(schemas, schema, tools);
    await runSteps(tx, createSteps(definition, tools.kindOf));
    await tools.capture.install(tx, capturedCollection(schema, tools.kindOf));
    return schema;
  });
}

export async function changeCollection(
  db: Db,
  name: string,
  patch: CollectionPatch,
  tools: DefinitionTools,
  options: ChangeOptions,
): Promise<Schema> {
  const { alterPlan } = await import("./definition-alter.ts");
  return changing(db, tools, options.tags, async (tx, version, picture) => {
    const current = find(picture, name, options.ifVersion);
    const { definition, renames } = judgePatch(current.definition, patch, tools);
    if (isDeepStrictEqual(definition, current.definition)) {
      return buildSchemas(picture).byId.get(current.id) as Schema;
    }
    const after = afterChange(picture, current, definition, version);
    const schema = after.byId.get(current.id) as Schema;
    refuseInvalid(after, schema, tools);
    const plan = alterPlan(current.definition, definitionOf(schema), renames, tools.kindOf);
    await refuseChange(tx, { picture, after, current, plan, tools, options });
    await refuseForeignNames(tx, current.definition, definition);
    await alter(tx, current.definition, schema, plan, tools);
    await follow(tx, current.definition, definition, tools);
    await storeAll(tx, picture, after, version);
    await announceChange(tx, current.definition, schema, tools);
    return schema;
  });
}

export async function dropCollection(
  db: Db,
  name: string,
  tools: DefinitionTools,
  options: ChangeOptions,
): Promise<void> {
  const { dropSteps } = await import("./definition-ddl.ts");
  await changing(db, tools, options.tags, async (tx, version, picture) => {
    const current = find(picture, name, options.ifVersion);
    const others = picture.collections.filter((one) => one.id !== current.id);
    const issues = [...newlyBroken(buildSchemas(picture), buildSchemas({ version, collections: others }), tools)];
    await lockTables(tx, current.definition);
    if (!options.confirmLoss && (await recordsExist(tx, name))) {
      issues.push({
        path: "",
        code: "loses_records",
        message: "The collection has records. Add ?confirm=loss to drop them with it.",
      });
    }
    if (issues.length > 0) throw errors.collection_change_refused({ issues });
    await tools.capture.announce(tx, { collection: current.id, op: "drop", schemaVersion: version });
    await tools.capture.remove(tx, name);
    await runSteps(tx, dropSteps(current.definition));
    for (const follower of tools.followers) await follower.dropped(tx, name);
    await store.deleteDefinition(tx, current.id);
  });
}

type Work<T> = (tx: Db, version: number, picture: store.StoredPicture) => Promise<T>;

/** One change at a time; a lock that is not had in time gives up the whole change. */
async function changing<T>(db: Db, tools: DefinitionTools, tags: ChangeOptions["tags"], work: Work<T>): Promise<T> {
  try {
    return await db.transaction(
      async (tx) => {
        await tx.query({ text: "SELECT set_config('lock_timeout', $1, true)", values: [`${tools.lockTimeoutMs}ms`] });
        await tx.query({ text: "SET CONSTRAINTS ALL IMMEDIATE" });
        const version = await store.claimVersion(tx);
        return work(tx, version, await store.readPicture(tx));
      },
      { tags },
    );
  } catch (error) {
    throw asProblem(error) ?? error;
  }
}

const lockCodes = new Set(["55P03", "40P01", "57014"]); // lock not available, deadlock, statement timeout

/** Only codes whose meaning does not depend on what was sent; everything else is a bug and stays one. */
function asProblem(error: unknown): Problem | null {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  if (lockCodes.has(code)) return errors.collection_busy({ retryAfterSeconds: 2, cause: error });
  if (code === "42P07") return errors.collection_table_exists({ cause: error });
  if (code === "42501") return errors.collection_not_permitted({ cause: error });
  return null;
}

function find(picture: store.StoredPicture, name: string, ifVersion: number | undefined): store.StoredCollection {
  const current = picture.collections.find((one) => one.definition.name === name);
  if (!current) throw errors.collection_not_found();
  if (ifVersion !== undefined && ifVersion !== current.schemaVersion) throw errors.collection_changed();
  return current;
}

function judgePatch(
  before: CollectionDefinition,
  patch: CollectionPatch,
  tools: DefinitionTools,
): { definition: CollectionDefinition; renames: Renames } {
  const { definition, issues } = judgeDefinition(patched(before, patch), tools);
  const all = [...renameIssues(before, patch), ...issues];
  if (all.length > 0) throw errors.collection_invalid({ issues: all });
  return { definition, renames: renamesOf(patch) };
}

function refuseInvalid(schemas: Schemas, schema: Schema, tools: DefinitionTools): void {
  const issues = relationIssues(schemas, schema);
  // A rule that follows a relation says nothing sensible about one that leads nowhere.
  if (issues.length === 0) issues.push(...ruleIssues(schemas, schema, tools.checkRule));
  if (issues.length > 0) throw errors.collection_invalid({ issues });
}

/** The picture after the change. Relations of other collections follow a collection to its new name. */
function afterChange(
  picture: store.StoredPicture,
  current: store.StoredCollection,
  definition: CollectionDefinition,
  version: number,
): Schemas {
  const from = current.definition.name;
  const follow = (one: CollectionDefinition): CollectionDefinition =>
    from === definition.name || !one.fields.some((field) => field.collection === from)
      ? one
      : {
          ...one,
          fields: one.fields.map((field) =>
            field.collection === from ? { ...field, collection: definition.name } : field,
          ),
        };
  const collections = picture.collections.map((one) =>
    one.id === current.id
      ? { ...one, definition: follow(definition), schemaVersion: version }
      : { ...one, definition: follow(one.definition) },
  );
  return buildSchemas({ version, collections });
}

interface Considered {
  readonly picture: store.StoredPicture;
  readonly after: Schemas;
  readonly current: store.StoredCollection;
  readonly plan: AlterPlan;
  readonly tools: DefinitionTools;
  readonly options: ChangeOptions;
}

async function refuseChange(tx: Db, { picture, after, current, plan, tools, options }: Considered): Promise<void> {
  const before = buildSchemas(picture);
  const issues: Issue[] = [...conversionIssues(plan.diff), ...newlyBroken(before, after, tools, current.id)];
  if (issues.length > 0) throw errors.collection_change_refused({ issues });
  const clashing = picture.collections.some(
    (one) => one.id !== current.id && one.definition.name === after.byId.get(current.id)?.name,
  );
  if (clashing) throw errors.collection_name_taken();
  // Rules alone touch no table, so they wait for nobody who reads one.
  if (!touchesTables(plan, current.definition, after.byId.get(current.id) as Schema)) return;
  await lockTables(tx, current.definition);
  if (options.confirmLoss) return;
  const losses = await lossIssues(tx, current.definition.name, plan.diff.dropped, tools.kindOf);
  if (losses.length > 0) throw errors.collection_change_refused({ issues: losses });
}

/** A new name must be free in the database too, not only among the collections. */
async function refuseForeignNames(tx: Db, before: CollectionDefinition, after: CollectionDefinition): Promise<void> {
  const { ownedNames } = await import("./definition-ddl.ts");
  const own = new Set(ownedNames(before));
  const used = await store.namesInUse(
    tx,
    ownedNames(after).filter((name) => !own.has(name)),
  );
  if (used.length > 0) throw errors.collection_table_exists();
}

/** What held for other collections before the change and does not after it. Faults they had already do not stand in the way. */
function newlyBroken(before: Schemas, after: Schemas, tools: DefinitionTools, except?: number): Issue[] {
  return [...after.byId.values()].flatMap((schema) => {
    if (schema.id === except) return [];
    const found = [...relationIssues(after, schema), ...ruleIssues(after, schema, tools.checkRule)];
    const old = before.byId.get(schema.id);
    if (found.length === 0 || !old) return [];
    const had = new Set(
      [...relationIssues(before, old), ...ruleIssues(before, old, tools.checkRule)].map((one) => one.path),
    );
    return found
      .filter((one) => !had.has(one.path))
      .map((one) => ({
        path: "",
        code: "breaks_other",
        message: `“${schema.name}” would break at ${one.path}: ${one.message} Change that collection first.`,
      }));
  });
}

/** Taken before anything is judged by the rows, so that no writer changes them in between. */
async function lockTables(tx: Db, definition: CollectionDefinition): Promise<void> {
  const { tableSql } = await import("./definition-ddl.ts");
  const { joinedFields } = await import("./definition-table.ts");
  const { joinTable } = await import("./definition-names.ts");
  const tables = [definition.name, ...joinedFields(definition).map((field) => joinTable(definition.name, field.name))];
  await tx.query({ text: `LOCK TABLE ${tables.map(tableSql).join(", ")} IN ACCESS EXCLUSIVE MODE` });
}

async function alter(
  tx: Db,
  before: CollectionDefinition,
  schema: Schema,
  plan: AlterPlan,
  tools: DefinitionTools,
): Promise<void> {
  const captured = capturedCollection(schema, tools.kindOf);
  await runSteps(tx, plan.reshape);
  if (changesCapture(before, schema)) await tools.capture.install(tx, captured);
  if (plan.fill.length > 0) await tx.query({ text: "SELECT set_config('landfall.bulk', 'on', true)" });
  await runSteps(tx, plan.fill);
  await runSteps(tx, plan.tighten);
}

function touchesTables(plan: AlterPlan, before: CollectionDefinition, after: CollectionDefinition): boolean {
  return plan.reshape.length + plan.fill.length + plan.tighten.length > 0 || changesCapture(before, after);
}

/** Must the triggers be made anew? They know the table, its columns, which of them are sealed, and the schema version. */
function changesCapture(before: CollectionDefinition, after: CollectionDefinition): boolean {
  return before.name !== after.name || !isDeepStrictEqual(before.fields, after.fields);
}

async function follow(
  tx: Db,
  before: CollectionDefinition,
  after: CollectionDefinition,
  tools: DefinitionTools,
): Promise<void> {
  if (before.name === after.name) return;
  for (const follower of tools.followers) await follower.renamed(tx, before.name, after.name);
}

async function storeAll(tx: Db, picture: store.StoredPicture, after: Schemas, version: number): Promise<void> {
  for (const old of picture.collections) {
    const schema = after.byId.get(old.id) as Schema;
    const definition = definitionOf(schema);
    if (isDeepStrictEqual(definition, definitionOf(old.definition))) continue;
    const own = schema.schemaVersion === version ? version : old.schemaVersion;
    await store.updateDefinition(tx, old.id, definition, own);
  }
}

async function announceChange(
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

async function runSteps(tx: Db, steps: readonly Step[]): Promise<void> {
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
