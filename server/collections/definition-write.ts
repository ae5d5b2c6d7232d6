// The only writer of definitions: judges a change, alters the tables, has the capture triggers made anew, and stores the
// definition, all in one transaction that holds the row `landfall.schema_version`. Whatever goes wrong, nothing remains.

import { isDeepStrictEqual } from "node:util";
import type { Db } from "../kernel/db/index.ts";
import type { Problem } from "../kernel/errors/index.ts";
import { installAccounts } from "./definition-account.ts";
import { alter, announceChange, definitionOf, follow, runSteps, storeAll } from "./definition-apply.ts";
import type { ChangeOptions, DefinitionTools } from "./definition-context.ts";
import { patched, type Renames, renameIssues, renamesOf } from "./definition-diff.ts";
import { definitionErrors as errors } from "./definition-errors.ts";
import { judgeDefinition } from "./definition-judge.ts";
import { recordsExist } from "./definition-loss.ts";
import { lockTables, newlyBroken, refuseChange, refuseForeignNames, refuseInvalid } from "./definition-refuse.ts";
import type { CollectionInput, CollectionPatch } from "./definition-shape.ts";
import * as store from "./definition-store.ts";
import { capturedCollection } from "./definition-table.ts";
import { buildSchemas } from "./schemas.ts";
import type { CollectionDefinition, Schema, Schemas } from "./types.ts";

export { definitionOf } from "./definition-apply.ts";
export type {
  Capture,
  ChangeOptions,
  DefinitionTools,
  NameFollower,
} from "./definition-context.ts";

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
    refuseTaken(before, definition.name);
    if (before.collections.length >= collectionsMax) throw errors.collection_limit({ params: { max: collectionsMax } });
    const used = await store.namesInUse(tx, ownedNames(definition));
    if (used.length > 0) throw errors.collection_table_exists();
    const stored = await store.insertDefinition(tx, definition, version);
    const schemas = buildSchemas({ version, collections: [...before.collections, stored] });
    const schema = schemas.byId.get(stored.id) as Schema;
    refuseInvalid(schemas, schema, tools);
    await runSteps(tx, createSteps(definition, tools.kindOf));
    await tools.capture.install(tx, capturedCollection(schema, tools.kindOf));
    await installAccounts(tx, schema);
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
    const current = find(picture, name, options.ifVersions);
    const { definition, renames } = judgePatch(current.definition, patch, tools);
    if (isDeepStrictEqual(definition, current.definition)) {
      return buildSchemas(picture).byId.get(current.id) as Schema;
    }
    if (definition.name !== name) refuseTaken(picture, definition.name);
    const after = afterChange(picture, current, definition, version);
    const schema = after.byId.get(current.id) as Schema;
    refuseInvalid(after, schema, tools);
    const plan = alterPlan(current.definition, definitionOf(schema), renames, tools.kindOf);
    await refuseChange(tx, { picture, after, current, plan, tools, options });
    await refuseForeignNames(tx, current.definition, definition);
    await alter(tx, current.definition, schema, plan, tools);
    await follow(tx, current.definition, definition, tools);
    await storeAll(tx, picture, after);
    await announceChange(tx, current.definition, schema, tools);
    // As it stands in the database now, with the time of this change.
    return buildSchemas(await store.readPicture(tx)).byId.get(current.id) as Schema;
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
    const current = find(picture, name, options.ifVersions);
    const others = picture.collections.filter((one) => one.id !== current.id);
    const issues = [
      ...newlyBroken(buildSchemas(picture), buildSchemas({ version, collections: others }), tools, current.id),
    ];
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

function find(
  picture: store.StoredPicture,
  name: string,
  ifVersions: readonly number[] | undefined,
): store.StoredCollection {
  const current = picture.collections.find((one) => one.definition.name === name);
  if (!current) throw errors.collection_not_found();
  if (ifVersions?.includes(current.schemaVersion) === false) throw errors.collection_changed();
  return current;
}

function refuseTaken(picture: store.StoredPicture, name: string): void {
  if (picture.collections.some((one) => one.definition.name === name)) throw errors.collection_name_taken();
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
