// Opens, renews and ends the sessions of users. Every way to sign in ends here, so that what holds for one holds for all: the
// account's row is locked, a suspended account gets nothing, the device is told, the event is recorded in the same transaction.
import type { Context } from "../kernel/context.ts";
import type { Db } from "../kernel/db/index.ts";
import type { AccessTokens } from "./access-token.ts";
import { type AccountRow, accountById, changeAccount, lockAccount } from "./account-store.ts";
import { type AuditOrigin, audit } from "./audit.ts";
import type { AuthSettings } from "./auth-settings.ts";
import { type DeviceInput, keepDevice, type Origin } from "./device-store.ts";
import { errors } from "./errors.ts";
import type { RefreshTokens } from "./refresh-token.ts";
import {
  endUserSessions,
  insertUserSession,
  rotateSession,
  type UserSessionRow,
  userSessionById,
} from "./user-session-store.ts";

/** How long the token before the newest one is still answered, with the newest: two tabs at once, an answer that was lost. */
export const refreshGraceMs = 20_000;
const dayMs = 86_400_000;

/** The client of tokens that this server's own sign-in gave out. */
export const ownClient = "landfall";

export interface SessionTokens {
  readonly accessToken: string;
  readonly accessTokenExpiresAtMs: number;
  readonly refreshToken: string;
  readonly session: UserSessionRow;
  readonly account: AccountRow;
}

export interface RecordedSession {
  readonly session: UserSessionRow;
  readonly account: AccountRow;
  /** The account was never seen on this device. */
  readonly deviceIsNew: boolean;
}

export interface OpenedUserSession extends SessionTokens, RecordedSession {}

export interface SessionRequest extends Origin {
  readonly accountId: string;
  /** RFC 8176 values. */
  readonly amr: readonly string[];
  readonly device?: DeviceInput | undefined;
  readonly keyThumbprint?: string | undefined;
  readonly impersonatedBy?: string | undefined;
  readonly clientId?: string | undefined;
}

export interface RefreshRequest extends Origin {
  readonly refreshToken: string;
  /** Of the key that this request proved to have (RFC 9449). */
  readonly keyThumbprint?: string | undefined;
}

export interface UserSessions {
  /** The session without tokens: the provider makes its own. In the caller's transaction; rejects as `open` does. */
  record(ctx: Context, request: SessionRequest, settings: AuthSettings): Promise<RecordedSession>;
  /** In the caller's transaction, which holds what was proved. Rejects with `account_suspended` (403). */
  open(ctx: Context, request: SessionRequest, settings: AuthSettings): Promise<OpenedUserSession>;
  /** Rejects with `refresh_token_invalid` (401); a token that was replaced ends its whole family first. */
  refresh(ctx: Context, request: RefreshRequest): Promise<SessionTokens>;
  /** Tokens of a session as it stands, for a caller that keeps the refresh token it has. */
  accessTokenOf(
    session: UserSessionRow,
    account: AccountRow,
    settings: AuthSettings,
  ): Promise<{ token: string; expiresAtMs: number }>;
}

export interface UserSessionDeps {
  readonly accessTokens: AccessTokens;
  readonly refreshTokens: RefreshTokens;
  readonly settingsOf: (db: Db, collectionId: number) => Promise<AuthSettings>;
  readonly collectionName: (collectionId: number) => string | undefined;
  readonly forget: (...subjects: string[]) => void;
}

