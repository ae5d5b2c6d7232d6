// Several operations in one request: `atomic` all or nothing, `each` every one for itself. The operations go through the
// same reader and writer as every other door; a batch adds order, references and one transaction.
import { z } from "zod";
import type { Context } from "../kernel/context.ts";
import { moved, Problem } from "../kernel/errors/index.ts";
import { problemDocument } from "../kernel/errors/problem-document.ts";
import { toProblem } from "../kernel/errors/translate.ts";
import { defineRoute, type Route } from "../kernel/http/route.ts";
import { validate } from "../kernel/http/validate.ts";
import { textOfOctets } from "../kernel/octets.ts";
import { deferReferences, isRelated, lockInOrder, type Performed, settleReferences } from "./batch-locks.ts";
import { errors } from "./record-errors.ts";
import { recordId } from "./record-id.ts";
import { retried } from "./record-retry.ts";
import { withDb, withFreshSchema } from "./record-room.ts";
import { anyRecordErrors, pageOctets, pageOf, queryBody, type RecordDoors, recordParams, recordsTag } from "./record-routes.ts"; // biome-ignore format: one line
import type { WriteResult } from "./record-write.ts";

export const batchMax = 100;

/** `{"$idOf": 2}`: the id that operation 2 has or will get. Not `$ref`: tools take that word in a schema for a JSON Reference. */
const reference = z.strictObject({ $idOf: z.number().int().min(0) });
const { collection, id: ownId } = recordParams.shape;
const id = z.union([ownId, reference]);
const operation = z.strictObject({
  op: z.enum(["get", "list", "create", "put", "patch", "delete"]),
  collection,
  id: id.optional(),
  body: z.unknown().optional(),
  /** Only if the record has this version (409 otherwise). */
  version: z.number().int().min(0).optional(),
  /** patch: create the record when it is not there. */
  upsert: z.boolean().optional(),
});
type Operation = z.output<typeof operation>;

const everywhere = ["op", "collection"];
const membersOf: { readonly [op in Operation["op"]]: readonly string[] } = {
  get: [...everywhere, "id"],
  list: [...everywhere, "body"],
  create: [...everywhere, "id", "body"],
  put: [...everywhere, "id", "body", "version"],
  patch: [...everywhere, "id", "body", "version", "upsert"],
  delete: [...everywhere, "id", "version"],
};

const batchBody = z
  .strictObject({
    mode: z.enum(["atomic", "each"]).default("atomic"),
    operations: z.array(operation).min(1).max(batchMax),
  })
  .meta({
    example: {
      operations: [
        { op: "create", collection: "posts", body: { title: "Hello" } },
        { op: "patch", collection: "posts", id: { $idOf: 0 }, body: { title: "Hello again" } },
      ],
    },
  });
const result = z.looseObject({ status: z.number().int() }).meta({
  id: "BatchResult",
  description: "How one operation of a batch ended: `status`, `etag`, `body`, or `problem`.",
});
/** A version that lost is a conflict here: there are no preconditions inside a batch. */
const lost = { code: "record_version_conflict", status: 409 };

interface Outcome {
  readonly status: number;
  readonly text: string | undefined;
  readonly etag?: string;
  readonly id?: string;
  readonly version?: string;
}

export function batchRoutes(doors: RecordDoors): Route[] {
  return [
    defineRoute({
      ...{ method: "POST", path: "/v1/batch", name: "batch", tag: recordsTag, access: "anyone", door: "batch" },
      summary: "Several reads and writes in one request",
      description: `Up to ${batchMax} operations, done in order. \`{"$idOf": n}\` stands for the id of operation n, which must be earlier: as \`id\`, and in the body where a relation or \`id\` is expected.`,
      errors: [...anyRecordErrors, "batch_invalid", lost],
      body: batchBody,
      cost: ({ operations }) => operations.length,
      bodyLimitTimes: 4,
      responses: {
        200: {
          description: "A result per operation, in their order: `status`, `etag`, `body`, or `problem`.",
          schema: z.object({ results: z.array(result) }),
          example: {
            results: [
              { status: 201, etag: '"4f2a.1"', body: { id: "p1", title: "Hello", version: 1 } },
              { status: 200, etag: '"4f2a.2"', body: { id: "p1", title: "Hello again", version: 2 } },
            ],
          },
        },
      },
      async handler(ctx, { body: { mode, operations } }) {
        const run = mode === "atomic" ? atomic : each;
        const outcomes = await run(doors, ctx, operations);
        const results = outcomes.map((outcome) =>
          outcome instanceof Problem ? problemText(ctx, outcome) : textOf(outcome),
        );
        const summary = {
          results: outcomes.map((outcome) =>
            outcome instanceof Problem
              ? { status: conflicting(outcome).status }
              : { status: outcome.status, id: outcome.id, version: Number(outcome.version ?? 0) },
          ),
        };
        return { status: 200, text: `{"results":[${results.join(",")}]}`, summary };
      },
    }),
  ];
}

