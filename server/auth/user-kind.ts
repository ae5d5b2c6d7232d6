// Users' access tokens as a kind of credential: the signature says that we made it, the session that it still counts.
import type { Actor } from "../kernel/actor.ts";
import type { Db } from "../kernel/db/index.ts";
import { type AccessTokens, looksLikeAccessToken } from "./access-token.ts";
import type { AuthSettings } from "./auth-settings.ts";
import type { CredentialKind } from "./credential.ts";
import { findUserSession, type LiveSession, sawUserSession } from "./user-session-store.ts";

const dayMs = 86_400_000;
const seenEveryMs = 60_000;

export interface UserSessionOf {
  readonly accountId: string;
  readonly sessionId: string;
  readonly deviceId: string | null;
  readonly collectionId: number;
  readonly recordId: string;
  readonly authenticatedAtMs: number;
  readonly amr: readonly string[];
  readonly impersonatedBy: string | null;
}

export interface UserKindDeps {
  readonly db: Db;
  readonly accessTokens: AccessTokens;
  readonly settingsOf: (db: Db, collectionId: number) => Promise<AuthSettings>;
  readonly collectionName: (collectionId: number) => string | undefined;
  /** Where a route finds the session behind an actor. */
  readonly sessions: WeakMap<Actor, UserSessionOf>;
}

export function userKind({ db, accessTokens, settingsOf, collectionName, sessions }: UserKindDeps): CredentialKind {
  return {
    matches: looksLikeAccessToken,
    async find(token, nowMs) {
      const claims = await accessTokens.verify(token);
      // One that is bound to a key counts only with a proof of that key (RFC 9449 §7.1), never as a bearer token.
      if (claims === undefined || claims.keyThumbprint !== undefined) return undefined;
      const session = await findUserSession(db, claims.sessionId, nowMs);
      if (session === undefined || session.account.recordId !== claims.subject) return undefined;
      const settings = await settingsOf(db, session.account.collectionId);
      const idleUntilMs = session.lastSeenAt.getTime() + settings.session.idleDays * dayMs;
      if (idleUntilMs <= nowMs) return undefined;
      if (nowMs - session.lastSeenAt.getTime() >= seenEveryMs)
        await sawUserSession(db, session.id, nowMs).catch(() => {});
      return {
        subjects: [`userSession:${session.id}`, `account:${session.accountId}`],
        stamp: JSON.stringify([session.id, session.account, session.teams, session.authenticatedAt, session.amr]),
        expiresAtMs: Math.min(claims.expiresAtMs, session.expiresAt.getTime()),
        makeActor: () => {
          const actor = userActor(session, collectionName(session.account.collectionId) ?? "");
          sessions.set(actor, handleOf(session));
          return actor;
        },
      };
    },
  };
}

/** The claims that every user has, whatever an admin set by the same names. */
export function userActor({ account, teams, deviceId, impersonatedBy }: LiveSession, collection: string): Actor {
  return {
    kind: "user",
    label: impersonatedBy === null ? `user:${account.recordId}` : `user:${account.recordId} by ${impersonatedBy}`,
    passesRules: false,
    seesHidden: false,
    auth: {
      id: account.recordId,
      signedIn: true,
      roles: account.roles,
      teams,
      claims: { ...account.claims, anonymous: account.anonymous, collection },
      ...(deviceId !== null && { device: deviceId }),
    },
  };
}

function handleOf(session: LiveSession): UserSessionOf {
  return {
    accountId: session.accountId,
    sessionId: session.id,
    deviceId: session.deviceId,
    collectionId: session.account.collectionId,
    recordId: session.account.recordId,
    authenticatedAtMs: session.authenticatedAt.getTime(),
    amr: session.amr,
    impersonatedBy: session.impersonatedBy,
  };
}