export function createUserSessions(deps: UserSessionDeps): UserSessions {
  const { accessTokens, refreshTokens, settingsOf, collectionName, forget } = deps;

  const accessTokenOf: UserSessions["accessTokenOf"] = (session, account, settings) =>
    accessTokens.issue(
      {
        subject: account.recordId,
        sessionId: session.id,
        roles: account.roles,
        collection: collectionName(account.collectionId) ?? "",
        clientId: session.clientId ?? ownClient,
      },
      settings.session.accessMinutes * 60_000,
    );

  async function tokensOf(
    session: UserSessionRow,
    account: AccountRow,
    settings: AuthSettings,
  ): Promise<SessionTokens> {
    const access = await accessTokenOf(session, account, settings);
    const refreshToken = await refreshTokens.make({ sessionId: session.id, rotation: session.rotation });
    return { accessToken: access.token, accessTokenExpiresAtMs: access.expiresAtMs, refreshToken, session, account };
  }

  return {
    accessTokenOf,
    record,

    async open(ctx, request, settings) {
      const { session, account, deviceIsNew } = await record(ctx, request, settings);
      return { ...(await tokensOf(session, account, settings)), deviceIsNew };
    },

    async refresh(ctx, request) {
      const asked = await refreshTokens.read(request.refreshToken);
      const before = asked && (await userSessionById(ctx.db, asked.sessionId));
      const account = before && (await accountById(ctx.db, before.accountId));
      if (asked === undefined || before === undefined || account === undefined) throw errors.refresh_token_invalid();
      // Sessions of the provider's clients are renewed at the provider, with tokens of its own.
      if (before.clientId !== null) throw errors.refresh_token_invalid();
      if (before.keyThumbprint !== null && before.keyThumbprint !== request.keyThumbprint)
        throw errors.device_key_required();
      if (account.suspendedAt !== null) throw errors.account_suspended();
      const settings = await settingsOf(ctx.db, account.collectionId);
      const idleMs = settings.session.idleDays * dayMs;
      const { address, agent } = request;
      const next = await rotateSession(
        ctx.db,
        { id: before.id, rotation: asked.rotation, idleMs, address, agent },
        ctx.nowMs,
      );
      if (next !== undefined) return tokensOf(next, account, settings);

      const now = await userSessionById(ctx.db, before.id);
      if (now === undefined || !isAlive(now, ctx.nowMs, idleMs)) throw errors.refresh_token_invalid();
      // A clock that stepped back must not make the grace as long as its step.
      const replacedMs = Math.abs(ctx.nowMs - now.rotatedAt.getTime());
      if (now.rotation === asked.rotation + 1 && replacedMs < refreshGraceMs) return tokensOf(now, account, settings);
      await endFamily(ctx, account, now, { address, agent });
      throw errors.refresh_token_invalid();
    },
  };

  function record(ctx: Context, request: SessionRequest, settings: AuthSettings): Promise<RecordedSession> {
    const { accountId, address, agent } = request;
    return ctx.db.transaction(async (tx) => {
      const account = await lockAccount(tx, accountId);
      if (account === undefined) throw errors.sign_in_failed();
      if (account.suspendedAt !== null) throw errors.account_suspended();
      const device = await keepDevice(tx, accountId, request.device ?? {}, request, ctx.nowMs);
      const session = await insertUserSession(tx, {
        ...{ accountId, address, agent, deviceId: device.id, amr: request.amr, nowMs: ctx.nowMs },
        ...{
          keyThumbprint: request.keyThumbprint,
          impersonatedBy: request.impersonatedBy,
          clientId: request.clientId,
        },
        lifeMs: settings.session.absoluteDays * dayMs,
      });
      // An admin who looks at an app as its user is no sign-in of theirs.
      if (request.impersonatedBy === undefined)
        await changeAccount(tx, accountId, { lastSignInAtMs: ctx.nowMs }, ctx.nowMs);
      const event = request.impersonatedBy === undefined ? "signed_in" : "impersonated";
      const by = request.impersonatedBy && { by: request.impersonatedBy };
      const detail = { amr: request.amr, newDevice: device.isNew, ...by, ...(request.clientId && { client: request.clientId }) }; // biome-ignore format: one line
      await audit({ ...ctx, db: tx }, { event, ...subjectOf(account, session.id), address, agent, detail });
      return { account, session, deviceIsNew: device.isNew };
    });
  }

  /** Somebody holds a token that its owner has replaced: one of the two is a thief, and neither goes on. */
  async function endFamily(
    ctx: Context,
    account: AccountRow,
    session: UserSessionRow,
    from: AuditOrigin,
  ): Promise<void> {
    const ended = await ctx.db.transaction(async (tx) => {
      const [id] = await endUserSessions(tx, account.id, { only: session.id });
      // Of many that ask at once one ends it, and one event tells of it.
      if (id === undefined) return false;
      await audit({ ...ctx, db: tx }, { event: "refresh_reused", ...subjectOf(account, session.id), ...from });
      return true;
    });
    forget(`userSession:${session.id}`);
    if (!ended) return;
    ctx.log.warn(
      { event: "refresh_reused", accountId: account.id, sessionId: session.id },
      "a replaced refresh token was used",
    );
  }
}

const isAlive = (session: UserSessionRow, nowMs: number, idleMs: number) =>
  session.expiresAt.getTime() > nowMs && session.lastSeenAt.getTime() > nowMs - idleMs;

export const subjectOf = (account: AccountRow, sessionId?: string) => ({
  accountId: account.id,
  collectionId: account.collectionId,
  recordId: account.recordId,
  ...(sessionId !== undefined && { sessionId }),
});