/** One transaction; the first failure undoes all and is the answer, with the place of its operation. */
async function atomic(doors: RecordDoors, ctx: Context, operations: readonly Operation[]): Promise<Outcome[]> {
  const { room } = doors;
  const whole = () => ctx.db.transaction((tx) => inOneTransaction(doors, withDb(ctx, tx), operations));
  const outcomes = await withFreshSchema(room, ctx, () =>
    // With an idempotency key the transaction is the key's; to its savepoint everything is undone, locks too.
    ctx.db.inTransaction ? retried(room.pauseBeforeRetry, whole) : whole(),
  );
  room.ring();
  return outcomes;
}

async function inOneTransaction(
  doors: RecordDoors,
  ctx: Context,
  operations: readonly Operation[],
): Promise<Outcome[]> {
  const done: Outcome[] = [];
  const performed: Performed[] = [];
  const writing = operations.filter(({ op }) => op !== "get" && op !== "list");
  await lockInOrder(ctx.db, writing.flatMap(idsIn));
  const schemas = doors.room.schemas.current();
  const refers = writing.length > 1 && writing.some(({ collection }) => isRelated(schemas, collection));
  if (refers) await deferReferences(ctx.db);
  for (const [index, one] of operations.entries()) {
    const outcome = await perform(doors, ctx, one, done).catch((error) => Promise.reject(at(index, error)));
    done.push(outcome);
    const { op, collection } = one;
    performed.push({ index, op, collection, id: outcome.id, body: withReferences(doors, one, done) });
  }
  if (refers) await settleReferences(ctx.db, schemas, performed, at);
  return done;
}

/** The records an operation is going to change, as far as their ids are known. */
function idsIn({ collection, id: target, body }: Operation): (readonly [string, string])[] {
  const given = target ?? (body as { id?: unknown } | undefined)?.id;
  return typeof given === "string" ? [[collection, given]] : [];
}

async function each(
  doors: RecordDoors,
  ctx: Context,
  operations: readonly Operation[],
): Promise<(Outcome | Problem)[]> {
  const done: (Outcome | Problem)[] = [];
  // In the transaction of an idempotency key each needs a savepoint, to be undone alone.
  const alone = (one: Operation) =>
    ctx.db.inTransaction
      ? ctx.db.transaction((tx) => perform(doors, withDb(ctx, tx), one, done))
      : perform(doors, ctx, one, done);
  for (const one of operations) {
    try {
      done.push(await alone(one));
    } catch (error) {
      const problem = toProblem(error);
      // Broken ground under all of them: the rest would fail alike.
      if (problem.status >= 500) throw error;
      done.push(problem);
    }
  }
  return done;
}

async function perform(
  doors: RecordDoors,
  ctx: Context,
  one: Operation,
  done: readonly (Outcome | Problem)[],
): Promise<Outcome> {
  const { reader, writer } = doors;
  const { collection } = one;
  refuseIgnored(one);
  const target = one.id === undefined ? undefined : resolve(one.id, done, "/id");
  const body = withReferences(doors, one, done);
  const match = one.version === undefined ? {} : { ifMatch: [String(one.version)] };
  const need = () => {
    if (target !== undefined) return target;
    throw errors.batch_invalid({ issues: [{ path: "/id", code: "required", message: "This operation needs an id." }] });
  };
  switch (one.op) {
    case "get": {
      const found = await reader.read(ctx, collection, need(), {});
      return { status: 200, text: found.text, etag: found.etag, id: need(), version: found.version };
    }
    case "list": {
      const found = await pageOf(reader, ctx, collection, validate(queryBody, body ?? {}, "body"));
      return { status: 200, text: textOfOctets(pageOctets(found)) };
    }
    case "create":
      return written(await writer.create(ctx, collection, target === undefined ? body : withId(body, target)));
    case "put":
      return written(await writer.replace(ctx, collection, need(), body, match));
    case "patch":
      return written(await (one.upsert ? writer.upsert : writer.update)(ctx, collection, need(), body, match));
    case "delete":
      await writer.remove(ctx, collection, need(), match);
      return { status: 204, text: undefined, id: need() };
    default:
      return one.op satisfies never;
  }
}

