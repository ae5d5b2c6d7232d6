// The actor that an admin names to have a request judged as: nobody, an API key, or a user with roles, teams and claims.
import { type Actor, anonymous } from "../kernel/actor.ts";
import type { Db } from "../kernel/db/index.ts";
import { keyActor } from "./key.ts";
import { keyById } from "./key-store.ts";
import { actAsSchema } from "./types.ts";

const keyPrefix = "key:";

/** Undefined: the text names nobody. A key is taken as it is now, expired or not. */
export async function namedActor(db: Db, text: string): Promise<Actor | undefined> {
  if (text === "anonymous") return anonymous;
  if (text.startsWith(keyPrefix)) {
    const key = await keyById(db, text.slice(keyPrefix.length));
    return key && keyActor(key);
  }
  const user = actAsSchema.safeParse(parsed(text));
  if (!user.success) return undefined;
  const { id } = user.data;
  const auth = { ...user.data, signedIn: true };
  return { kind: "user", label: `user:${id}`, passesRules: false, seesHidden: false, auth };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
