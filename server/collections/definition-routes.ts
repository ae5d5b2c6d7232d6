// The HTTP operations on definitions. Who may call them is said by `access`; what may be changed, by definition-write.ts.
import { z } from "zod";
import type { Context } from "../kernel/context.ts";
import type { Db } from "../kernel/db/index.ts";
import { versionsOfMatch } from "../kernel/http/entity-tag.ts";
import { defineRoute, type Reply, type Route } from "../kernel/http/route.ts";
import { defineTag } from "../kernel/http/tags.ts";
import { definitionErrors as errors } from "./definition-errors.ts";
import type { RuleClass } from "./definition-judge.ts";
import { startingRules } from "./definition-rule-sets.ts";
import { collectionAnswer, collectionPatchShape, collectionShape } from "./definition-shape.ts";
import { readEstimates } from "./definition-store.ts";
import {
  type ChangeOptions,
  changeCollection,
  createCollection,
  type DefinitionTools,
  definitionOf,
  dropCollection,
} from "./definition-write.ts";
import type { SchemaRegistry } from "./schemas-registry.ts";
import type { RuleSet, Schema } from "./types.ts";

export interface DefinitionRoutesOptions {
  readonly db: Db;
  readonly registry: SchemaRegistry;
  readonly tools: DefinitionTools;
}

type Verdicts = { readonly [operation in keyof RuleSet]?: RuleClass };

const tag = defineTag(
  "Collections",
  "The definitions: fields, indexes and rules. Each collection is a table in Postgres.",
);
const params = z.strictObject({
  collection: z.string().max(100).meta({ description: "The collection's name.", example: "posts" }),
});
const confirm = z.strictObject({
  confirm: z
    .literal("loss")
    .optional()
    .meta({ description: "Do it although values are lost with it.", example: "loss" }),
});
const example = {
  ...{ id: 1, name: "posts", kind: "base" as const },
  fields: [{ name: "title", type: "text" as const, required: true, max: 200 }],
  ...{
    indexes: [],
    rules: { list: "true" },
    preconditionRequired: false,
    verdicts: { list: "rowLocal" as const },
    schemaVersion: 7,
  },
  ...{ createdAt: "2026-01-01T00:00:00.000Z", updatedAt: "2026-01-01T00:00:00.000Z" },
};
const changeErrors = [
  "newer_server_running",
  "collection_invalid",
  "collection_change_refused",
  "collection_busy",
  "collection_not_permitted",
];
const existing = ["collection_not_found", "collection_changed"];
const one = (description: string) => ({ description, schema: collectionAnswer, example });
const list = z.object({ items: z.array(collectionAnswer), nextCursor: z.null() });
const ruleSets = z.object({ items: z.array(z.record(z.string(), z.unknown())), nextCursor: z.null() });

