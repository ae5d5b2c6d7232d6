// The same hour with the client in every runtime: plain JavaScript, no global of its own, so that one file runs in Node, in a
// browser, and in a bare engine. Answers what it saw, as JSON, for the test to compare.
export async function story({ createClient, defineSchema, increment, LandfallError }, { url, token, fetch, tag }) {
  const schema = defineSchema({
    collections: {
      notes: {
        fields: {
          title: { type: "text", required: true },
          likes: { type: "integer", required: true, default: 0 },
          place: { type: "geo" },
          tags: { type: "text", many: true },
        },
      },
    },
  });
  const lf = createClient({ url, schema, token, ...(fetch && { fetch }) });
  const notes = lf.from("notes");
  const seen = {};

  const made = await notes.create([
    { id: `${tag}-1`, title: `${tag} Åse 𝒳`, tags: ["sea", "red"], place: { lat: 59.9, lng: 10.7 } },
    { id: `${tag}-2`, title: `${tag} two`, likes: 7 },
    { id: `${tag}-3`, title: `${tag} three`, likes: 9 },
  ]);
  seen.created = made.map((note) => [note.id.slice(tag.length), note.likes, note.tags.length]);

  const mine = notes.filter({ title: { startsWith: tag } }).sort("id");
  seen.filtered = (await mine.filter({ or: [{ likes: { gt: 8 } }, { tags: { has: "sea" } }] }).list()).items.length;
  seen.near = await notes
    .filter({ place: { near: { lat: 59.9, lng: 10.7, withinMetres: 100 } }, title: { startsWith: tag } })
    .count();
  seen.pages = [];
  for await (const page of mine.limit(2).pages()) seen.pages.push(page.items.length);
  seen.each = [];
  for await (const note of mine.limit(2)) seen.each.push(note.id.slice(tag.length));
  seen.first = (
    await notes
      .fields("title")
      .filter({ id: `${tag}-1` })
      .first()
  ).title.slice(tag.length);

  await Promise.all([1, 2, 3].map((by) => notes.update(`${tag}-1`, { likes: increment(by) })));
  seen.likes = (await notes.get(`${tag}-1`)).likes;
  const stale = await notes
    .update(`${tag}-1`, { title: "late" }, { ifVersion: made[0].version })
    .catch((error) => error);
  seen.stale = [stale instanceof LandfallError, stale instanceof Error, stale.code, stale.status];
  const bad = await notes.create({ title: 5 }).catch((error) => error);
  seen.bad = [bad.code, bad.issueOf("title") !== undefined];

  const [moved, gone] = await lf.batch((b) => [
    b.from("notes").update(`${tag}-2`, { likes: 1 }),
    b.from("notes").delete(`${tag}-3`),
  ]);
  seen.batch = [moved.likes, gone];
  seen.missing = (await notes.get(`${tag}-3`).catch((error) => error)).code;
  seen.refused = (() => {
    try {
      return notes.filter({ nope: 1 });
    } catch (error) {
      return error.code;
    }
  })();
  const wild = createClient({
    url: "http://127.0.0.1:9",
    schema,
    retries: 0,
    timeoutMs: 5_000,
    ...(fetch && { fetch }),
  });
  seen.unreachable = (
    await wild
      .from("notes")
      .list()
      .catch((error) => error)
  ).code;
  return JSON.stringify(seen);
}
