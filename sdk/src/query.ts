// A question about one collection: immutable, built up by chaining, asked by one of the verbs at the end.
import { LandfallError } from "./error.ts";
import { filterTree } from "./filter-tree.ts";
import { collectionPath, recordPath, required } from "./paths.ts";
import type {
  CollectionName,
  Expanded,
  ExpandInput,
  FilterInput,
  Hops,
  RecordOf,
  SchemaShape,
  SortKey,
  SystemFields,
} from "./schema.ts";
import type { CallOptions, Transport } from "./transport.ts";

/**
 * One page of records.
 *
 * @example
 * ```ts
 * const page: Page<{ readonly title: string }> = await lf.from("posts").limit(10).list();
 * const next = page.nextCursor === null ? null : await lf.from("posts").limit(10).after(page.nextCursor).list();
 * ```
 */
export interface Page<Item> {
  readonly items: readonly Item[];
  /** Hand it to {@link Query.after} for the next page; null at the end. */
  readonly nextCursor: string | null;
}

/** The parts of a query as they travel. */
export interface QueryState {
  readonly filter?: unknown;
  readonly sort?: readonly string[];
  readonly fields?: readonly string[];
  readonly expand?: object;
  readonly limit?: number;
  readonly cursor?: string;
}

/**
 * A query on one collection; `Item` is the shape of its records as selected and expanded.
 *
 * @example
 * ```ts
 * const open = lf.from("posts").filter({ status: "open" }); // asks nothing yet, and is never changed
 * const newest = await open.sort("-createdAt").first();
 * const many = await open.count();
 * ```
 */
export class Query<Schema extends SchemaShape, Name extends CollectionName<Schema>, Item>
  implements AsyncIterable<Item>
{
  readonly #transport: Transport;
  readonly #schema: Schema;
  readonly #collection: Name;
  readonly #state: QueryState;

  constructor(transport: Transport, schema: Schema, collection: Name, state: QueryState = {}) {
    this.#transport = transport;
    this.#schema = schema;
    this.#collection = collection;
    this.#state = state;
  }

  /**
   * Keeps the records for which all members of the object hold. Several calls are and-ed. A member that is undefined
   * throws: it would otherwise match every record. An object compared with a `json` field as a whole is `{ eq: … }`.
   *
   * @example
   * ```ts
   * lf.from("posts").filter({ status: "open", likes: { gt: 5 }, author: { name: { startsWith: "A" } } });
   * ```
   */
  filter(filter: FilterInput<Schema, Name>): Query<Schema, Name, Item> {
    const tree = filterTree(this.#schema, this.#collection, filter as object);
    const both = this.#state.filter === undefined ? tree : { op: "&&", args: [this.#state.filter, tree] };
    return this.#with(tree === undefined ? {} : { filter: both });
  }

  /**
   * Orders the records: `sort("-createdAt", "name")`, `-` for descending. The id decides ties.
   *
   * @example
   * ```ts
   * const { items } = await lf.from("posts").sort("-createdAt", "title").list();
   * ```
   */
  sort(...keys: SortKey<Schema, Name>[]): Query<Schema, Name, Item> {
    return this.#with({ sort: keys.map((key) => required(key, "A sort key")) });
  }

  /**
   * Only these fields travel, and only these are typed. Expansions stay.
   *
   * @example
   * ```ts
   * const { items } = await lf.from("posts").fields("id", "title").list();
   * ```
   */
  fields<Field extends keyof RecordOf<Schema, Name> & string>(
    ...fields: Field[]
  ): Query<Schema, Name, Pick<RecordOf<Schema, Name>, Field> & Omit<Item, keyof RecordOf<Schema, Name>>> {
    return this.#with({ fields: fields.map((field) => required(field, "A field")) });
  }

  /**
   * Puts related records in place: a to-one relation becomes an object or null, a to-many an array.
   *
   * @example
   * ```ts
   * lf.from("posts").expand({ author: true, comments: { limit: 3 } });
   * ```
   */
  expand<const Expand extends ExpandInput<Schema, Name>>(
    expand: Expand,
  ): Query<
    Schema,
    Name,
    Omit<Item, keyof Expand> & Pick<Expanded<Schema, Name, Expand>, keyof Expand & Hops<Schema, Name>>
  > {
    return this.#with({ expand: required(expand, "expand") });
  }

  /**
   * Records per page, 1 to 1,000; 30 when not said.
   *
   * @example
   * ```ts
   * const { items } = await lf.from("posts").limit(5).list();
   * ```
   */
  limit(limit: number): Query<Schema, Name, Item> {
    return this.#with({ limit: required(limit, "limit") });
  }

  /**
   * Continues behind a page: takes its `nextCursor`, unless that is null and there is no more.
   *
   * @example
   * ```ts
   * const page = await lf.from("posts").limit(1).list();
   * if (page.nextCursor !== null) await lf.from("posts").limit(1).after(page.nextCursor).list();
   * ```
   */
  after(cursor: string): Query<Schema, Name, Item> {
    return this.#with({ cursor: required(cursor, "The cursor") });
  }

  /**
   * One page.
   *
   * @example
   * ```ts
   * const { items, nextCursor } = await lf.from("posts").filter({ status: "open" }).list();
   * ```
   */
  async list(options?: CallOptions): Promise<Page<Item>> {
    const answer = await this.#ask(this.#state, options);
    return { items: answer.items as Item[], nextCursor: answer.nextCursor };
  }

  /**
   * The first record, or null when there is none.
   *
   * @example
   * ```ts
   * const newest = await lf.from("posts").sort("-createdAt").first();
   * console.log(newest?.title ?? "nothing yet");
   * ```
   */
  async first(options?: CallOptions): Promise<Item | null> {
    const answer = await this.#ask({ ...this.#state, limit: 1 }, options);
    return (answer.items[0] as Item | undefined) ?? null;
  }

  /**
   * One record by id. Rejects with code `record_not_found` when it is not there or not yours to see.
   *
   * @example
   * ```ts
   * const post = await lf.from("posts").expand({ author: true }).get("p1");
   * console.log(post.author?.name);
   * ```
   */
  async get(id: string, options?: CallOptions): Promise<Item> {
    if (this.#state.filter !== undefined || this.#state.sort !== undefined || this.#state.cursor !== undefined) {
      throw new LandfallError({
        code: "invalid_argument",
        message: "get(id) takes fields and expand only; use filter({ id }).first().",
      });
    }
    const query = [
      ...(this.#state.fields ? [`fields=${this.#state.fields.map(encodeURIComponent).join(",")}`] : []),
      ...(this.#state.expand ? [`expand=${encodeURIComponent(expandText(this.#state.expand as ExpandTree))}`] : []),
    ].join("&");
    const path = `${recordPath(this.#collection, id)}${query === "" ? "" : `?${query}`}`;
    const answer = await this.#transport.send({ method: "GET", path }, options);
    return answer.json as Item;
  }

  /**
   * How many records match, exactly. Costs the server a full count.
   *
   * @example
   * ```ts
   * const open = await lf.from("posts").filter({ status: "open" }).count();
   * ```
   */
  async count(options?: CallOptions): Promise<number> {
    const { filter } = this.#state;
    const answer = await this.#ask(
      { ...(filter === undefined ? {} : { filter }), limit: 1, fields: ["id"] },
      options,
      true,
    );
    return answer.count as number;
  }

  /**
   * All pages, one after the other, each fetched when it is asked for.
   *
   * @example
   * ```ts
   * for await (const page of lf.from("posts").limit(500).pages()) console.log(page.items.length);
   * ```
   */
  pages(options?: CallOptions): AsyncIterableIterator<Page<Item>, void, undefined> {
    let state: QueryState | undefined = this.#state;
    return inTurn(async () => {
      if (state === undefined) return undefined;
      const { items, nextCursor } = await this.#ask(state, options);
      state = nextCursor === null ? undefined : { ...state, cursor: nextCursor };
      return { items: items as Item[], nextCursor };
    });
  }

  /** Every record that matches: `for await (const post of lf.from("posts"))`. */
  [Symbol.asyncIterator](): AsyncIterableIterator<Item, void, undefined> {
    const pages = this.pages();
    let items: readonly Item[] = [];
    let at = 0;
    return inTurn(async () => {
      while (at >= items.length) {
        const page = await pages.next();
        if (page.done === true) return undefined;
        items = page.value.items;
        at = 0;
      }
      return items[at++];
    });
  }

  #with<Next>(change: QueryState): Query<Schema, Name, Next> {
    return new Query<Schema, Name, Next>(this.#transport, this.#schema, this.#collection, {
      ...this.#state,
      ...change,
    });
  }

  async #ask(state: QueryState, options?: CallOptions, count = false): Promise<ListAnswer> {
    const body = count ? { ...state, count: "exact" } : state;
    const request = {
      method: "POST",
      path: `${collectionPath(this.#collection)}/records:query`,
      body,
      safe: true,
    } as const;
    return (await this.#transport.send(request, options)).json as ListAnswer;
  }
}