export function definitionRoutes({ db, registry, tools }: DefinitionRoutesOptions): Route[] {
  /** Once per schema: definitions change seldom and are listed whole. */
  const known = new WeakMap<Schema, Verdicts>();
  function verdictsOf(schema: Schema): Verdicts {
    const verdicts = known.get(schema) ?? classified(schema);
    known.set(schema, verdicts);
    return verdicts;
  }

  function classified(schema: Schema): Verdicts {
    const schemas = registry.current();
    const rules = Object.entries(schema.rules) as [keyof RuleSet, string][];
    return Object.fromEntries(
      rules.flatMap(([operation, text]) => {
        const verdict = tools.classifyRule?.(schemas, schema, operation, text);
        return verdict ? [[operation, verdict]] : [];
      }),
    );
  }

  const shown = (schema: Schema, status: number): Reply => ({
    status,
    json: { ...listed(schema), verdicts: verdictsOf(schema) },
    etag: String(schema.schemaVersion),
  });

  /** A change is over when this process has seen it: the caller's next request may use what it made. */
  async function settled<T>(work: Promise<T>): Promise<T> {
    const result = await work;
    await registry.refresh();
    return result;
  }

  return [
    defineRoute({
      ...{ method: "GET", path: "/v1/collections", name: "listCollections", tag, access: "schema:read" },
      summary: "List collections",
      description:
        "The definitions of all collections, by name. Admins are also told about how many records each one has.",
      tagged: true,
      responses: {
        200: {
          description: "All definitions, by name.",
          schema: list,
          example: { items: [example], nextCursor: null },
        },
      },
      handler: async (ctx) => {
        const { byName, version } = registry.current();
        const schemas = [...byName.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
        // How full a collection is is no part of its definition, and not for keys that may read no records.
        if (!ctx.actor.seesHidden)
          return { status: 200, json: { items: schemas.map(listed), nextCursor: null }, etag: String(version) };
        const estimates = await readEstimates(db, [...byName.keys()]);
        const items = schemas.map((schema) => {
          const estimatedCount = estimates.get(schema.name);
          return estimatedCount === undefined ? listed(schema) : { ...listed(schema), estimatedCount };
        });
        return { status: 200, json: { items, nextCursor: null } };
      },
    }),
    defineRoute({
      ...{ method: "GET", path: "/v1/collections:ruleSets", name: "listRuleSets", tag, access: "schema:read" },
      summary: "List the rule sets to start from",
      description: "Five sets of rules that a new collection may start from, with the field they need.",
      responses: {
        200: { description: "The five sets.", schema: ruleSets, example: { items: startingRules, nextCursor: null } },
      },
      handler: async () => ({ status: 200, json: { items: startingRules, nextCursor: null } }),
    }),
    defineRoute({
      ...{ method: "POST", path: "/v1/collections", name: "createCollection", tag, access: "schema:write" },
      summary: "Create a collection",
      description:
        "Makes a table in schema public with its columns, constraints and indexes. Rules left out admit admins only.",
      body: collectionShape,
      idempotent: false,
      tagged: true,
      errors: [...changeErrors, "collection_limit", "collection_name_taken", "collection_table_exists"],
      responses: { 201: { ...one("The collection is there and takes records."), headers: ["Location"] } },
      handler: async (ctx, { body }) => {
        const schema = await settled(createCollection(db, body, tools, tagsOf(ctx)));
        return { ...shown(schema, 201), headers: { Location: `/v1/collections/${schema.name}` } };
      },
    }),
    defineRoute({
      ...{ method: "GET", path: "/v1/collections/{collection}", name: "getCollection", tag, access: "schema:read" },
      summary: "Read a collection",
      description: "The definition of one collection. `verdicts` says how each rule is decided.",
      tagged: true,
      errors: ["collection_not_found"],
      params,
      responses: { 200: one("The definition.") },
      handler: async (_ctx, input) => {
        const schema = registry.current().byName.get(input.params.collection);
        if (!schema) throw errors.collection_not_found();
        return shown(schema, 200);
      },
    }),
    defineRoute({
      ...{
        method: "PATCH",
        path: "/v1/collections/{collection}",
        name: "changeCollection",
        tag,
        access: "schema:write",
      },
      summary: "Change a collection",
      description:
        "RFC 7396: what is left out stays; `fields` and `indexes` are replaced whole. A field keeps its values by its name, or by `was` when it is renamed. All or nothing.",
      params,
      query: confirm,
      body: collectionPatchShape,
      idempotent: false,
      tagged: true,
      conditions: ["If-Match"],
      errors: [...changeErrors, ...existing, "collection_name_taken", "collection_table_exists"],
      responses: { 200: one("The definition after the change.") },
      handler: async (ctx, input) => {
        const options = changeOptions(ctx, input);
        return shown(await settled(changeCollection(db, input.params.collection, input.body, tools, options)), 200);
      },
    }),
    defineRoute({
      ...{
        method: "DELETE",
        path: "/v1/collections/{collection}",
        name: "dropCollection",
        tag,
        access: "schema:write",
      },
      summary: "Drop a collection",
      description: "Drops the collection with its table. Without `confirm=loss` only an empty one is dropped.",
      params,
      query: confirm,
      idempotent: false,
      conditions: ["If-Match"],
      errors: [...changeErrors, ...existing],
      responses: { 204: { description: "The collection is gone." } },
      handler: async (ctx, input) => {
        await settled(dropCollection(db, input.params.collection, tools, changeOptions(ctx, input)));
        return { status: 204 };
      },
    }),
  ];
}

interface ChangeInput {
  readonly query: { readonly confirm?: "loss" | undefined };
  readonly headers: { readonly [name: string]: string | undefined };
}

function changeOptions(ctx: Context, input: ChangeInput): ChangeOptions {
  const versions = versionsOf(input.headers["if-match"]);
  return {
    confirmLoss: input.query.confirm === "loss",
    tags: tagsOf(ctx),
    ...(versions === "*" ? {} : { ifVersions: versions }),
  };
}

/** A tag that is none of ours matches nothing. No header, like `*`, takes whatever is there. */
function versionsOf(ifMatch: string | undefined): "*" | readonly number[] {
  const versions = ifMatch === undefined ? "*" : versionsOfMatch(ifMatch);
  return versions === "*" ? versions : versions.filter((version) => /^\d{1,15}$/.test(version)).map(Number);
}

const tagsOf = (ctx: Context) => ({ actor: ctx.actor.label, request: ctx.requestId, mutation: ctx.mutationId });

function listed(schema: Schema) {
  const { id, schemaVersion, createdAt, updatedAt } = schema;
  return { id, ...definitionOf(schema), schemaVersion, createdAt, updatedAt };
}
