// Random requests of a low-privileged caller against the hostile world: every door for reading and writing records, with
// expressions that go for what is hidden, protected, invisible, or behind a relation.
import { posts } from "./hostile-world.ts";

export interface WorldRequest {
  readonly as: "anon" | "alice";
  readonly method: string;
  readonly path: string;
  readonly body?: unknown;
  readonly headers?: Record<string, string>;
  readonly writes: boolean;
}

const texts = ["title", "owner", "id", "secret", "salary", "author.email", "author.phone", "author.name", "parent.secret", "parent.title", "kept.what", "author.team.code", "author.team.name", "nope", "author.nope", "meta.a", "status", "author.id", "parent.salary"] as const; // biome-ignore format: a pool
const numbers = ["likes", "price", "version", "parent.likes", "size(title)", "size(secret)", "size(tags)", "distance(place, geo(52.5, 13.4))"] as const; // biome-ignore format: a pool
const openTexts = ["title", "owner", "id", "status", "author.name", "parent.title", "salary", "author.phone"] as const;
const words = [
  "'kanari'",
  "'zebra'",
  "'k'",
  "'p'",
  "'open'",
  "'alice'",
  "'bob'",
  "'title 1'",
  "'~'",
  "''",
  "'100'",
  "auth.id",
] as const;
const whole = ["has(meta.a)", "tags.exists(t, t == 'a')", "tags.all(t, t.startsWith('k'))", "children.exists(c, c.secret.startsWith('k'))", "children.exists(c, c.likes > 5)", "children.exists(c, c.owner == 'bob')", "author.posts.exists(p, p.status == 'draft')", "collection('vault').exists(v, v.what.startsWith('k'))", "collection('teams').exists(t, t.code > 'a')", "collection('members').exists(m, m.user == 'bob')", "collection('people').exists(p, p.email.contains('kanari'))", "collection('apiKey').exists(k, k.id != '')", "auth.signedIn", "author == null", "kept == 'v1'", "1 / 0 == 1", "meta == {'a': {'b': 1}}"] as const; // biome-ignore format: a pool
const openWhole = ["has(meta.a)", "tags.exists(t, t == 'a')", "children.exists(c, c.likes > 5)", "children.exists(c, c.owner == 'bob')", "children.all(c, c.status == 'open')", "author.posts.exists(p, p.status == 'draft')", "collection('teams').exists(t, t.name > 'B')", "collection('members').exists(m, m.user == 'bob')", "size(children) > 1", "auth.signedIn", "kept == 'v1'", "parent == null"] as const; // biome-ignore format: a pool
const methods = ["startsWith", "endsWith", "contains"] as const;
const comparisons = ["==", "!=", "<", "<=", ">", ">="] as const;
const sorts = ["title", "-likes", "secret", "-secret", "salary", "createdAt,-id", "author.name", "author.email", "nope", "price,likes", "parent.secret"] as const; // biome-ignore format: a pool
const fields = ["id,title", "secret", "id,salary", "author.name", "author.email", "parent.secret", "kept", "nope", "id,author.phone,author.team.code"] as const; // biome-ignore format: a pool
const expands = ["author", "parent", "children", "children(limit:2)", "kept", "author.team", "author.posts", "parent.children.author", "nope", "secret", "author.team.members"] as const; // biome-ignore format: a pool
const collections = ["posts", "posts", "posts", "posts", "people", "teams", "vault", "members", "nope"] as const;