/** The id of the operation in the body, which may say the same. What is no object at all is for the writer to refuse. */
function withId(body: unknown, id: string): unknown {
  if (body === undefined) return { id };
  if (typeof body !== "object" || body === null || Array.isArray(body)) return body;
  const own = (body as { id?: unknown }).id;
  if (own === undefined || own === id) return { ...body, id };
  const message = "The body names another id than the operation.";
  throw errors.record_unprocessable({ issues: [{ path: "/id", code: "id_mismatch", message }] });
}

/** What an operation would pass over in silence, such as the version in a create, is refused. */
function refuseIgnored(one: Operation): void {
  const known: readonly string[] = membersOf[one.op];
  const ignored = Object.keys(one).filter((name) => !known.includes(name));
  if (ignored.length === 0) return;
  const message = `This has no meaning for ${one.op}.`;
  throw errors.batch_invalid({ issues: ignored.map((name) => ({ path: `/${name}`, code: "unknown", message })) });
}

function written({ created, text, etag, id: own, version }: WriteResult): Outcome {
  return { status: created ? 201 : 200, text, etag, id: own, version };
}

type Reference = z.output<typeof reference>;

function isReference(value: unknown): value is Reference {
  if (typeof value !== "object" || value === null) return false;
  const keys = Object.keys(value);
  return keys.length === 1 && keys[0] === "$idOf";
}

function resolve(given: string | Reference, done: readonly (Outcome | Problem)[], path: string): string {
  if (typeof given === "string") return given;
  const outcome = done[given.$idOf];
  const found = outcome instanceof Problem ? undefined : outcome?.id;
  if (found !== undefined && recordId.test(found)) return found;
  const message = "A reference names an earlier operation that has a record.";
  throw errors.batch_invalid({ issues: [{ path, code: "reference", message }] });
}

/** References count where an id is expected, nowhere else: a json field may hold `{"$idOf": 1}` as its own value. */
function withReferences(doors: RecordDoors, one: Operation, done: readonly (Outcome | Problem)[]): unknown {
  const { body } = one;
  if (typeof body !== "object" || body === null || Array.isArray(body)) return body;
  const schema = doors.room.schemas.current().byName.get(one.collection);
  const swap = (value: unknown, path: string) => (isReference(value) ? resolve(value, done, path) : value);
  return Object.fromEntries(
    Object.entries(body).map(([name, value]) => {
      if (name !== "id" && schema?.fieldByName.get(name)?.type !== "relation") return [name, value];
      const path = `/body/${name}`;
      if (!Array.isArray(value)) return [name, swap(value, path)];
      return [name, value.map((element, index) => swap(element, `${path}/${index}`))];
    }),
  );
}

/** The failure of one operation as the failure of the batch: same code, its place in front. */
function at(index: number, thrown: unknown): unknown {
  if (!(thrown instanceof Problem)) return thrown;
  // Our own errors speak of the operation, those of the writer of the record, which is the operation's body.
  const place = `/operations/${index}`;
  const body = thrown.code === "batch_invalid" ? place : `${place}/body`;
  const put = (path: string) => (path === "path.id" ? `${place}/id` : path.replace(/^(?=\/|$)/, body));
  return moved(conflicting(thrown), put, { operation: index });
}

/** Inside a batch there are no preconditions, only versions: one that lost is a conflict. */
function conflicting(problem: Problem): Problem {
  return problem.status === 412 ? moved(problem, (path) => path, {}, 409) : problem;
}

function textOf({ status, text, etag }: Outcome): string {
  const tag = etag === undefined ? "" : `,"etag":${JSON.stringify(`"${etag}"`)}`;
  return `{"status":${status}${tag}${text === undefined ? "" : `,"body":${text}`}}`;
}

function problemText(ctx: Context, thrown: Problem): string {
  const problem = conflicting(thrown);
  return JSON.stringify({ status: problem.status, problem: problemDocument(problem, ctx.requestId) });
}
