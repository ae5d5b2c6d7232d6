// The first admin, and the operator's side of all admins: set-up secret, unattended set-up, create and reset from the
// command line. Whoever holds the database or the terminal is trusted; a request needs the secret that the terminal showed.
import { randomBytes, timingSafeEqual } from "node:crypto";
import type { Clock } from "../kernel/clock.ts";
import type { Context } from "../kernel/context.ts";
import type { Db } from "../kernel/db/index.ts";
import { hashSecret, newSecret } from "../kernel/ids.ts";
import { product } from "../kernel/product.ts";
import {
  adminForSignIn,
  deleteSetupSecrets,
  endSessions,
  hasAdmin,
  insertAdmin,
  insertSession,
  lockSetup,
  readSetup,
  rememberAddress,
  type SetupSecret,
  setPassword,
  writeSetupSecrets,
} from "./admin-store.ts";
import { errors } from "./errors.ts";
import { createPasswordHasher, type PasswordHasher } from "./password.ts";
import { accountLimit, type SignedIn } from "./sign-in.ts";
import { addressSubject, clearLimit } from "./throttle.ts";
import { type Admin, emailSchema, newPasswordSchema } from "./types.ts";

const setupSecretMs = 24 * 3_600_000;
const oneTimePasswordMs = 24 * 3_600_000;
/** Processes that may start on one empty database and each have a working link. */
const setupSecretsMax = 16;

/** A new set-up secret to show once, good for 24 h; null when there is an admin. Earlier ones keep their own 24 h. */
export async function ensureSetupSecret(
  db: Db,
  options: { readonly clock: Clock },
): Promise<{ readonly secret: string; readonly expiresAtMs: number } | null> {
  const nowMs = options.clock.now();
  return db.transaction(async (tx) => {
    await lockSetup(tx);
    const { closed, secrets } = await readSetup(tx);
    if (closed) return null;
    const secret = newSecret(product.secretPrefixes.setup);
    const expiresAtMs = nowMs + setupSecretMs;
    const kept = living(secrets, nowMs).slice(1 - setupSecretsMax);
    await writeSetupSecrets(tx, [...kept, { hash: hashSecret(secret), expiresAtMs }]);
    return { secret, expiresAtMs };
  });
}

export interface SetupRequest {
  readonly secret: string;
  readonly email: string;
  readonly password: string;
  readonly ip: string;
  readonly agent: string;
}

/** Makes the first admin and signs it in. The secret is judged before the password is hashed, and again under the lock. */
export async function setUp(
  ctx: Pick<Context, "db" | "nowMs" | "log">,
  passwords: PasswordHasher,
  request: SetupRequest,
): Promise<SignedIn> {
  await assertSetupOpen(ctx.db, request.secret, ctx.nowMs);
  const passwordHash = await passwords.hash(request.password);
  const address = addressSubject(request.ip);
  const done = await ctx.db.transaction(async (tx) => {
    await lockSetup(tx);
    await assertSetupOpen(tx, request.secret, ctx.nowMs);
    const admin = await insertAdmin(tx, { email: request.email, passwordHash }, ctx.nowMs);
    if (admin === undefined) throw errors.setup_closed();
    await deleteSetupSecrets(tx);
    await rememberAddress(tx, admin.id, address, ctx.nowMs);
    const session = await insertSession(tx, admin.id, { address, agent: request.agent, nowMs: ctx.nowMs });
    return { admin, session, mustChangePassword: false };
  });
  ctx.log.info({ event: "set_up", adminId: done.admin.id, address }, "first admin made");
  return done;
}

/** Whether the secret makes the first admin at this moment. */
export async function takesSetupSecret(db: Db, secret: string, { clock }: { readonly clock: Clock }): Promise<boolean> {
  const { closed, secrets } = await readSetup(db);
  return !closed && isAmong(secrets, secret, clock.now());
}

async function assertSetupOpen(db: Db, secret: string, nowMs: number): Promise<void> {
  const { closed, secrets } = await readSetup(db);
  if (closed) throw errors.setup_closed();
  if (!isAmong(secrets, secret, nowMs)) throw errors.setup_secret_invalid();
}

