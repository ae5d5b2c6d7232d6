// The HTTP doors of records. Who may do what is not decided here: reader and writer ask the rules.
import { type ZodType, z } from "zod";
import type { Context } from "../kernel/context.ts";
import { parseEntityTags, versionsOfMatch } from "../kernel/http/entity-tag.ts";
import { defineRoute, type Reply, type Route } from "../kernel/http/route.ts";
import { defineTag } from "../kernel/http/tags.ts";
import { unknownParameters } from "../kernel/http/validate.ts";
import { bytesOfOctets } from "../kernel/octets.ts";
import {
  type ExpandBody,
  type FlatQuery,
  invalid,
  parseFlatQuery,
  parseQueryBody,
  placedInBody,
  type QueryBody,
} from "./query-parse.ts";
import { queryLimits, type RecordQuery } from "./query-types.ts";
import { type BulkWriter, bulkMax } from "./record-bulk.ts";
import { errors } from "./record-errors.ts";
import { bodyHash, type PageResult, type RecordReader } from "./record-read.ts";
import { epochOf, type Room } from "./record-room.ts";
import type { Precondition, RecordWriter, WriteResult } from "./record-write.ts";
import type { JsonValue } from "./types.ts";

export const recordsTag = defineTag("Records", "Reading and writing the records of a collection, under its rules.");
const tag = recordsTag;
export const recordsPath = "/v1/collections/{collection}/records";
export const collectionParams = z.strictObject({
  collection: z.string().max(100).meta({ description: "The collection's name.", example: "posts" }),
});
export const recordParams = collectionParams.extend({
  id: z.string().max(200).meta({ description: "The record's id.", example: "p1" }),
});
/** `?upsert=true`: a switch in a query. */
export const flag = z.enum(["true", "false"]).optional();
const upsertFlag = flag.meta({ description: "`true`: create the record when it is not there.", example: "true" });

/** Any JSON value but nothing at all. What it may hold is said by the collection. */
const anyBody = z.unknown().refine((value) => value !== undefined, "A body is required.");
const fieldsBody = anyBody.meta({
  type: "object",
  description: "The fields, by their names.",
  additionalProperties: true,
});
const patchBody = fieldsBody.meta({
  ...fieldsBody.meta(),
  example: { title: "Hello again", likes: { $increment: 1 } },
});
const wholeBody = fieldsBody.meta({ ...fieldsBody.meta(), example: { title: "Hello" } });
const createBody = anyBody.meta({
  description: "One record, or a list of them.",
  anyOf: [
    { type: "object", additionalProperties: true },
    { type: "array", items: { type: "object", additionalProperties: true }, minItems: 1, maxItems: bulkMax },
  ],
  example: { title: "Hello" },
});
const record = z
  .looseObject({ id: z.string(), version: z.number().int() })
  .meta({ id: "AnyRecord", description: "A record of any collection." });
const example = { id: "p1", title: "Hello", createdAt: "2026-01-01T00:00:00.000Z", updatedAt: "2026-01-01T00:00:00.000Z", version: 7 }; // biome-ignore format: one record
const page = z.object({ items: z.array(z.looseObject({})), nextCursor: z.string().nullable(), count: z.number().int().optional() }).meta({ id: "AnyPage", description: "A page of records of any collection." }); // biome-ignore format: one shape
const made = z.union([record, z.looseObject({ items: z.array(record) })]);
const one = (description: string) => ({ description, schema: record, example });

const shownShape = {
  fields: z.string().optional().meta({ description: "Fields to show, dotted through relations.", example: "id,title,author.name" }),
  expand: z.string().optional().meta({ description: "Relations to show in place.", example: "author,posts(limit:3)" }),
}; // biome-ignore format: a table
export const listShape = z.strictObject({
  filter: z.string().optional().meta({ description: "A CEL expression.", example: "status == 'open' && author == $a" }),
  params: z.string().optional().meta({ description: "Values of `$name` in the filter, as a JSON object.", example: '{"a":"u1"}' }),
  sort: z.string().optional().meta({ description: "Fields to sort by; `-` turns one around. `id` always comes last.", example: "-createdAt,title" }),
  ...shownShape,
  limit: z.coerce.number().int().min(1).max(queryLimits.pageMax).default(queryLimits.pageDefault).meta({ description: "Records on a page.", example: 30 }),
  cursor: z.string().optional().meta({ description: "`nextCursor` of the page before.", example: "eyJ2IjoxfQ" }),
  count: z.enum(["exact"]).optional().meta({ description: "Counts all matching records; costs a full scan.", example: "exact" }),
}); // biome-ignore format: a table

