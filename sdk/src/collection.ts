// One collection of the client: everything a query can do, and the writes.
import type { Answers } from "./answers.ts";
import { collectionPath, recordPath, required } from "./paths.ts";
import { Query } from "./query.ts";
import type { CollectionName, CreateInput, RecordOf, SchemaShape, UpdateInput } from "./schema.ts";
import type { CallOptions, Transport } from "./transport.ts";

/**
 * Options of a write to one record.
 *
 * @example
 * ```ts
 * const post = await lf.from("posts").get("p1");
 * const options: WriteOptions = { ifVersion: post.version, timeoutMs: 5_000 };
 * await lf.from("posts").update("p1", { title: "Only if nobody else was faster" }, options);
 * ```
 */
export interface WriteOptions extends CallOptions {
  /**
   * Write only if the record still has this version; otherwise it rejects with code `record_version_conflict`. Undefined
   * is refused: the write would be made without the check.
   */
  readonly ifVersion?: number;
}

/**
 * What `upsert` takes: a record with its id.
 *
 * @example
 * ```ts
 * const post: UpsertInput<typeof schema, "posts"> = { id: "p9", title: "Hello", author: "u1" };
 * await lf.from("posts").upsert(post);
 * ```
 */
export type UpsertInput<Schema extends SchemaShape, Name extends CollectionName<Schema>> = CreateInput<Schema, Name> & {
  readonly id: string;
};

/**
 * A collection: `lf.from("posts")`.
 *
 * @example
 * ```ts
 * const posts: Collection<typeof schema, "posts"> = lf.from("posts");
 * const post = await posts.create({ title: "Hello", author: "u1" });
 * await posts.delete(post.id);
 * ```
 */
export class Collection<
  Schema extends SchemaShape,
  Name extends CollectionName<Schema>,
  Answer = RecordOf<Schema, Name>,
> extends Query<Schema, Name, RecordOf<Schema, Name>> {
  readonly #transport: Transport;
  readonly #answers: Answers;
  readonly #name: Name;

  constructor(transport: Transport, answers: Answers, schema: Schema, name: Name) {
    super(transport, schema, name);
    this.#transport = transport;
    this.#answers = answers;
    this.#name = name;
  }

  /**
   * Creates one record, or several of which all or none are created (at most 1,000).
   *
   * @example
   * ```ts
   * const post = await lf.from("posts").create({ title: "Hello", author: "u1" });
   * ```
   */
  create(input: CreateInput<Schema, Name>, options?: CallOptions): Promise<Answer>;
  create(input: readonly CreateInput<Schema, Name>[], options?: CallOptions): Promise<Answer[]>;
  async create(input: unknown, options?: CallOptions): Promise<unknown> {
    const path = `${collectionPath(this.#name)}/records`;
    const { json } = await this.#transport.send({ method: "POST", path, body: input }, options);
    return Array.isArray(input)
      ? this.#answers.of(this.#name, (json as { items: unknown[] }).items, options)
      : this.#answered(json, options);
  }

  /**
   * Replaces the record of that id, or creates it. Fields left out take their defaults. Of several (at most 100) all or
   * none are written.
   *
   * @example
   * ```ts
   * await lf.from("posts").upsert({ id: "p9", title: "Hello", author: "u1" });
   * ```
   */
  upsert(input: UpsertInput<Schema, Name>, options?: CallOptions): Promise<Answer>;
  upsert(input: readonly UpsertInput<Schema, Name>[], options?: CallOptions): Promise<Answer[]>;
  async upsert(input: unknown, options?: CallOptions): Promise<unknown> {
    if (Array.isArray(input)) return this.#upsertAll(input as readonly { readonly id: string }[], options);
    const { id, ...body } = input as { id: string };
    const { json } = await this.#transport.send({ method: "PUT", path: recordPath(this.#name, id), body }, options);
    return this.#answered(json, options);
  }

  async #upsertAll(input: readonly { readonly id: string }[], options: CallOptions | undefined): Promise<unknown[]> {
    const operations = input.map(({ id, ...body }) => {
      recordPath(this.#name, id);
      return { op: "put", collection: this.#name, id, body };
    });
    const body = { mode: "atomic", operations };
    const { json } = await this.#transport.send({ method: "POST", path: "/v1/batch", body }, options);
    const bodies = (json as { results: readonly { body?: unknown }[] }).results.map((one) => one.body ?? one);
    return this.#answers.of(this.#name, bodies, options);
  }

  /**
   * Changes the fields named. Null empties a field, one that is undefined stays as it is (JSON has no undefined); {@link increment} and its siblings compute on the server.
   *
   * @example
   * ```ts
   * const { version } = await lf.from("posts").get("p1");
   * await lf.from("posts").update("p1", { status: "open" }, { ifVersion: version });
   * ```
   */
  async update(id: string, patch: UpdateInput<Schema, Name>, options?: WriteOptions): Promise<Answer> {
    const headers = await this.#ifMatch(id, options);
    const { json } = await this.#transport.send(
      { method: "PATCH", path: recordPath(this.#name, id), body: patch, headers },
      options,
    );
    return this.#answered(json, options) as Promise<Answer>;
  }

  /**
   * Deletes one record.
   *
   * @example
   * ```ts
   * await lf.from("posts").delete("p2");
   * ```
   */
  async delete(id: string, options?: WriteOptions): Promise<void> {
    const headers = await this.#ifMatch(id, options);
    await this.#transport.send({ method: "DELETE", path: recordPath(this.#name, id), headers }, options);
  }

  async #answered(body: unknown, options: CallOptions | undefined): Promise<unknown> {
    return (await this.#answers.of(this.#name, [body], options))[0];
  }

  /** `If-Match` names the epoch too. Before any answer named it, one small read does. */
  async #ifMatch(id: string, options: WriteOptions | undefined): Promise<Record<string, string>> {
    if (options === undefined || !("ifVersion" in options)) return {};
    const version = required(options.ifVersion, "ifVersion");
    if (this.#transport.epoch() === undefined) {
      await this.#transport.send({ method: "GET", path: `${recordPath(this.#name, id)}?fields=id` }, options);
    }
    return { "if-match": `"${this.#transport.epoch() ?? ""}.${version}"` };
  }
}
