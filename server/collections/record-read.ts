// The only reader of records: one record by id, and pages of many. Everything a door shows of a record comes from here.
import { hash, type KeyObject } from "node:crypto";
import type { Context } from "../kernel/context.ts";
import type { Db } from "../kernel/db/index.ts";
import { textOfOctets } from "../kernel/octets.ts";
import { type CursorKeys, decodeCursor, encodeCursor, queryHash } from "./cursor.ts";
import { QueryCache } from "./query-cache.ts";
import { type CompiledGet, type CompiledList, compileCount, compileGet, compileList, keysOf } from "./query-compile.ts";
import { type CompiledStatement, literal } from "./query-sql.ts";
import { queryLimits, type RecordQuery } from "./query-types.ts";
import { errors } from "./record-errors.ts";
import type { Audience } from "./record-fields.ts";
import { recordId } from "./record-id.ts";
import { notFound } from "./record-refusal.ts";
import { audienceIn, epochOf, newBuild, type Room, runTexts, schemaFor, withFreshSchema } from "./record-room.ts";
import { withId } from "./record-select.ts";
import type { Schema } from "./types.ts";

export interface ReadResult {
  /** JSON of the record. */
  readonly text: string;
  readonly etag: string;
  readonly version: string;
}

export interface PageResult {
  /** JSON of each record, in octets (kernel/octets.ts). */
  readonly items: readonly string[];
  readonly nextCursor: string | null;
  readonly count?: number;
  /** Part of the ETag: another shape of the same rows is another representation. */
  readonly schemaVersion: number;
  /** Names of plain records, each with its version, which say what the items are without being as long. */
  readonly named?: string;
}

export interface RecordReader {
  read(
    ctx: Context,
    collection: string,
    id: string,
    query?: Pick<RecordQuery, "fields" | "expand">,
  ): Promise<ReadResult>;
  page(ctx: Context, collection: string, query: RecordQuery): Promise<PageResult>;
}

export function recordReader(room: Room): RecordReader {
  const gets = new QueryCache<CompiledGet>();
  const lists = new QueryCache<CompiledList>();
  const counts = new QueryCache<CompiledStatement>();

  const getOf = (ctx: Context, schema: Schema, query: Pick<RecordQuery, "fields" | "expand">) => {
    const audience = audienceIn(ctx);
    const key =
      query.fields === undefined && query.expand === undefined
        ? `${audience.key} ${schema.name}`
        : `${audience.key} ${schema.name} ${JSON.stringify([query.fields, query.expand])}`;
    return gets.get(room.schemas.current(), key, () => compileGet(newBuild(room, audience), schema, query));
  };

  return {
    read(ctx, collection, id, query = {}) {
      return withFreshSchema(room, ctx, async () => {
        const schema = schemaFor(room, ctx, collection, "get");
        if (!recordId.test(id)) throw errors.record_not_found();
        const compiled = getOf(ctx, schema, query);
        const { rows } = await runTexts(ctx, compiled.statement, { ctx, id });
        const row = rows[0];
        if (row === undefined) throw await notFound(room, ctx, schema, id);
        const text = compiled.selection.render(row);
        const version = row[compiled.versionAt] as string;
        return { text, version, etag: etagOf(room, schema, version, compiled.selection.plain ? undefined : text) };
      });
    },

    page(ctx, collection, query) {
      return withFreshSchema(room, ctx, async () => {
        const schema = schemaFor(room, ctx, collection, "list");
        const audience = audienceIn(ctx);
        const shape = shapeOf(schema, audience, query);
        const question = questionHash(ctx, schema, query);
        const found = room.cursorSecret();
        const secret = found instanceof Promise ? await found : found;
        const after = query.cursor === undefined ? undefined : openCursor(secret, query, question);
        const nulls = after ? ` ${after.map((key) => (key === null ? "0" : "1")).join("")}` : "";
        const schemas = room.schemas.current();
        const list = lists.get(schemas, shape + nulls, () =>
          compileList(newBuild(room, audience), schema, query, after),
        );
        const env = { ctx, params: query.params, ...(after ? { cursor: after } : {}) };
        const { rows } = await ctx.db.octets(list.statement.run(env));
        const more = rows.length > list.limit;
        const shown = more ? rows.slice(0, list.limit) : rows;
        const last = shown.at(-1);
        const { versionAt } = list;
        const page = {
          ...(versionAt === undefined ? {} : { named: shown.map((row) => `${row[0]} ${row[versionAt]}`).join() }),
          items: shown.map(list.selection.render),
          nextCursor: more && last ? encodeCursor(secret, question, keysOf(list, last.map(textOfCell))) : null,
          schemaVersion: schema.schemaVersion,
        };
        if (!query.count) return page;
        const statement = counts.get(schemas, shape, () => compileCount(newBuild(room, audience), schema, query));
        return { ...page, count: await exactCount(ctx, statement, query) };
      });
    },
  };
}