const listed = z.union([z.string(), z.array(z.string()).max(queryLimits.fields)]);
/** What has come as JSON is JSON; a recursive schema would say no more, and some generators cannot read one. */
const anyJson: ZodType<JsonValue> = z.unknown() as never;
const expandBody: ZodType<ExpandBody> = z.lazy(() =>
  z.record(z.string(), z.union([z.literal(true), z.strictObject({ limit: z.number().optional(), sort: listed.optional(), expand: expandBody.optional() })])),
).meta({ id: "Expand", description: "Relations to show in place, by name." }); // biome-ignore format: one shape

export const queryBody = z.strictObject({
  filter: z.union([z.string(), z.looseObject({ op: z.string() })]).optional().meta({ description: "A CEL expression, or its tree as `{op, args}`." }),
  params: z.record(z.string(), anyJson).optional().meta({ description: "Values of `$name` in the filter." }),
  sort: listed.optional().meta({ description: "Fields to sort by; `-` turns one around. `id` always comes last." }),
  fields: listed.optional().meta({ description: "Fields to show, dotted through relations." }),
  expand: z.union([z.string(), expandBody]).optional().meta({ description: "Relations to show in place." }),
  limit: z.number().optional().meta({ description: `Records on a page: 1 to ${queryLimits.pageMax}, ${queryLimits.pageDefault} when not said.` }),
  cursor: z.string().optional().meta({ description: "`nextCursor` of the page before." }),
  count: z.literal("exact").optional().meta({ description: "Counts all matching records; costs a full scan." }),
}).meta({ id: "RecordQuery", description: "A query, as `GET` takes it in its parameters.", example: { filter: "title.startsWith($start)", params: { start: "He" }, sort: ["-createdAt"], limit: 10 } }); // biome-ignore format: one shape

// What each kind of call can fail with, for the OpenAPI document.
const readErrors = ["query_invalid", "record_not_found", "record_definition_changed"];
const pageErrors = [...readErrors, "cursor_invalid", "query_too_expensive"];
export const createErrors = [
  ...["record_invalid", "record_forbidden", "record_not_found", "record_unprocessable"],
  ...["record_conflict", "record_busy", "record_definition_changed"],
];
const changeErrors = [...createErrors, "query_invalid", "record_in_use", "record_version_conflict", "record_precondition_required"]; // biome-ignore format: one list
const putErrors = [...changeErrors, "record_exists"];
const deleteErrors = [
  ...["query_invalid", "record_forbidden", "record_not_found", "record_busy", "record_definition_changed"],
  ...["record_in_use", "record_cascade_too_large", "record_version_conflict", "record_precondition_required"],
  "record_unprocessable",
];
/** Of all doors that take or give records. */
export const anyRecordErrors = [...new Set([...pageErrors, ...putErrors, ...deleteErrors])];
const madeAt = { headers: ["Location"] } as const;

interface Flat {
  readonly flat: FlatQuery;
  readonly query: RecordQuery;
}

/** Reads the flat parameters by hand: this is the hottest path there is. */
const flatQuery = (names: ReadonlySet<string>) => (texts: { readonly [name: string]: string }) => {
  const unknown = Object.keys(texts).filter((name) => !names.has(name));
  if (unknown.length > 0) throw unknownParameters(unknown);
  return { flat: texts, query: parseFlatQuery(texts) };
};
export const parseList = flatQuery(new Set(Object.keys(listShape.shape))) as (texts: object) => never;
const parseShown = flatQuery(new Set(Object.keys(shownShape))) as (texts: object) => never;
const flatOf = (query: unknown) => query as Flat;

export interface RecordDoors {
  readonly room: Room;
  readonly reader: RecordReader;
  readonly writer: RecordWriter;
  readonly bulk: BulkWriter;
}

