import { createAnswers, type Written } from "./answers.ts";
import { Auth, type AuthOptions } from "./auth.ts";
import type { UserOf } from "./auth-types.ts";
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
export interface ClientOptions<
  Schema extends SchemaShape,
  WriteOnly extends boolean = false,
  Users extends string = "users",
> {
  /** Where the server is, e.g. `https://api.example.com`. */
  readonly url: string;
  /** From {@link defineSchema}, usually `landfall.schema.ts`. */
  readonly schema: Schema;
  /**
   * An API key, or a function that is asked for one before each request. Absent: whoever is signed in by {@link Auth}, or
   * nobody.
   */
  readonly token?: string | (() => string | undefined | Promise<string | undefined>);
  /**
   * For a key that may write and not read: writes resolve to a {@link Receipt}, id and version. Without it such a write
   * rejects with code `answer_withheld`, after it is done. Default false.
   */
  readonly writeOnly?: WriteOnly;
  /** Where the session of a signed-in user is kept, and which collection they are of. */
  readonly auth?: AuthOptions<Users>;
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
export interface Client<Schema extends SchemaShape, WriteOnly extends boolean = false, Users extends string = "users"> {
  /** The schema the client was made with. */
  readonly schema: Schema;
  /** The user of this client: signing in and out, sessions, devices. */
  readonly auth: Auth<UserOf<Schema, Users>>;
  /** One collection, to query and to write. */
  from<Name extends CollectionName<Schema>>(
    collection: Name,
  ): Collection<Schema, Name, Written<Schema, Name, WriteOnly>>;
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
    build: (batch: Batch<Schema, WriteOnly>) => Operations,
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
export function createClient<
  const Schema extends SchemaShape,
  const WriteOnly extends boolean = false,
  const Users extends string = "users",
>(options: ClientOptions<Schema, WriteOnly, Users>): Client<Schema, WriteOnly, Users> {
  const { token, url } = options;
  warnOfLoopback(url);
  const runtime: Runtime = options.fetch ? { ...defaultRuntime, fetch: options.fetch } : defaultRuntime;
  const sending = { url, timeoutMs: options.timeoutMs ?? 30_000, retries: options.retries ?? 3, runtime };
  const auth = new Auth<UserOf<Schema, Users>>(options.auth ?? {}, sending);
  const transport = createTransport(
    token === undefined
      ? { ...sending, token: () => auth.token(), renew: (refused) => auth.renew(refused) }
      : { ...sending, token: typeof token === "function" ? token : () => token },
  );
  const answers = createAnswers(transport, options.writeOnly ?? false);
  return {
    schema: options.schema,
    auth,
    from: (collection) => new Collection(transport, answers, options.schema, collection),
    batch: (build, call) => createBatch(transport, answers, build, call),
  };
}
