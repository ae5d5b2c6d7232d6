// Users' access tokens as a kind of credential: the signature says that we made it, the session that it still counts.
import type { Actor } from "../kernel/actor.ts";
import type { Db } from "../kernel/db/index.ts";
import { type AccessTokens, looksLikeAccessToken } from "./access-token.ts";
import type { AuthSettings } from "./auth-settings.ts";
import type { CredentialKind } from "./credential.ts";
import { scopeOfToken } from "./token-scope.ts";
import { ownClient } from "./user-session.ts";
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
  readonly clients: WeakMap<Actor, ClientSessionOf>;
}

/** What a client of the provider was let in to by a user. */
export interface ClientSessionOf {
  readonly sessionId: string;
  readonly clientId: string;
  readonly scopes: readonly string[];
}

export function userKind({
  db,
  accessTokens,
  settingsOf,
  collectionName,
  sessions,
  clients,
}: UserKindDeps): CredentialKind {
  return {
    matches: looksLikeAccessToken,
    async find(token, nowMs) {
      const claims = await accessTokens.verify(token);
      if (claims === undefined) return undefined;
      const session = await liveSession({ db, settingsOf }, claims.sessionId, nowMs);
      if (session === undefined || session.account.recordId !== claims.subject) return undefined;
      // A client of the provider has its own session, and its token names both: neither passes for the app's own.
      if ((session.clientId ?? ownClient) !== claims.clientId) return undefined;
      return {
        subjects: [`userSession:${session.id}`, `account:${session.accountId}`],
        stamp: JSON.stringify([session.id, session.account, session.teams, session.authenticatedAt, session.amr, claims.scope]), // biome-ignore format: one line
        keyThumbprint: claims.keyThumbprint,
        expiresAtMs: Math.min(claims.expiresAtMs, session.expiresAt.getTime()),
        makeActor: () => {
          const actor = userActor(session, collectionName(session.account.collectionId) ?? "");
          if (session.clientId === null) {
            sessions.set(actor, handleOf(session));
            return actor;
          }
          // Only the app's own sign-in reaches what is about the account: a client has no handle to it.
          const narrowed = { ...actor, scope: scopeOfToken(claims.scope) };
          const scopes = claims.scope?.split(" ") ?? [];
          clients.set(narrowed, { sessionId: session.id, clientId: session.clientId, scopes });
          return narrowed;
        },
      };
    },
  };
}

/** The session, when it is within both of its limits; notes at most once a minute that it was seen. */
export async function liveSession(
  { db, settingsOf }: Pick<UserKindDeps, "db" | "settingsOf">,
  id: string,
  nowMs: number,
): Promise<LiveSession | undefined> {
  const session = await findUserSession(db, id, nowMs);
  if (session === undefined) return undefined;
  const settings = await settingsOf(db, session.account.collectionId);
  const unseenMs = nowMs - session.lastSeenAt.getTime();
  if (unseenMs >= settings.session.idleDays * dayMs) return undefined;
  if (unseenMs >= seenEveryMs) await sawUserSession(db, session.id, nowMs).catch(() => {});
  return session;
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
