// Every operation of the server, from its own OpenAPI document, as requests that aim at what belongs to somebody else. A
// route that is added later is swept without being named here; a body makes the attempt a good one.
import type { Caller } from "./hostile-world.ts";

export interface Operation {
  readonly name: string;
  readonly method: string;
  readonly path: string;
}

export interface Aim {
  readonly operation: Operation;
  readonly path: string;
  readonly body: unknown;
  readonly headers: Record<string, string>;
}

/** What stands for `{id}` and `{collection}`. */
export interface Targets {
  readonly records: readonly { readonly collection: string; readonly id: string }[];
  /** Ids of API keys, sessions and whatever else has an `{id}`. */
  readonly ids: readonly string[];
}

export async function operationsOf(call: Caller): Promise<Operation[]> {
  const { paths } = (await call("GET", "/v1/openapi.json", undefined, { as: null })).json;
  return Object.entries<Record<string, { operationId?: string }>>(paths).flatMap(([path, item]) =>
    Object.entries(item)
      .filter(([method]) => ["get", "post", "put", "patch", "delete"].includes(method))
      .map(([method, { operationId }]) => ({ name: operationId ?? "", method: method.toUpperCase(), path })),
  );
}

/** Safe although a POST: it reads. */
export const isReading = ({ method, name }: Operation) => method === "GET" || name === "queryRecords";

export function aimsOf(operation: Operation, targets: Targets): Aim[] {
  const hasCollection = operation.path.includes("{collection}");
  const places = hasCollection ? targets.records : targets.ids.map((id) => ({ collection: "", id }));
  const used = operation.path.includes("{") ? places : places.slice(0, 1);
  return used.map(({ collection, id }) => {
    const path = operation.path.replace(/\{(\w+)\}/g, (_, name: string) => (name === "collection" ? collection : id));
    const body = operation.method === "GET" || operation.method === "DELETE" ? undefined : bodyOf(operation.name, collection, id); // biome-ignore format: one line
    const isStream = operation.path.endsWith(":import");
    return { operation, path, body, headers: isStream ? { "content-type": "application/x-ndjson" } : {} };
  });
}

const stolen = { title: "stolen", what: "stolen", name: "stolen" };

/** The best try of somebody who read the documentation. */
function bodyOf(name: string, collection: string, id: string): unknown {
  const own = collection === "posts" ? { title: "stolen", owner: "mallory" } : collection === "vault" ? { what: "stolen" } : { name: "stolen" }; // biome-ignore format: one line
  const bodies: Record<string, unknown> = {
    createRecords: own,
    updateRecord: own,
    replaceRecord: own,
    queryRecords: { limit: 100 },
    importRecords: `${JSON.stringify(own)}\n`,
    batch: {
      mode: "each",
      operations: [
        { op: "get", collection: "posts", id: "draft-mallory" },
        { op: "get", collection: "vault", id: "v1" },
        { op: "list", collection: "vault" },
        { op: "patch", collection: "posts", id: "draft-mallory", body: { title: "stolen" } },
        { op: "put", collection: "vault", id: "v1", body: { what: "stolen" } },
        { op: "delete", collection: "posts", id: "draft-mallory" },
        { op: "create", collection: "posts", body: { owner: "mallory" } },
      ],
    },
    createCollection: { name: "mine", rules: { list: "true" } },
    changeCollection: { rules: { list: "true", update: "true" } },
    createApiKey: { name: "mine", collections: { "*": ["list"] }, actAs: { id: "mallory" } },
    updateApiKey: { readOnly: false, actAs: { id: "mallory" } },
    setUp: { secret: "lf_setup_guess", email: "me@example.com", password: "a long password" },
    signInAdmin: { email: "owner@example.com", password: "a wrong password" },
    changeAdminPassword: { password: "a new password" },
  };
  return bodies[name] ?? { ...stolen, id };
}