export function recordRoutes({ room, reader, writer, bulk }: RecordDoors): Route[] {
  return [
    defineRoute({
      ...{ method: "GET", path: `${recordsPath}/{id}`, name: "getRecord", tag, access: "anyone", explained: true },
      summary: "Read one record",
      description:
        "The record, as far as the collection's `get` rule and the rules of its fields let the caller see it.",
      tagged: true,
      errors: readErrors,
      params: recordParams,
      query: z.strictObject(shownShape),
      parseQuery: parseShown,
      responses: { 200: one("The record, as the caller may see it.") },
      async handler(ctx, { params, query }) {
        const { text, etag } = await reader.read(ctx, params.collection, params.id, flatOf(query).query);
        return { status: 200, text, etag };
      },
    }),
    defineRoute({
      ...{ method: "GET", path: recordsPath, name: "listRecords", tag, access: "anyone", explained: true },
      summary: "List records, page by page",
      description:
        "The records that the collection's `list` rule lets the caller see and that match `filter`, a CEL expression. Follow `nextCursor` until it is null.",
      tagged: true,
      errors: pageErrors,
      params: collectionParams,
      query: listShape,
      parseQuery: parseList,
      responses: {
        200: {
          description: "A page.",
          schema: page,
          example: { items: [example], nextCursor: null },
          headers: ["Link"],
        },
      },
      async handler(ctx, { params, query: given }) {
        const { flat, query } = flatOf(given);
        const found = await reader.page(ctx, params.collection, query);
        const next =
          found.nextCursor === null ? {} : { headers: { Link: nextLink(params.collection, flat, found.nextCursor) } };
        return { ...pageReply(room, found), ...next };
      },
    }),
    defineRoute({
      ...{
        method: "POST",
        path: `${recordsPath}:query`,
        name: "queryRecords",
        tag,
        access: "anyone",
        explained: true,
        safe: true,
      },
      summary: "List records by a query in the body",
      description:
        "The same as listing, for queries that are too long for an address. Changes nothing, and is cached like a read.",
      tagged: true,
      errors: pageErrors,
      params: collectionParams,
      body: queryBody,
      responses: { 200: { description: "A page.", schema: page, example: { items: [example], nextCursor: null } } },
      async handler(ctx, { params, body }) {
        return pageReply(room, await pageOf(reader, ctx, params.collection, body));
      },
    }),
    defineRoute({
      ...{ method: "POST", path: recordsPath, name: "createRecords", tag, access: "anyone", explained: true },
      summary: "Create one record, or up to 1,000",
      description: "One object makes one record. A list makes all of its records or none.",
      tagged: true,
      errors: createErrors,
      params: collectionParams,
      body: createBody,
      bodyLimitTimes: 4,
      responses: { 201: { description: "The record, or `items` of them.", schema: made, example, ...madeAt } },
      async handler(ctx, { params, body }) {
        if (!Array.isArray(body)) return created(params.collection, await writer.create(ctx, params.collection, body));
        if (body.length < 1 || body.length > bulkMax) {
          const message = `Expected 1 to ${bulkMax} records.`;
          throw errors.record_invalid({ issues: [{ path: "", code: "items_max", message }] });
        }
        const made = await bulk.createMany(ctx, params.collection, body);
        const summary = { items: made.map(({ id, version }) => ({ id, version: Number(version) })) };
        return { status: 201, octets: `{"items":[${made.map(({ octets }) => octets).join(",")}]}`, summary };
      },
    }),
    defineRoute({
      ...{ method: "PATCH", path: `${recordsPath}/{id}`, name: "updateRecord", tag, access: "anyone", explained: true },
      summary: "Change fields of a record",
      description:
        "RFC 7396: what is left out stays, null empties. `$increment`, `$append` and `$remove` work on the stored value.",
      tagged: true,
      conditions: ["If-Match", "If-None-Match"],
      errors: putErrors,
      params: recordParams,
      query: z.strictObject({ upsert: upsertFlag }),
      body: patchBody,
      responses: {
        200: one("The record after the change."),
        201: { ...one("It was not there; it was created."), ...madeAt },
      },
      async handler(ctx, { params, query, body, headers }) {
        const write = query.upsert === "true" ? writer.upsert : writer.update;
        const options = preconditionOf(room, headers);
        return written(params.collection, await write(ctx, params.collection, params.id, body, options));
      },
    }),
    defineRoute({
      ...{ method: "PUT", path: `${recordsPath}/{id}`, name: "replaceRecord", tag, access: "anyone", explained: true },
      summary: "Replace a record, or create it",
      description: "Fields that are left out take their default.",
      tagged: true,
      conditions: ["If-Match", "If-None-Match"],
      errors: putErrors,
      params: recordParams,
      body: wholeBody,
      responses: {
        200: one("The record after the change."),
        201: { ...one("It was not there; it was created."), ...madeAt },
      },
      async handler(ctx, { params, body, headers }) {
        const options = preconditionOf(room, headers);
        return written(params.collection, await writer.replace(ctx, params.collection, params.id, body, options));
      },
    }),
    defineRoute({
      ...{
        method: "DELETE",
        path: `${recordsPath}/{id}`,
        name: "deleteRecord",
        tag,
        access: "anyone",
        explained: true,
      },
      summary: "Delete a record",
      description:
        "Records that refer to it go with it, lose the reference, or keep it from being deleted, as their relation says.",
      conditions: ["If-Match"],
      errors: deleteErrors,
      params: recordParams,
      responses: { 204: { description: "It is gone." } },
      async handler(ctx, { params, headers }) {
        await writer.remove(ctx, params.collection, params.id, preconditionOf(room, headers));
        return { status: 204 };
      },
    }),
  ];
}

