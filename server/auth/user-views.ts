// What answers show of accounts, sessions and devices: the columns that are theirs to see, under the names of the contract.
import type { Context } from "../kernel/context.ts";
import { Problem } from "../kernel/errors/index.ts";
import type { AccountRow } from "./account-store.ts";
import type { DeviceRow } from "./device-store.ts";
import type { SessionTokens } from "./user-session.ts";
import type { UserSessionRow } from "./user-session-store.ts";

/** What this room needs of the collections: records, under the rules of whoever the context names. */
export interface UserRecords {
  read(ctx: Context, collection: string, id: string): Promise<{ readonly text: string }>;
  create(ctx: Context, collection: string, body: unknown): Promise<{ readonly id: string }>;
  remove(ctx: Context, collection: string, id: string): Promise<void>;
}

export function accountView(account: AccountRow) {
  return {
    email: account.email,
    emailVerified: account.emailVerifiedAt !== null,
    username: account.username,
    phone: account.phone,
    anonymous: account.anonymous,
    hasPassword: account.passwordHash !== null,
    roles: [...account.roles],
    createdAt: account.createdAt.toISOString(),
    lastSignInAt: account.lastSignInAt?.toISOString() ?? null,
  };
}

export function tokensView({ accessToken, accessTokenExpiresAtMs, refreshToken, session }: SessionTokens) {
  return {
    accessToken,
    accessTokenExpiresAt: new Date(accessTokenExpiresAtMs).toISOString(),
    refreshToken,
    session: { id: session.id, deviceId: session.deviceId, expiresAt: session.expiresAt.toISOString() },
  };
}

export function userSessionView(session: UserSessionRow, currentId: string | undefined) {
  return {
    id: session.id,
    current: session.id === currentId,
    deviceId: session.deviceId,
    amr: [...session.amr],
    impersonated: session.impersonatedBy !== null,
    address: session.address,
    agent: session.agent,
    createdAt: session.createdAt.toISOString(),
    lastSeenAt: session.lastSeenAt.toISOString(),
    expiresAt: session.expiresAt.toISOString(),
  };
}

export function deviceView(device: DeviceRow, currentId: string | null, sessions: number) {
  return {
    id: device.id,
    current: device.id === currentId,
    name: device.name,
    platform: device.platform,
    appVersion: device.appVersion,
    place: device.place,
    address: device.address,
    agent: device.agent,
    firstSeenAt: device.firstSeenAt.toISOString(),
    lastSeenAt: device.lastSeenAt.toISOString(),
    sessions,
  };
}

/** The user's own record, by the rules that hold for them; only its id where no rule lets them see it. */
export async function userView(ctx: Context, records: UserRecords, collection: string, id: string): Promise<object> {
  try {
    return JSON.parse((await records.read(ctx, collection, id)).text) as object;
  } catch (error) {
    if (error instanceof Problem && error.status < 500) return { id };
    throw error;
  }
}
