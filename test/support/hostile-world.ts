// A small world with something to steal in every corner: hidden fields, fields with a read rule, rows that nobody but
// their owner may see, a collection without rules, and relations that lead there. Everything secret holds a canary, a
// text that stands nowhere else, so that a leak is found by looking for it.
import { type Answer, type CallOptions, call, serviceKey } from "./server.ts";

export type Caller = (method: string, path: string, body?: unknown, options?: CallOptions) => Promise<Answer>;

export interface WorldOptions {
  /** Stands in every secret; two worlds differ in it alone. */
  readonly canary: string;
  /** Further rows that nobody but the admin sees, under ids nobody asks for. */
  readonly moreInvisible?: number;
  /** Secrets sort the other way round, so that an order tells the worlds apart too. */
  readonly mirrored?: boolean;
}

export interface World {
  readonly call: Caller;
  readonly canary: string;
  /** Bearer tokens by name; null is nobody. */
  readonly as: { readonly [Name in Principal]: string | null };
}

export const principals = ["anon", "alice", "bob", "mallory", "readOnly", "scoped"] as const;
export type Principal = (typeof principals)[number] | "admin";

/** Rows of posts, whose they are and who besides may see them. */
export const posts = [
  { id: "open-alice", owner: "alice", status: "open" },
  { id: "open-bob", owner: "bob", status: "open" },
  { id: "draft-alice", owner: "alice", status: "draft" },
  { id: "draft-bob", owner: "bob", status: "draft" },
  { id: "draft-mallory", owner: "mallory", status: "draft" },
  { id: "draft-nobody", owner: null, status: "draft" },
] as const;

const teamsList = 'collection("members").exists(m, m.team == id && m.user == auth.id)';
export const collections = [
  {
    name: "teams",
    fields: [
      { name: "name", type: "text" },
      { name: "code", type: "text", hidden: true },
    ],
    rules: {},
  },
  {
    name: "members",
    fields: [
      { name: "team", type: "relation", collection: "teams", onDelete: "cascade", inverse: "members" },
      { name: "user", type: "text" },
    ],
    rules: { list: "user == auth.id" },
  },
  {
    name: "people",
    fields: [
      { name: "name", type: "text" },
      { name: "email", type: "text", hidden: true },
      { name: "phone", type: "text", rules: { read: "id == auth.id" } },
      { name: "team", type: "relation", collection: "teams", onDelete: "setNull" },
    ],
    rules: { list: "auth.signedIn", update: "id == auth.id" },
  },
  {
    name: "vault",
    fields: [{ name: "what", type: "text" }],
    rules: {},
  },
  {
    name: "posts",
    fields: [
      { name: "title", type: "text", max: 200 },
      { name: "status", type: "select", values: ["draft", "open"] },
      { name: "owner", type: "text" },
      { name: "likes", type: "integer" },
      { name: "price", type: "decimal" },
      { name: "tags", type: "text", many: true },
      { name: "meta", type: "json" },
      { name: "place", type: "geo" },
      { name: "secret", type: "text", hidden: true },
      { name: "salary", type: "text", rules: { read: "owner == auth.id", write: "owner == auth.id" } },
      { name: "author", type: "relation", collection: "people", onDelete: "setNull", inverse: "posts" },
      { name: "parent", type: "relation", collection: "posts", onDelete: "setNull", inverse: "children" },
      { name: "kept", type: "relation", collection: "vault", onDelete: "setNull" },
    ],
    indexes: [{ fields: ["status", "createdAt"] }],
    rules: {
      list: "status == 'open' || owner == auth.id",
      create: "owner == auth.id",
      update: "owner == auth.id",
      delete: "owner == auth.id",
    },
  },
] as const;

/** Makes collections, rows and keys through the server's own doors. */
export async function makeWorld(url: string, options: WorldOptions): Promise<World> {
  const { canary } = options;
  const caller: Caller = (method, path, body, how) => call(url, method, path, body, how);
  const must = async (method: string, path: string, body: unknown): Promise<Answer> => {
    const answer = await caller(method, path, body);
    if (answer.status !== 201) throw new Error(`${method} ${path}: ${answer.status} ${answer.text}`);
    return answer;
  };
  for (const collection of collections) await must("POST", "/v1/collections", { kind: "base", ...collection });
  // A rule may only name what is there, and teams and members name each other.
  const toTeams = await caller("PATCH", "/v1/collections/teams", { rules: { list: teamsList } });
  if (toTeams.status !== 200) throw new Error(toTeams.text);
  for (const [name, rows] of Object.entries(rowsOf(options)))
    await must("POST", `/v1/collections/${name}/records`, rows);
  const key = async (body: object) =>
    (await must("POST", "/v1/api-keys", { name: "k", ...body })).json.secret as string;
  const all = { "*": ["list", "get", "create", "update", "delete"] };
  const user = (id: string, more: object = {}) => key({ collections: all, actAs: { id }, ...more });
  return {
    call: caller,
    canary,
    as: {
      anon: null,
      alice: await user("alice"),
      bob: await user("bob"),
      mallory: await user("mallory"),
      readOnly: await user("alice", { readOnly: true }),
      scoped: await key({ collections: { teams: ["list", "get"] } }),
      admin: serviceKey,
    },
  };
}

function rowsOf({ canary, moreInvisible = 0, mirrored = false }: WorldOptions) {
  const one = (post: (typeof posts)[number], n: number) => {
    // What a low-privileged caller may see is the same in every world; the rest is full of canaries.
    const visible = post.status === "open";
    const rank = mirrored ? 200 - n : 100 + n;
    const own = (text: string) => (visible ? text : `${canary} ${rank} ${text}`);
    return {
      ...post,
      title: post.owner === "alice" ? `title ${n}` : own(`title ${n}`),
      likes: visible || post.owner === "alice" ? n : rank * (mirrored ? 100 : 1),
      price: "1.50",
      tags: post.owner === "alice" || visible ? ["a", "b"] : [canary],
      meta: post.owner === "alice" || visible ? { a: { b: n } } : { [canary]: canary },
      place: { lat: 52.5, lng: 13.4 },
      secret: `${canary} ${rank} secret`,
      salary: post.owner === "alice" ? "100" : `${canary} ${rank} salary`,
      author: post.owner === null ? null : post.owner,
      parent: n % 2 === 0 ? null : "draft-bob",
      kept: "v1",
    };
  };
  return {
    teams: [
      { id: "red", name: "Red", code: `${canary} ${mirrored ? 2 : 1}` },
      { id: "blue", name: `${canary} Blue`, code: `${canary} ${mirrored ? 1 : 2}` },
    ],
    members: [
      { id: "m1", team: "red", user: "alice" },
      { id: "m2", team: "blue", user: "bob" },
    ],
    people: ["alice", "bob", "mallory"].map((id, n) => ({
      id,
      name: `Name ${id}`,
      email: `${canary}-${mirrored ? 9 - n : n}-${id}`,
      phone: id === "alice" ? "030 1" : `${canary} ${mirrored ? 9 - n : n} phone`,
      team: id === "alice" ? "red" : "blue",
    })),
    vault: [{ id: "v1", what: canary }],
    posts: inOrder([
      ...posts.map(one),
      ...Array.from({ length: moreInvisible }, (_, n) => ({ id: `unseen-${n}`, owner: "mallory", status: "draft", title: canary, secret: canary })), // biome-ignore format: one row
    ]),
  };
}

/** Parents first. */
function inOrder<Row extends { id: string }>(rows: Row[]): Row[] {
  return rows.toSorted((a, b) => Number(b.id === "draft-bob") - Number(a.id === "draft-bob"));
}
