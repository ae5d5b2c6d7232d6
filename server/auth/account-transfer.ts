// Users in and out as NDJSON. In: chunks of 100 commit one by one, each line on its own, so that one bad line costs itself; a line
// whose name is known already is refused, hence sending a file again after a break takes in what was missing. Out: page by page.
import { z } from "zod";
import type { Line } from "../collections/index.ts";
import type { Context } from "../kernel/context.ts";
import type { Db } from "../kernel/db/index.ts";
import { Problem } from "../kernel/errors/index.ts";
import { type AccountAdminDeps, managedView } from "./account-admin.ts";
import { emailHandle, namingHandles, userEmailSchema, usernameHandle, usernameSchema } from "./account-handle.ts";
import { listAccounts } from "./account-list.ts";
import { type AccountChange, changeAccount } from "./account-store.ts";
import { claimsSchema, rolesSchema } from "./account-types.ts";
import { type AuditOrigin, audit } from "./audit.ts";
import { foreignPassword } from "./password-foreign.ts";
import { createUser, type UserCollection } from "./user-create.ts";
import { subjectOf } from "./user-session.ts";

const chunkLines = 100;
const errorsKept = 100;
const exportPage = 500;

/** What an export wrote may come in again: members that are the server's to set are passed over. */
const importedSchema = z.object({
  email: userEmailSchema.nullish(),
  emailVerified: z.boolean().default(false),
  username: usernameSchema.nullish(),
  passwordHash: z
    .string()
    .max(1_000)
    .refine((text) => foreignPassword(text) !== undefined, "is no password hash that is known here, or too costly to check")
    .nullish(),
  profile: z.looseObject({}).default({}),
  roles: rolesSchema.default([]),
  claims: claimsSchema.default({}),
  locale: z.string().max(35).nullish(),
  suspendedAt: z.iso.datetime().nullish(),
}); // biome-ignore format: a table

export interface LineFault {
  readonly line: number;
  readonly path: string;
  readonly code: string;
  readonly message: string;
}

export interface ImportedAccounts {
  readonly lines: number;
  readonly imported: number;
  readonly failed: number;
  /** The first hundred. */
  readonly errors: readonly LineFault[];
}

export async function importAccounts(
  ctx: Context,
  deps: AccountAdminDeps,
  { collection, origin }: { readonly collection: UserCollection; readonly origin: AuditOrigin },
  lines: AsyncIterable<Line>,
): Promise<ImportedAccounts> {
  const done = { lines: 0, imported: 0, failed: 0, errors: [] as LineFault[] };
  let chunk: Line[] = [];
  const flush = async () => {
    if (chunk.length === 0) return;
    const faults = await importChunk(ctx, deps, { collection, origin }, chunk);
    const failed = new Set(faults.map(({ line }) => line)).size;
    done.lines = chunk.at(-1)?.number ?? done.lines;
    done.failed += failed;
    done.imported += chunk.length - failed;
    done.errors = [...done.errors, ...faults].slice(0, errorsKept);
    chunk = [];
  };
  for await (const line of lines) {
    if (ctx.signal.aborted) break;
    if (chunk.push(line) === chunkLines) await flush();
  }
  await flush();
  return done;
}

async function importChunk(
  ctx: Context,
  deps: AccountAdminDeps,
  { collection, origin }: { readonly collection: UserCollection; readonly origin: AuditOrigin },
  chunk: readonly Line[],
): Promise<LineFault[]> {
  return ctx.db.transaction(async (tx) => {
    const faults: LineFault[] = [];
    for (const line of chunk) faults.push(...(await importLine({ ...ctx, db: tx }, deps, collection, line)));
    const detail = { lines: chunk.length, failed: new Set(faults.map((fault) => fault.line)).size };
    await audit({ ...ctx, db: tx }, { event: "accounts_imported", collectionId: collection.id, ...origin, detail });
    return faults;
  });
}

async function importLine(
  ctx: Context,
  deps: AccountAdminDeps,
  collection: UserCollection,
  line: Line,
): Promise<LineFault[]> {
  // biome-ignore format: one line
  const parsed = importedSchema.safeParse(jsonOf(line.text));
  if (!parsed.success)
    return parsed.error.issues.map(({ path, code, message }) => ({
      ...{ line: line.number, path: path.map((part) => `/${String(part)}`).join(""), code, message },
    }));
  const { profile, suspendedAt, ...given } = parsed.data;
  const account = accountOf(given, ctx.nowMs);
  try {
    // A savepoint: what a line left behind goes with its refusal.
    await namingHandles(account, () =>
      ctx.db.transaction(async (tx) => {
        const inside = { ...ctx, db: tx };
        const made = await createUser(inside, deps.records, { collection, profile, account, by: "system" });
        // Whoever was locked out there is not let in here.
        if (suspendedAt != null) await changeAccount(tx, made.id, { suspended: { atMs: ctx.nowMs, reason: null } }, ctx.nowMs); // biome-ignore format: one line
        await audit(inside, { event: "account_created", ...subjectOf(made), detail: { imported: true } });
      }),
    );
    return [];
  } catch (error) {
    if (!(error instanceof Problem) || error.status >= 500) throw error;
    return [{ line: line.number, path: error.issues[0]?.path ?? "", code: error.code, message: error.message }];
  }
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

type Given = Omit<z.output<typeof importedSchema>, "profile" | "suspendedAt">;

function accountOf(
  { email, emailVerified, username, passwordHash, roles, claims, locale }: Given,
  nowMs: number,
): AccountChange {
  // biome-ignore format: one line
  return {
    ...{ roles, claims, locale: locale ?? null },
    ...(email != null && { email: emailHandle(email), emailVerifiedAtMs: emailVerified ? nowMs : null }),
    ...(username != null && { username: usernameHandle(username) }),
    ...(passwordHash != null && { passwordHash }),
  };
}

/** A line for each user, oldest last. */
export async function* exportAccounts(db: Db, collectionId: number, withHashes: boolean): AsyncGenerator<string> {
  let cursor: string | undefined;
  do {
    const rows = await listAccounts(db, collectionId, { limit: exportPage, cursor });
    const page = rows.slice(0, exportPage);
    for (const row of page)
      yield `${JSON.stringify({ ...managedView(row), ...(withHashes && { passwordHash: row.passwordHash }) })}\n`;
    cursor = rows.length > exportPage ? page.at(-1)?.recordId : undefined;
  } while (cursor !== undefined);
}
