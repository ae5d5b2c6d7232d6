// What a write is answered. The server sends the record; or id and version alone, to a key that may not read it, and when a
// large answer that got lost is repeated. The types promise one of the two, so the other is made of it or refused.
import { LandfallError } from "./error.ts";
import { collectionPath, recordPath } from "./paths.ts";
import type { CollectionName, RecordOf, SchemaShape } from "./schema.ts";
import type { CallOptions, Transport } from "./transport.ts";

/**
 * What a client with `writeOnly` is answered for a write.
 *
 * @example
 * ```ts
 * const sensor = createClient({ url: "http://localhost:4710", schema, token: key, writeOnly: true });
 * const receipt: Receipt = await sensor.from("posts").create({ title: "21.5 °C", author: "u1" });
 * console.log(Object.keys(receipt)); // ["id", "version"]
 * ```
 */
export interface Receipt {
  readonly id: string;
  readonly version: number;
}

/**
 * The answer to a write: the record, or its {@link Receipt} when the client is made with `writeOnly`.
 *
 * @example
 * ```ts
 * const post: Written<typeof schema, "posts", false> = await lf.from("posts").create({ title: "Hello", author: "u1" });
 * console.log(post.title); // "Hello"
 * ```
 */
export type Written<
  Schema extends SchemaShape,
  Name extends CollectionName<Schema>,
  WriteOnly extends boolean,
> = WriteOnly extends true ? Receipt : RecordOf<Schema, Name>;

export interface Answers {
  /** The bodies of answers to writes in one collection, as the client's types say. */
  of(collection: string, bodies: readonly unknown[], options: CallOptions | undefined): Promise<unknown[]>;
}

export function createAnswers(transport: Transport, writeOnly: boolean): Answers {
  return {
    async of(collection, bodies, options) {
      if (writeOnly) return bodies.map((body) => receiptOf(body as Receipt));
      const bare = bodies.filter(isBare);
      if (bare.length === 0) return [...bodies];
      const read = await recordsOf(transport, collection, bare, options);
      return bodies.map((body) => (isBare(body) ? (read.get(body.id) ?? refuse(collection, body)) : body));
    },
  };
}

/** All that stands in place of a record; `status` in a batch. A record has its times too. */
const receiptKeys = ["id", "version", "status"];

function isBare(body: unknown): body is Receipt {
  return typeof body === "object" && body !== null && Object.keys(body).every((key) => receiptKeys.includes(key));
}

async function recordsOf(
  transport: Transport,
  collection: string,
  bare: readonly Receipt[],
  options: CallOptions | undefined,
): Promise<ReadonlyMap<string, unknown>> {
  try {
    const [first] = bare;
    if (bare.length === 1 && first) {
      const { json } = await transport.send({ method: "GET", path: recordPath(collection, first.id) }, options);
      return new Map([[first.id, json]]);
    }
    const list = { op: "list", args: bare.map(({ id }) => ({ op: "value", args: [id] })) };
    const body = { filter: { op: "in", args: [{ op: "name", args: ["id"] }, list] }, limit: bare.length };
    const path = `${collectionPath(collection)}/records:query`;
    const { json } = await transport.send({ method: "POST", path, body, safe: true }, options);
    return new Map((json as { items: readonly Receipt[] }).items.map((item) => [item.id, item]));
  } catch (error) {
    const isRefused = error instanceof LandfallError && (error.status === 403 || error.status === 404);
    if (!isRefused) throw error;
    return new Map();
  }
}

function refuse(collection: string, { id, version }: Receipt): never {
  throw new LandfallError({
    code: "answer_withheld",
    message: `The write is done (${collection}/${id}, version ${version}), but the record cannot be read.`,
    advice: "Make the client with writeOnly: true, or allow its key to get and list. Do not repeat the write.",
  });
}

const receiptOf = ({ id, version }: Receipt): Receipt => ({ id, version });
