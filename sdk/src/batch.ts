// Several operations in one request, all or none. A later operation may name the id that an earlier one will get.
import type { UpsertInput } from "./collection.ts";
import { collectionPath, recordPath } from "./paths.ts";
import type { CollectionName, CreateInput, RecordOf, SchemaShape, UpdateInput } from "./schema.ts";
import type { CallOptions, Transport } from "./transport.ts";

declare const answerOf: unique symbol;

/** An operation of a batch, not yet sent. `id` may stand where a later operation needs it. */
export interface Operation<Answer> {
  readonly id: string;
  readonly [answerOf]?: Answer;
}

/** What can be done to one collection in a batch. */
export interface BatchCollection<Schema extends SchemaShape, Name extends CollectionName<Schema>> {
  create(input: CreateInput<Schema, Name>): Operation<RecordOf<Schema, Name>>;
  upsert(input: UpsertInput<Schema, Name>): Operation<RecordOf<Schema, Name>>;
  update(id: string, patch: UpdateInput<Schema, Name>): Operation<RecordOf<Schema, Name>>;
  delete(id: string): Operation<null>;
}

/** The batch being built. */
export interface Batch<Schema extends SchemaShape> {
  from<Name extends CollectionName<Schema>>(collection: Name): BatchCollection<Schema, Name>;
}

/** The answers in the order of the operations returned. */
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
export async function createBatch<Schema extends SchemaShape, const Operations extends readonly unknown[]>(
  transport: Transport,
  build: (batch: Batch<Schema>) => Operations,
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
  const answers = returned.map((handle) => results[sent.findIndex((one) => one.handle === handle)]?.body ?? null);
  return answers as BatchAnswers<Operations>;
}

function operationsOn<Schema extends SchemaShape, Name extends CollectionName<Schema>>(
  collection: Name,
  add: <Answer>(wire: WireOperation) => Operation<Answer>,
): BatchCollection<Schema, Name> {
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