/** The page of a query that stands in a body, whose errors name their place in it. */
export async function pageOf(reader: RecordReader, ctx: Context, collection: string, body: QueryBody) {
  try {
    return await reader.page(ctx, collection, parseQueryBody(body));
  } catch (error) {
    throw placedInBody(error);
  }
}

function pageReply(room: Room, found: PageResult): Reply {
  const octets = pageOctets(found);
  const { named, nextCursor, count } = found;
  const content = named === undefined ? bytesOfOctets(octets) : `${named} ${nextCursor} ${count}`;
  return { status: 200, octets, etag: `${epochOf(room)}.0-${bodyHash(found.schemaVersion, content)}` };
}

/** JSON of the page, in octets. */
export function pageOctets({ items, nextCursor, count }: PageResult): string {
  const tail = count === undefined ? "" : `,"count":${count}`;
  return `{"items":[${items.join(",")}],"nextCursor":${JSON.stringify(nextCursor)}${tail}}`;
}

function nextLink(collection: string, flat: FlatQuery, cursor: string): string {
  let query = "";
  for (const [name, value] of Object.entries(flat))
    if (name !== "cursor") query += `${name}=${encodeURIComponent(value)}&`;
  return `</v1/collections/${encodeURIComponent(collection)}/records?${query}cursor=${cursor}>; rel="next"`;
}

const created = (collection: string, result: WriteResult): Reply => ({ ...written(collection, result), status: 201 });

function written(collection: string, { id, text, etag, version, created: isNew }: WriteResult): Reply {
  const location = `/v1/collections/${encodeURIComponent(collection)}/records/${encodeURIComponent(id)}`;
  const headers = isNew ? { headers: { Location: location } } : {};
  return { status: isNew ? 201 : 200, text, etag, summary: { id, version: Number(version) }, ...headers };
}

/** If-Match compares the epoch and the version; an entity tag of any other form matches nothing. */
export function preconditionOf(room: Room, headers: { readonly [name: string]: string | undefined }): Precondition {
  const match = headers["if-match"];
  const none = headers["if-none-match"];
  if (none !== undefined && parseEntityTags("If-None-Match", none) !== "*") {
    throw invalid("header.If-None-Match", "Writes take If-None-Match: * only");
  }
  if (match === undefined) return none === undefined ? {} : { ifNoneMatch: true };
  if (none !== undefined) throw invalid("header.If-Match", "If-Match and If-None-Match exclude each other");
  const versions = versionsOfMatch(match);
  if (versions === "*") return { ifMatch: "*" };
  return { ifMatch: versions.flatMap((tag) => versionIn(epochOf(room), tag)) };
}

function versionIn(epoch: string, tag: string): string[] {
  const [before, version = "", ...more] = tag.split(".");
  return before === epoch && more.length === 0 && /^\d{1,18}$/.test(version) ? [version] : [];
}