function isAmong(secrets: readonly SetupSecret[], secret: string, nowMs: number): boolean {
  const given = Buffer.from(hashSecret(secret), "hex");
  return living(secrets, nowMs).some(({ hash }) => timingSafeEqual(Buffer.from(hash, "hex"), given));
}

function living(secrets: readonly SetupSecret[], nowMs: number): SetupSecret[] {
  return secrets.filter(({ expiresAtMs }) => expiresAtMs > nowMs);
}

export interface AdminInput {
  readonly email: string;
  readonly password: string;
}

export interface OperatorOptions {
  readonly clock: Clock;
  readonly passwords?: PasswordHasher;
}

/** Unattended set-up from LANDFALL_ADMIN_EMAIL and _PASSWORD: makes the first admin, or null when there is one. Safe in N processes at once. */
export async function ensureFirstAdmin(db: Db, input: AdminInput, options: OperatorOptions): Promise<Admin | null> {
  if (await hasAdmin(db)) return null;
  const admin = await hashedInput(input, options);
  return db.transaction(async (tx) => {
    await lockSetup(tx);
    if (await hasAdmin(tx)) return null;
    await deleteSetupSecrets(tx);
    return (await insertAdmin(tx, admin, options.clock.now())) ?? null;
  });
}

/** A further admin (`landfall admin create`); also closes set-up. */
export async function createAdmin(db: Db, input: AdminInput, options: OperatorOptions): Promise<Admin> {
  const hashed = await hashedInput(input, options);
  return db.transaction(async (tx) => {
    await lockSetup(tx);
    const admin = await insertAdmin(tx, hashed, options.clock.now());
    if (admin === undefined) throw errors.admin_exists();
    await deleteSetupSecrets(tx);
    return admin;
  });
}

/**
 * Replaces the admin's password by a one-time password, good for one sign-in within 24 h, ends all sessions and clears
 * the strangers' budget (`landfall admin reset`). After that sign-in a new password is set without a current one.
 */
export async function resetAdmin(
  db: Db,
  email: string,
  options: OperatorOptions,
): Promise<{ readonly admin: Admin; readonly oneTimePassword: string; readonly expiresAtMs: number }> {
  const passwords = options.passwords ?? createPasswordHasher();
  const nowMs = options.clock.now();
  const address = emailSchema.safeParse(email);
  const admin = address.success ? await adminForSignIn(db, address.data, "", nowMs) : undefined;
  if (admin === undefined) throw errors.admin_not_found();
  const oneTimePassword = readablePassword();
  const passwordHash = await passwords.hash(oneTimePassword);
  const expiresAtMs = nowMs + oneTimePasswordMs;
  await db.transaction(async (tx) => {
    await setPassword(tx, { adminId: admin.id, passwordHash, expiresAtMs, nowMs });
    await endSessions(tx, admin.id, {});
    await clearLimit(tx, accountLimit, admin.email);
  });
  return { admin: { id: admin.id, email: admin.email, role: admin.role }, oneTimePassword, expiresAtMs };
}

async function hashedInput(input: AdminInput, options: OperatorOptions) {
  const email = emailSchema.safeParse(input.email);
  const password = newPasswordSchema.safeParse(input.password);
  if (!email.success || !password.success) throw errors.admin_input_invalid();
  const passwords = options.passwords ?? createPasswordHasher();
  return { email: email.data, passwordHash: await passwords.hash(password.data) };
}

/** 99 random bits as five groups of four, without letters that are mistaken for others: read from a terminal, typed elsewhere. */
function readablePassword(): string {
  const alphabet = "abcdefghjkmnpqrstuvwxyz23456789";
  const letters: string[] = [];
  while (letters.length < 20) {
    // 248 is the largest multiple of 31 in a byte; what lies above would favour the first letters.
    for (const byte of randomBytes(32)) if (byte < 248 && letters.length < 20) letters.push(alphabet[byte % 31] ?? "");
  }
  return (letters.join("").match(/.{4}/g) ?? []).join("-");
}
