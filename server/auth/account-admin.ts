// What managing users has in common: whose account a request is about, and changes that are recorded where they are made.
import { z } from "zod";
import type { Context } from "../kernel/context.ts";
import type { Db } from "../kernel/db/index.ts";
import { defineTag } from "../kernel/http/tags.ts";
import { type ManagedRow, managedAccount } from "./account-list.ts";
import { lockAccount } from "./account-store.ts";
import { accountExamples } from "./account-types.ts";
import { type AuditEntry, type AuditOrigin, audit } from "./audit.ts";
import type { AuthSettings } from "./auth-settings.ts";
import type { Challenges } from "./challenge.ts";
import { errors } from "./errors.ts";
import type { Owners } from "./owner.ts";
import type { PasswordHasher } from "./password.ts";
import type { UserCollection } from "./user-create.ts";
import { subjectOf, type UserSessions } from "./user-session.ts";
import { accountView, type UserRecords } from "./user-views.ts";

export interface AccountAdminDeps {
  /** Throws `auth_collection_not_found` (404). */
  readonly collectionOf: (name: string) => UserCollection;
  readonly collectionName: (collectionId: number) => string | undefined;
  readonly settingsOf: (db: Db, collectionId: number) => Promise<AuthSettings>;
  readonly records: UserRecords;
  readonly sessions: UserSessions;
  readonly challenges: Challenges;
  readonly passwords: PasswordHasher;
  readonly owners: Owners;
  readonly publicUrl: string;
  readonly forget: (...subjects: string[]) => void;
}

export const accountsTag = defineTag("Users", "Managing the users of your app: for admins.");
// As with sign-in: what is revoked must be committed when it is forgotten, so no answer is replayed.
export const accountRoute = { tag: accountsTag, access: "admin", idempotent: false, cache: "no-store" } as const;
export const accountsPath = "/v1/collections/{collection}/accounts";
export const accountPath = `${accountsPath}/{id}` as const;
export const accountErrors = ["auth_collection_not_found", "account_not_found"];

export const collectionParams = z.object({
  collection: z.string().max(100).meta({ description: "The collection's name.", example: "users" }),
});
export const accountParams = collectionParams.extend({
  id: z.string().min(1).max(64).meta({ description: "The user's id.", example: accountExamples.managed.id }),
});

/** Throws `account_not_found`: also for a user of another collection. */
export async function accountOf(
  ctx: Pick<Context, "db">,
  deps: Pick<AccountAdminDeps, "collectionOf">,
  params: z.output<typeof accountParams>,
): Promise<{ readonly collection: UserCollection; readonly account: ManagedRow }> {
  const collection = deps.collectionOf(params.collection);
  const account = await managedAccount(ctx.db, collection.id, params.id);
  if (account === undefined) throw errors.account_not_found();
  return { collection, account };
}

type Change = Pick<AuditEntry, "event" | "detail"> & {
  /** Subjects that this process forgets at once. */
  readonly forget?: readonly string[];
};

/** One transaction with the account locked: the change and its record, or neither. */
export async function changing(
  ctx: Context,
  deps: Pick<AccountAdminDeps, "forget">,
  { account, origin }: { readonly account: ManagedRow; readonly origin: AuditOrigin },
  work: (inside: Context) => Promise<Change>,
): Promise<void> {
  const change = await ctx.db.transaction(async (tx) => {
    const inside = { ...ctx, db: tx };
    if ((await lockAccount(tx, account.id)) === undefined) throw errors.account_not_found();
    const { forget = [], ...entry } = await work(inside);
    await audit(inside, { ...subjectOf(account), ...origin, ...entry });
    return forget;
  });
  deps.forget(...change);
}

export const sessionSubjects = (ids: readonly string[]) => ids.map((id) => `userSession:${id}`);

export function managedView(row: ManagedRow) {
  return {
    ...accountView(row),
    id: row.recordId,
    emailVerifiedAt: row.emailVerifiedAt?.toISOString() ?? null,
    claims: row.claims,
    locale: row.locale,
    suspendedAt: row.suspendedAt?.toISOString() ?? null,
    suspendedFor: row.suspendedFor,
    ...{ providers: [...row.providers], factors: row.factors, passkeys: row.passkeys },
  };
}
