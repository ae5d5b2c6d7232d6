import { type Batch, type BatchAnswers, createBatch } from "./batch.ts";
import { Collection } from "./collection.ts";
import { warnOfLoopback } from "./native-address.ts";
import { defaultRuntime, type FetchLike, type Runtime } from "./runtime.ts";
import type { CollectionName, SchemaShape } from "./schema.ts";
import { type CallOptions, createTransport } from "./transport.ts";

/**
 * Options of {@link createClient}.
 *
 * @example
 * ```ts
 * const options: ClientOptions<typeof schema> = {
 *   url: "http://localhost:4710",
 *   schema,
 *   token: async () => key, // asked before each request, so it may be renewed
 *   timeoutMs: 10_000,
 *   retries: 2,
 * };
 * const { items } = await createClient(options).from("posts").list();
 * ```
 */
export interface ClientOptions<Schema extends SchemaShape> {
  /** Where the server is, e.g. `https://api.example.com`. */
  readonly url: string;
  /** From {@link defineSchema}, usually `landfall.schema.ts`. */
  readonly schema: Schema;
  /** An access token or API key, or a function that is asked before each request. Absent: anonymous. */
  readonly token?: string | (() => string | undefined | Promise<string | undefined>);
  /** For a whole call, retries included. Default 30,000. */
  readonly timeoutMs?: number;
  /** Attempts after the first one. Default 3. */
  readonly retries?: number;
  /** Replaces the runtime's `fetch`. */
  readonly fetch?: FetchLike;
}

/**
 * A typed client of one Landfall server.
 *
 * @example
 * ```ts
 * const openPosts = (client: Client<typeof schema>) => client.from("posts").filter({ status: "open" }).count();
 *
 * console.log(await openPosts(lf));
 * ```
 */
export interface Client<Schema extends SchemaShape> {
  /** The schema the client was made with. */
  readonly schema: Schema;
  /** One collection, to query and to write. */
  from<Name extends CollectionName<Schema>>(collection: Name): Collection<Schema, Name>;
  /**
   * Several operations in one request, all or none. Later ones may name the id of an earlier one.
   *
   * @example
   * ```ts
   * const [post] = await lf.batch((b) => {
   *   const post = b.from("posts").create({ title: "Hello", author: "u1" });
   *   return [post, b.from("comments").create({ post: post.id, text: "First" })];
   * });
   * ```
   */
  batch<const Operations extends readonly unknown[]>(
    build: (batch: Batch<Schema>) => Operations,
    options?: CallOptions,
  ): Promise<BatchAnswers<Operations>>;
}

/**
 * Makes a client. It holds no connection and needs no closing.
 *
 * @example
 * ```ts
 * import { createClient } from "@landfall/client";
 * import { schema } from "./landfall.schema.ts";
 *
 * const lf = createClient({ url: "http://localhost:4710", schema });
 * const { items } = await lf.from("posts").filter({ status: "open" }).sort("-createdAt").list();
 * ```
 */
export function createClient<const Schema extends SchemaShape>(options: ClientOptions<Schema>): Client<Schema> {
  const { token } = options;
  warnOfLoopback(options.url);
  const runtime: Runtime = options.fetch ? { ...defaultRuntime, fetch: options.fetch } : defaultRuntime;
  const transport = createTransport({
    url: options.url,
    token: typeof token === "function" ? token : () => token,
    timeoutMs: options.timeoutMs ?? 30_000,
    retries: options.retries ?? 3,
    runtime,
  });
  return {
    schema: options.schema,
    from: (collection) => new Collection(transport, options.schema, collection),
    batch: (build, call) => createBatch(transport, build, call),
  };
}
