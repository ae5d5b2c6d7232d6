// Makes a user: the record, under the rules of its collection, and what the trigger made beside it, the account. Every door that
// makes users goes through here: sign-up, providers, invitations, imports, the console.

import { service } from "../kernel/actor.ts";
import type { Context } from "../kernel/context.ts";
import { uuidv7 } from "../kernel/ids.ts";
import { type AccountChange, type AccountRow, accountByRecord, changeAccount } from "./account-store.ts";
import { errors } from "./errors.ts";
import type { UserRecords } from "./user-views.ts";

/** What this room knows of a collection of kind `auth`. */
export interface UserCollection {
  readonly id: number;
  readonly name: string;
  /** The text of its create rule; null: admins only. */
  readonly createRule: string | null;
}

export interface NewUser {
  readonly collection: UserCollection;
  /** Fields of the record. Ids are made here: what rules know a user by is nobody's to choose. */
  readonly profile: { readonly [field: string]: unknown };
  readonly account: AccountChange;
  /** `self`: the record is judged by the create rule, asked as the user to be. `system`: an admin or the server vouches for it. */
  readonly by: "self" | "system";
}

/** In the caller's transaction. Fails with Postgres' 23505 when a handle of the account is taken. */
export async function createUser(ctx: Context, records: UserRecords, made: NewUser): Promise<AccountRow> {
  const { collection, profile, account, by } = made;
  if (Object.hasOwn(profile, "id")) throw errors.profile_invalid({ issues: [{ path: "/profile/id", code: "not_settable", message: "Ids of users are made by the server." }] }); // biome-ignore format: one line
  const id = uuidv7(ctx.nowMs);
  const judged = by === "self" && (collection.createRule !== null || Object.keys(profile).length > 0);
  if (judged && collection.createRule === null) throw errors.profile_not_allowed();
  const actor = judged ? selfOf(id, account, collection.name) : service;
  await records.create({ ...ctx, actor }, collection.name, { ...profile, id });
  const row = await accountByRecord(ctx.db, id);
  if (row === undefined) throw new Error(`no account follows the records of ${collection.name}`);
  await changeAccount(ctx.db, row.id, account, ctx.nowMs);
  return (await accountByRecord(ctx.db, id)) as AccountRow;
}

/** The user as they will be once they are signed in. */
function selfOf(id: string, account: AccountChange, collection: string) {
  return {
    kind: "user",
    label: `user:${id}`,
    passesRules: false,
    seesHidden: false,
    auth: {
      ...{ id, signedIn: true, roles: account.roles ?? [], teams: [] },
      claims: { ...account.claims, anonymous: account.anonymous ?? false, collection },
    },
  } as const;
}
