// Several operations in one request, all or none. A later operation may name the id that an earlier one will get.
import type { Answers, Written } from "./answers.ts";
import type { UpsertInput } from "./collection.ts";
import { collectionPath, recordPath } from "./paths.ts";
import type { CollectionName, CreateInput, SchemaShape, UpdateInput } from "./schema.ts";
import type { CallOptions, Transport } from "./transport.ts";

declare const answerOf: unique symbol;

/**
 * An operation of a batch, not yet sent. `id` may stand where a later operation needs it.
 *
 * @example
 * ```ts
 * const [, answer] = await lf.batch((b) => {
 *   const user: Operation<unknown> = b.from("users").create({ name: "Bo" });
 *   return [user, b.from("posts").create({ title: "By Bo", author: user.id })];
 * });
 * console.log(answer.author); // Bo's id, drawn by the server
 * ```
 */
export interface Operation<Answer> {
  readonly id: string;
  readonly [answerOf]?: Answer;
}

/**
 * What can be done to one collection in a batch.
 *
 * @example
 * ```ts
 * await lf.batch((b) => {
 *   const posts = b.from("posts");
 *   return [posts.update("p1", { status: "open" }), posts.delete("p2")];
 * });
 * ```
 */
export interface BatchCollection<
  Schema extends SchemaShape,
  Name extends CollectionName<Schema>,
  WriteOnly extends boolean = false,
> {
  create(input: CreateInput<Schema, Name>): Operation<Written<Schema, Name, WriteOnly>>;
  upsert(input: UpsertInput<Schema, Name>): Operation<Written<Schema, Name, WriteOnly>>;
  update(id: string, patch: UpdateInput<Schema, Name>): Operation<Written<Schema, Name, WriteOnly>>;
  delete(id: string): Operation<null>;
}

/**
 * The batch being built.
 *
 * @example
 * ```ts
 * const publish = (b: Batch<typeof schema>, id: string) => b.from("posts").update(id, { status: "open" });
 *
 * const [first, second] = await lf.batch((b) => [publish(b, "p1"), publish(b, "p2")]);
 * ```
 */
export interface Batch<Schema extends SchemaShape, WriteOnly extends boolean = false> {
  from<Name extends CollectionName<Schema>>(collection: Name): BatchCollection<Schema, Name, WriteOnly>;
}

/**
 * The answers in the order of the operations returned.
 *
 * @example
 * ```ts
 * type Answers = BatchAnswers<readonly [Operation<{ title: string }>, Operation<null>]>;
 *
 * const [post, deleted]: Answers = [{ title: "Hello" }, null];
 * ```
 */
export type BatchAnswers<Operations extends readonly unknown[]> = {
  -readonly [Index in keyof Operations]: Operations[Index] extends Operation<infer Answer> ? Answer : never;
};

interface WireOperation {
  readonly op: "create" | "put" | "patch" | "delete";
  readonly collection: string;
  readonly id?: unknown;
  readonly body?: unknown;
}

/** Builds, sends and sorts the answers back to the operations that were returned. */
export async function createBatch<
  Schema extends SchemaShape,
  WriteOnly extends boolean,
  const Operations extends readonly unknown[],
>(
  transport: Transport,
  written: Answers,
  build: (batch: Batch<Schema, WriteOnly>) => Operations,
  options?: CallOptions,
): Promise<BatchAnswers<Operations>> {
  const sent: { readonly handle: unknown; readonly wire: WireOperation }[] = [];
  const add = <Answer>(wire: WireOperation): Operation<Answer> => {
    const handle = { id: { $idOf: sent.length } } as unknown as Operation<Answer>;
    sent.push({ handle, wire });
    return handle;
  };
  const returned = build({ from: (collection) => operationsOn(collection, add) });
  const body = { mode: "atomic", operations: sent.map((one) => one.wire) };
  const { json } = await transport.send({ method: "POST", path: "/v1/batch", body }, options);
  const { results } = json as { results: readonly { body?: unknown }[] };
  const bodies: unknown[] = results.map((result, i) =>
    sent[i]?.wire.op === "delete" ? null : (result.body ?? result),
  );
  for (const collection of new Set(sent.map(({ wire }) => wire.collection))) {
    const places = [...sent.keys()].filter((i) => sent[i]?.wire.collection === collection && bodies[i] !== null);
    const all = await written.of(collection, places.map((i) => bodies[i]), options); // biome-ignore format: one line
    for (const [n, i] of places.entries()) bodies[i] = all[n];
  }
  const answers = returned.map((handle) => bodies[sent.findIndex((one) => one.handle === handle)] ?? null);
  return answers as BatchAnswers<Operations>;
}

function operationsOn<Schema extends SchemaShape, Name extends CollectionName<Schema>, WriteOnly extends boolean>(
  collection: Name,
  add: <Answer>(wire: WireOperation) => Operation<Answer>,
): BatchCollection<Schema, Name, WriteOnly> {
  collectionPath(collection);
  return {
    create: (input) => add({ op: "create", collection, body: input }),
    upsert: (input) => {
      const { id, ...body } = input as { id: string };
      return add({ op: "put", collection, id: checked(collection, id), body });
    },
    update: (id, patch) => add({ op: "patch", collection, id: checked(collection, id), body: patch }),
    delete: (id) => add({ op: "delete", collection, id: checked(collection, id) }),
  };
}

/** A plain id is checked as in a path; a reference to an earlier operation passes. */
function checked(collection: string, id: unknown): unknown {
  const reference = typeof id === "object" && id !== null && Object.hasOwn(id, "$idOf");
  if (!reference) recordPath(collection, id as string);
  return id;
}
