// Compile-time tests: this file is never run; `npm run check` fails when a line that should be refused is accepted, or the
// other way round.
import {
  type ClientOptions,
  createClient,
  defineSchema,
  increment,
  type JsonValue,
  type Receipt,
  type RecordOf,
} from "./index.ts";

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const same = <Left, Right>(verdict: Same<Left, Right>): void => void verdict;

const schema = defineSchema({
  collections: {
    users: {
      fields: { name: { type: "text", required: true }, nick: { type: "text" } },
      inverses: { posts: { collection: "posts", field: "author" } },
    },
    posts: {
      fields: {
        title: { type: "text", required: true },
        status: { type: "select", values: ["draft", "open"] },
        likes: { type: "integer", required: true, default: 0 },
        tags: { type: "text", many: true },
        meta: { type: "json" },
        place: { type: "geo" },
        price: { type: "decimal" },
        author: { type: "relation", collection: "users", required: true },
        readers: { type: "relation", collection: "users", many: true },
        seenAt: { type: "autodate" },
      },
    },
  },
});
const lf = createClient({ url: "http://localhost", schema });

type Post = RecordOf<typeof schema, "posts">;
type User = RecordOf<typeof schema, "users">;
same<Post["status"], "draft" | "open" | null>(true);
same<Post["tags"], string[]>(true);
same<Post["meta"], JsonValue | null>(true);
same<Post["likes"], number>(true);
same<Post["price"], string | null>(true);
same<Post["author"], string>(true);
same<Post["seenAt"], string>(true);
same<User["nick"], string | null>(true);

export async function expandsAndSelects(): Promise<void> {
  const expanded = await lf
    .from("posts")
    .expand({ author: true, readers: { limit: 2 } })
    .get("p1");
  same<NonNullable<typeof expanded.author>["name"], string>(true);
  same<null extends typeof expanded.author ? true : false, true>(true);
  same<(typeof expanded.readers)[number]["name"], string>(true);
  same<typeof expanded.title, string>(true);

  const back = await lf
    .from("users")
    .expand({ posts: { limit: 3, expand: { author: true } } })
    .get("u1");
  same<(typeof back.posts)[number]["title"], string>(true);
  same<NonNullable<(typeof back.posts)[number]["author"]>["name"], string>(true);

  const selected = await lf.from("posts").fields("id", "title").get("p1");
  same<typeof selected.title, string>(true);
  // @ts-expect-error not selected
  void selected.status;
  // @ts-expect-error no such field
  lf.from("posts").fields("nope");

  const both = await lf.from("posts").expand({ author: true }).fields("title").first();
  if (both !== null) same<typeof both.title, string>(true);
}

export function filters(): void {
  const posts = lf.from("posts");
  posts.filter({ status: "open", likes: { gt: 5 }, or: [{ title: { startsWith: "A" } }, { author: { name: "Ann" } }] });
  posts.filter({ tags: { has: "sea" }, place: { near: { lat: 1, lng: 2, withinMetres: 10 } } });
  posts.filter({ meta: [1, { a: null }] });
  posts.filter({ meta: { eq: { a: [1, 2] }, ne: [] } });
  posts.filter({ meta: { in: [[1], { a: 1 }, "x"] } });
  // @ts-expect-error an object is read as operators: { eq: … }
  posts.filter({ meta: { a: 1 } });
  // @ts-expect-error leave it out instead
  posts.filter({ title: undefined });
  lf.from("users").filter({ posts: { some: { status: "open" } } });
  // @ts-expect-error not one of the values
  posts.filter({ status: "closed" });
  // @ts-expect-error not a number
  posts.filter({ likes: "5" });
  // @ts-expect-error no such field
  posts.filter({ nope: 1 });
  // @ts-expect-error no such sort key
  posts.sort("nope");
  posts.sort("-createdAt", "title");
}

export async function writes(): Promise<void> {
  const posts = lf.from("posts");
  const made = await posts.create({ title: "Hello", author: "u1" });
  same<typeof made.title, string>(true);
  const several = await posts.create([{ title: "Hello", author: "u1" }]);
  same<(typeof several)[number]["title"], string>(true);
  // @ts-expect-error author is required
  await posts.create({ title: "Hello" });
  // @ts-expect-error set by the server
  await posts.create({ title: "Hello", author: "u1", seenAt: "2026-01-01T00:00:00.000Z" });
  await posts.update("p1", { likes: increment(), status: null });
  // @ts-expect-error a text has no increment
  await posts.update("p1", { title: increment() });
  // @ts-expect-error a required field cannot be emptied
  await posts.update("p1", { title: null });
  const [post, user] = await lf.batch((b) => {
    const made = b.from("users").create({ name: "Ann" });
    return [b.from("posts").create({ title: "Hello", author: made.id }), made];
  });
  same<typeof post.title, string>(true);
  same<typeof user.name, string>(true);
}

export async function writesWithoutReading(mode: boolean): Promise<void> {
  const sensor = createClient({ url: "http://localhost", schema, writeOnly: true });
  same<Awaited<ReturnType<typeof sensor.batch<[]>>>, []>(true);
  const made = await sensor.from("posts").create({ title: "Hello", author: "u1" });
  same<typeof made, Receipt>(true);
  // @ts-expect-error the record is not in the answer
  void made.title;
  const several = await sensor.from("posts").create([{ title: "Hello", author: "u1" }]);
  same<typeof several, Receipt[]>(true);
  same<Awaited<ReturnType<ReturnType<typeof sensor.from<"posts">>["update"]>>, Receipt>(true);
  const upserted = await sensor.from("posts").upsert({ id: "p1", title: "Hello", author: "u1" });
  same<typeof upserted, Receipt>(true);
  const [post, gone] = await sensor.batch((b) => [
    b.from("posts").update("p1", { likes: increment() }),
    b.from("posts").delete("p2"),
  ]);
  same<typeof post, Receipt>(true);
  same<typeof gone, null>(true);

  // Known at run time only: it is one of the two.
  const either = await createClient({ url: "", schema, writeOnly: mode }).from("users").create({ name: "Ann" });
  same<typeof either, Receipt | User>(true);
  // What is not said is false, and an option handed on stays what it was.
  const options: ClientOptions<typeof schema> = { url: "", schema };
  const reading = await createClient(options).from("users").create({ name: "Ann" });
  same<typeof reading, User>(true);
}

// @ts-expect-error no such collection
lf.from("nope");
