// The collection `users`, which is there from the first start on. Made once: whoever drops it or calls it otherwise is not
// contradicted at the next start.
import type { CollectionInput } from "../collections/index.ts";
import type { Db } from "../kernel/db/index.ts";

/** A user sees and changes their own record, and nobody else's; an app that shows people to each other says so in its rules. */
export const usersCollection: CollectionInput = {
  name: "users",
  kind: "auth",
  fields: [{ name: "name", type: "text", max: 200 }],
  indexes: [],
  rules: { list: "id == auth.id", create: "id == auth.id", update: "id == auth.id" },
  preconditionRequired: false,
};

export async function provideUsers(db: Db, provide: (input: CollectionInput) => Promise<void>): Promise<void> {
  const known = await db.query({ text: "SELECT 1 FROM landfall.meta WHERE key = 'usersCollection'" });
  if (known.length > 0) return;
  await provide(usersCollection);
  await db.query({
    text: "INSERT INTO landfall.meta (key, value) VALUES ('usersCollection', 'true') ON CONFLICT (key) DO NOTHING",
  });
}