/**
 * What `produce` gives, one after the other, until it gives undefined or fails. By hand, because Hermes compiles no async
 * generators. As with those, steps asked for at once are taken one by one, and nothing comes after the end.
 */
function inTurn<Value>(produce: () => Promise<Value | undefined>): AsyncIterableIterator<Value, void, undefined> {
  let ended = false;
  let last: Promise<unknown> = Promise.resolve();
  const end = { done: true, value: undefined } as const;
  const step = async (): Promise<IteratorResult<Value, void>> => {
    if (ended) return end;
    try {
      const value = await produce();
      if (value !== undefined) return { done: false, value };
    } catch (error) {
      ended = true;
      throw error;
    }
    ended = true;
    return end;
  };
  const queued = <Answer>(work: () => Answer | Promise<Answer>): Promise<Answer> => {
    const next = last.then(work, work);
    last = next;
    return next;
  };
  return {
    next: () => queued(step),
    return: () =>
      queued(() => {
        ended = true;
        return end;
      }),
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}

interface ListAnswer {
  readonly items: readonly SystemFields[];
  readonly nextCursor: string | null;
  readonly count?: number;
}

type ExpandTree = { readonly [hop: string]: true | { readonly limit?: number; readonly expand?: ExpandTree } };

/** `author,posts(limit:3),posts.comments`: the form of the query string, for a GET. */
function expandText(tree: ExpandTree, prefix = ""): string {
  return Object.entries(tree)
    .flatMap(([hop, options]) => {
      const own = `${prefix}${hop}${options !== true && options.limit !== undefined ? `(limit:${options.limit})` : ""}`;
      return options !== true && options.expand ? [own, expandText(options.expand, `${prefix}${hop}.`)] : [own];
    })
    .join(",");
}