export function* worldRequests(random: () => number): Generator<WorldRequest> {
  const pick = <Item>(items: readonly Item[]): Item => items[Math.floor(random() * items.length)] as Item;
  const chance = (share: number) => random() < share;
  let made = 0;

  const leaf = (): string => {
    const kind = random();
    // One forbidden name refuses the whole expression, so most names are such as get through.
    const field = pick(chance(0.85) ? openTexts : texts);
    if (kind < 0.35) return `${field} ${pick(comparisons)} ${pick(words)}`;
    if (kind < 0.55) return `${field}.${pick(methods)}(${pick(words)})`;
    if (kind < 0.75) return `${pick(numbers)} ${pick(comparisons)} ${Math.floor(random() * 3_000)}`;
    return pick(chance(0.6) ? openWhole : whole);
  };
  const expression = (depth = 0): string => {
    if (depth > 5 || chance(0.5)) return leaf();
    if (chance(0.25)) return `!(${expression(depth + 1)})`;
    if (chance(0.15)) return `(${expression(depth + 1)} ? ${expression(depth + 1)} : ${expression(depth + 1)})`;
    return `(${expression(depth + 1)} ${pick(["&&", "||"])} ${expression(depth + 1)})`;
  };

  const query = (): Record<string, string> => ({
    ...(chance(0.7) ? { filter: expression() } : {}),
    ...(chance(0.3) ? { sort: pick(sorts) } : {}),
    ...(chance(0.25) ? { fields: pick(fields) } : {}),
    ...(chance(0.35) ? { expand: pick(expands) } : {}),
    ...(chance(0.3) ? { limit: pick(["1", "2", "5", "1000"]) } : {}),
    ...(chance(0.3) ? { count: "exact" } : {}),
  });
  const shown = (): Record<string, string> => ({
    ...(chance(0.3) ? { fields: pick(fields) } : {}),
    ...(chance(0.4) ? { expand: pick(expands) } : {}),
  });
  const text = (values: Record<string, string>) =>
    Object.keys(values).length ? `?${new URLSearchParams(values)}` : "";
  const asJson = ({ limit, ...rest }: Record<string, string>) => ({
    ...rest,
    ...(limit ? { limit: Number(limit) } : {}),
  });
  const id = () => (chance(0.85) ? pick(posts).id : pick(["alice", "bob", "red", "blue", "v1", "m2", "no-such"]));
  const records = () => `/v1/collections/${pick(collections)}/records`;

  const change = (): Record<string, unknown> => ({
    ...(chance(0.5) ? { title: pick(["new", "", "title 1"]) } : {}),
    ...(chance(0.3) ? { owner: pick(["alice", "bob", null]) } : {}),
    ...(chance(0.2) ? { status: pick(["open", "draft", "nope"]) } : {}),
    ...(chance(0.15) ? { secret: "mine" } : {}),
    ...(chance(0.15) ? { salary: pick(["5", null]) } : {}),
    ...(chance(0.2) ? { parent: pick([...posts.map((post) => post.id), "no-such"]) } : {}),
    ...(chance(0.15) ? { kept: pick(["v1", "v2", null]) } : {}),
    ...(chance(0.15) ? { likes: { $increment: 1 } } : {}),
    ...(chance(0.1) ? { tags: { $append: "z" } } : {}),
    ...(chance(0.05) ? { version: 1 } : {}),
    ...(chance(0.05) ? { [pick(["nope", "createdAt", "email"])]: "x" } : {}),
  });
  const precondition = () => (chance(0.1) ? { headers: { [pick(["if-match", "if-none-match"])]: "*" } } : {});

  const read = (): Omit<WorldRequest, "as" | "writes"> => {
    const kind = random();
    if (kind < 0.4) return { method: "GET", path: `${records()}${text(query())}` };
    if (kind < 0.55) return { method: "POST", path: `${records()}:query`, body: asJson(query()) };
    if (kind < 0.75) return { method: "GET", path: `${records()}/${id()}${text(shown())}` };
    if (kind < 0.85) {
      const { filter, fields: some, expand } = query();
      const asked = { ...(filter ? { filter } : {}), ...(some ? { fields: some } : {}), ...(expand ? { expand } : {}) };
      return { method: "GET", path: `${records()}:export${text(asked)}` };
    }
    const operations = Array.from({ length: 3 }, () =>
      chance(0.5)
        ? { op: "get", collection: pick(collections), id: id() }
        : { op: "list", collection: pick(collections), body: asJson(query()) },
    );
    return { method: "POST", path: "/v1/batch", body: { mode: pick(["each", "atomic"]), operations } };
  };
  const write = (): Omit<WorldRequest, "as" | "writes"> => {
    const kind = random();
    const one = `${chance(0.8) ? "/v1/collections/posts/records" : records()}/${id()}`;
    if (kind < 0.35) return { method: "PATCH", path: `${one}${chance(0.2) ? "?upsert=true" : ""}`, body: change(), ...precondition() }; // biome-ignore format: one line
    if (kind < 0.5) return { method: "PUT", path: one, body: change(), ...precondition() };
    if (kind < 0.65) return { method: "DELETE", path: one, ...precondition() };
    if (kind < 0.85)
      return {
        method: "POST",
        path: "/v1/collections/posts/records",
        body: { id: `made-${made++}`, owner: "alice", ...change() },
      };
    const operations = [
      { op: "create", collection: "posts", body: { id: `made-${made++}`, owner: "alice", ...change() } },
      { op: pick(["patch", "put"]), collection: "posts", id: id(), body: change() },
      { op: "delete", collection: pick(collections), id: id() },
    ];
    return { method: "POST", path: "/v1/batch", body: { mode: pick(["each", "atomic"]), operations } };
  };

  while (true) {
    const writes = chance(0.15);
    yield { as: chance(0.7) ? "alice" : "anon", ...(writes ? write() : read()), writes };
  }
}