const textOfCell = (cell: string | null) => (cell === null ? null : textOfOctets(cell));

/** The ETag without quotes. A plain record is named by its version alone; everything else by what the body says. */
export function etagOf(room: Pick<Room, "epoch">, schema: Schema, version: string, body: string | undefined): string {
  const base = `${epochOf(room)}.${version}`;
  return body === undefined ? base : `${base}-${bodyHash(schema.schemaVersion, body)}`;
}

export function bodyHash(schemaVersion: number, body: string | Buffer): string {
  return hash(
    "sha1",
    typeof body === "string" ? `${schemaVersion} ${body}` : Buffer.concat([Buffer.from(`${schemaVersion} `), body]),
    "base64url",
  );
}

/** What the text of the statement depends on. Values of parameters do not count, their JSON types do. */
function shapeOf(schema: Schema, audience: Audience, query: RecordQuery): string {
  const { filter, params, sort, fields, expand, limit } = query;
  const types = params && Object.entries(params).map(([name, value]) => [name, jsonType(value)]);
  return `${audience.key} ${schema.name} ${JSON.stringify([filter, types, sort, fields, expand, limit])}`;
}

function jsonType(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return `[${[...new Set(value.map(jsonType))].sort().join()}]`;
  return typeof value === "number" && Number.isSafeInteger(value) ? "integer" : typeof value;
}

/** A cursor belongs to one filter, one order and one caller; page size, fields and expansions may change on the way. */
function questionHash(ctx: Context, schema: Schema, query: RecordQuery): Buffer {
  const asked = JSON.stringify([query.filter ?? null, query.params ?? null, withId(query.sort ?? [])]);
  return queryHash([String(schema.id), asked, ctx.actor.label, ctx.actor.auth.id ?? ""]);
}

function openCursor(secret: KeyObject, query: RecordQuery, question: Buffer): CursorKeys {
  return decodeCursor(secret, question, query.cursor as string, withId(query.sort ?? []).length);
}

/** Counting may look at every row, so it gets a short time of its own. */
async function exactCount(ctx: Context, statement: CompiledStatement, query: RecordQuery): Promise<number> {
  const seconds = queryLimits.countTimeoutMs / 1_000;
  const run = async (db: Db) => Number((await db.texts(statement.run({ ctx, params: query.params }))).rows[0]?.[0]);
  // A transaction has its own time; setting one here would stay for what follows in it.
  if (ctx.db.inTransaction) return run(ctx.db);
  try {
    return await ctx.db.transaction(async (tx) => {
      await tx.query({ text: `SET LOCAL statement_timeout = ${literal(String(queryLimits.countTimeoutMs))}` });
      return run(tx);
    });
  } catch (error) {
    if ((error as { code?: string }).code !== "57014") throw error;
    throw errors.query_too_expensive({ params: { seconds }, cause: error });
  }
}
